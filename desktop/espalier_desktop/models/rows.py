"""What the lists of models show of each: a name, facts in a line, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.formats import number, size

HERE, GET, IMPORT, BROKEN = "here", "get", "import", "broken"


@dataclass(frozen=True)
class Row:
    """One model in a list.

    Attributes:
        name: what a project calls it.
        title: what people call it.
        facts: in one line.
        state: HERE can be used, GET is on the Hub, IMPORT is a GGUF file, BROKEN can be neither.
        sentence: what to expect of it, or why it cannot be used.
        fit: verdict and sentence by role, as the engine tells them; {} where nothing is known.
        bytes: of its files, 0 where that is not known.
        place: its folder or file, "" on the Hub.
        can_remove: whether it was fetched or imported here.
    """

    name: str
    title: str
    facts: str
    state: str
    sentence: str = ""
    fit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bytes: int = 0
    place: str = ""
    can_remove: bool = False

    @property
    def is_of_the_hub(self) -> bool:
        """Return whether it has a page there."""
        return self.name.count("/") == 1 and not self.name.startswith("/")


def sources() -> dict[str, str]:
    """Return whose folder a model is in, in words, by the engine's name of it."""
    return {
        "espalier": tr("Espalier’s folder"),
        "hub": tr("Hugging Face cache"),
        "lmstudio": "LM Studio",
        "ollama": "Ollama",
    }


def verdict_words(verdict: str) -> str:
    """Return a verdict in a word or two."""
    return {"fits": tr("Fits"), "tight": tr("Tight"), "too large": tr("Too large")}.get(verdict, "")


def rows_here(survey: Mapping[str, Any]) -> list[Row]:
    """Return the models on this machine, from the engine's survey."""
    return [_here(model) for model in survey.get("models", ())]


def rows_suggested(survey: Mapping[str, Any], role: str = "") -> list[Row]:
    """Return the suggested models, all or those for a role, that are not on this machine yet."""
    found = survey.get("catalogue", ())
    return [_suggested(entry) for entry in found if not entry["is_here"] and (not role or role in entry["roles"])]


def rows_of_hub(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return what a search on the Hub has found."""
    return [_hit(hit) for hit in found]


def _here(model: Mapping[str, Any]) -> Row:
    state = HERE if model["usable"] else IMPORT if model["importable"] else BROKEN
    facts = [sources()[model["source"]], model["what"], size(model["bytes"])]
    name = model["name"]
    title = model.get("title") or (name.rstrip("/").rpartition("/")[2] if model["source"] == "lmstudio" else name)
    sentence = said(model["problem"]) if model["problem"] else ""
    if state == IMPORT:
        sentence = tr("A GGUF file. Import it, and it can be a student, teacher or critic.")
    fit = model["fit"] if state == HERE else {}
    return Row(name, title, _line(facts), state, sentence, fit, model["bytes"], model["place"], model["can_remove"])


def _suggested(entry: Mapping[str, Any]) -> Row:
    billions = tr("{count} B").format(count=number(entry["parameters"], 0 if entry["parameters"] >= 10 else 1))
    facts = [billions, size(entry["bytes"]), entry["licence"]]
    return Row(entry["name"], entry["title"], _line(facts), GET, said(entry["sentence"]), entry["fit"], entry["bytes"])


def _hit(hit: Mapping[str, Any]) -> Row:
    facts = [
        size(hit["bytes"]) if hit["bytes"] else "",
        hit["licence"],
        tr("terms to accept") if hit["gated"] else "",
        tr("{count} downloads").format(count=number(hit["downloads"])),
        tr("on this machine") if hit["is_here"] else "",
    ]
    name = hit["id"]
    return Row(name, name, _line(facts), HERE if hit["is_here"] else GET, "", hit["fit"], hit["bytes"])


def _line(facts: Sequence[str]) -> str:
    return " · ".join(fact for fact in facts if fact)
