"""The licences of models: which one a model folder is under, and what whoever publishes from it must do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from espalier.resources import resource

_LONGEST = 200_000  # characters of a file that are looked at
_HEAD = 3_000  # characters of a licence in which it says its name
_FRONT = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINK = re.compile(r"https://[^\s()<>\"'`\[\]|\\]+")
_LICENSE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_NOTICE_FILES = ("NOTICE", "NOTICE.txt", "Notice")


@dataclass(frozen=True)
class License:
    """What a model is under; `UNKNOWN` where nothing says it.

    Attributes:
        id: the Hub's identifier; "other" with a name of its own; "" where it is unknown.
        name: in words.
        link: to its text.
        begins: how the name of what is made from the model, or taught by it, must begin, "" where it is free.
        says: what must be shown, such as “Built with Llama”.
        notice: what a file NOTICE must say.
        bars_outputs: what the model writes may teach no model of another family.
        is_free: nothing is asked but to pass the licence and its notices on.
        is_commercial: whether the model may be used for money.
        files: licence and notice in the model's folder, to be passed on.
    """

    id: str = ""
    name: str = ""
    link: str = ""
    begins: str = ""
    says: str = ""
    notice: str = ""
    bars_outputs: bool = False
    is_free: bool = False
    is_commercial: bool = True
    files: tuple[Path, ...] = ()

    @property
    def is_known(self) -> bool:
        """Return whether it is known what the model is under."""
        return bool(self.id)

    @property
    def is_named_apart(self) -> bool:
        """Return whether the Hub has no identifier of its own for it and wants its name and link."""
        return self.id == "other"

    def allows_name(self, name: str) -> bool:
        """Return whether what is made from the model may be called so; an owner before a slash does not count."""
        return name.rpartition("/")[2].replace("-", " ").casefold().startswith(self.begins.casefold())


UNKNOWN = License()
_HUB = ("qwen", "qwen-research", "mrl", "mnpl", "nvidia-open-model-license")  # for which the Hub says “other”


def license_of(folder: Path) -> License:
    """Return what a model folder is under: by the head of its README, else by the text of its licence file."""
    files = tuple(folder / name for name in (*_LICENSE_FILES, *_NOTICE_FILES) if (folder / name).is_file())
    front = read_front(folder / "README.md")
    stated = _stated(front)
    found = stated if stated.is_known else _by_text(files)
    return License(**{**found.__dict__, "files": files})


def named_license(name: str, link: str = "") -> License:
    """Return the licence of this identifier, as the Hub writes them; one that is not listed keeps its own name."""
    key = name.strip().casefold()
    if not key or key in ("unknown", "other", "none"):
        return UNKNOWN
    values = _table().get(key)
    if values is None:
        return License("other", name.strip(), link)
    known = {field: value for field, value in values.items() if field != "words"}
    return License(**{"id": "other" if key in _HUB else key, **known, **({"link": link} if link else {})})


def read_front(readme: Path) -> Mapping[str, Any]:
    """Return the values at the head of a model's or data set's README; {} where there are none that can be read."""
    try:
        with readme.open(encoding="utf-8", errors="replace") as file:
            found = _FRONT.match(file.read(_LONGEST))
        values = yaml.safe_load(found[1]) if found else {}
    except (OSError, yaml.YAMLError, RecursionError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _stated(front: Mapping[str, Any]) -> License:
    name, link = front.get("license"), str(front.get("license_link") or "")
    if isinstance(name, list):
        name = name[0] if len(name) == 1 else ""
    link = link if _LINK.fullmatch(link) else ""  # some name a file of their own repository
    if str(name).casefold() == "other":
        name = front.get("license_name") or ""
    return named_license(str(name or ""), link)


def _by_text(files: tuple[Path, ...]) -> License:
    for file in files:
        if file.name in _LICENSE_FILES:
            try:
                head = " ".join(file.read_text(encoding="utf-8", errors="replace")[:_HEAD].casefold().split())
            except OSError:
                continue
            for name, values in _table().items():
                if values.get("words") and all(words in head for words in values["words"]):
                    return named_license(name)
    return UNKNOWN


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(resource("model_licenses.yaml").read_text(encoding="utf-8"))
    return found
