"""What states, changes and pipelines are called on the page."""

from collections.abc import Sequence

from espalier.status import LeafStatus
from espalier.synthesis.pipelines.shipped import SHIPPED
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import duration, number

SIGNS = {  # icon and colour of each state of a leaf
    "all": ("check", "good"),
    "part": ("wait", "warning"),
    "stale": ("refresh", "warning"),
    "none": ("minus", "muted"),
    "error": ("error", "error"),
    "running": ("play", "ink"),
}


def leaf_state(leaf: LeafStatus) -> str:
    """Return where a leaf's samples are: one of ``SIGNS``."""
    if leaf.errors and leaf.problems:
        return "error"
    return "stale" if leaf.samples == "none" and leaf.changed else leaf.samples


def state_word(state: str) -> str:
    """Return what a state is called."""
    return {
        "all": tr("Up to date"),
        "part": tr("Not finished"),
        "stale": tr("Out of date"),
        "none": tr("Not written yet"),
        "error": tr("Has errors"),
        "running": tr("Being written"),
    }[state]


def state_sentence(leaf: LeafStatus) -> str:
    """Return why a leaf's samples are as they are, and what generating would do."""
    state = leaf_state(leaf)
    if state == "error":
        return tr("This leaf has errors. Mend them on the Taxonomy page; then samples can be written.")
    if state == "stale":
        return tr("{reason}. The old samples are kept on disk; generating writes new ones.").format(
            reason=changed_words(leaf.changed)
        )
    return {
        "all": tr("The samples fit the leaf as it is now. Generating draws no more, unless you want more of them."),
        "part": tr("The work was cut off. Generating goes on exactly where it was."),
        "none": tr("The teacher has not written for this leaf yet."),
    }[state]


def changed_words(changed: Sequence[str]) -> str:
    """Return what has changed since the samples were written, as the beginning of a sentence."""
    if "pipeline" in changed:
        return tr("Another pipeline was chosen")
    if "teacher" in changed:
        return tr("Another teacher was chosen")
    words = {
        "critic": tr("Another critic was chosen"),
        "leaf": tr("The leaf was edited"),
        "documents": tr("Its documents have changed"),
        "prompts": tr("The pipeline’s prompts have changed"),
    }
    if {"leaf", "documents"} <= set(changed):
        return tr("The leaf was edited and its documents have changed")
    return next((words[name] for name in words if name in changed), tr("Something has changed"))


def pipeline_title(name: str) -> str:
    """Return what a pipeline is called; a person's own by its file."""
    titles = {
        "compact": tr("Compact"),
        "simple": tr("Simple"),
        "full": tr("Full"),
        "summaries": tr("Full with summaries"),
        "mcq": tr("Multiple choice"),
    }
    return titles.get(name) or name.rstrip("/").rpartition("/")[2]


def pipeline_sentence(name: str) -> str:
    """Return what a pipeline does and for whom it is."""
    sentences = {
        "compact": tr("For small teachers: one fact at a time, several questions for each. Not for grounded skills."),
        "simple": tr("A quick draft: questions and answers in one go, with the plain checks only."),
        "full": tr("For teachers of 7 B and more: it writes, judges and rewrites in several steps. Slow and thorough."),
        "summaries": tr("As Full, and it learns from summaries of the documents as well."),
        "mcq": tr("Questions with four choices, from the documents; for knowledge only."),
    }
    return sentences.get(name) or tr("Your own pipeline: {file}").format(file=name)


def pipelines(current: str) -> list[str]:
    """Return the pipelines to choose from, the current one included."""
    return list(dict.fromkeys([*SHIPPED, current]))


def span(low: float, high: float) -> str:
    """Return two counts as one text, such as ``420`` or ``420–840``; from 100 on they are rounded."""
    first, last = (_rounded(value) for value in (low, high))
    return number(first) if first == last else f"{number(first)}–{number(last)}"


def durations(seconds: tuple[float, float]) -> str:
    """Return about how long something takes at the least and at the most, such as ``2–3 min``."""
    low, high = (duration(each) for each in seconds)
    if low == high:
        return low
    first, _, unit = low.rpartition("\N{SPACE}")
    return f"{first}–{high}" if high.endswith(f" {unit}") else f"{low} – {high}"


def _rounded(value: float) -> int:
    step = 1 if value < 100 else 10 if value < 1_000 else 100
    return round(value / step) * step
