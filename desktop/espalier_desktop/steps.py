"""The five steps of a project, how far each has come, and the one thing to do next."""

from dataclasses import dataclass
from enum import Enum

from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import number


class StepState(Enum):
    """How far a step is; STALE means that it was done and what it was made from has changed."""

    DONE = "done"
    NEXT = "next"
    STALE = "stale"
    WAITING = "waiting"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    RUNNING = "running"


@dataclass(frozen=True)
class Step:
    """One step of the strip.

    Attributes:
        page: key of the page that it opens.
        text: what is there, in a few words.
    """

    page: str
    title: str
    state: StepState
    text: str


@dataclass(frozen=True)
class NextVerb:
    """The one thing to do next.

    Attributes:
        command: one of ``VERBS``: the key of a command, ``choose_models``, or "" while that is not known.
        text: on the button.
        sentence: why this is next.
    """

    command: str
    text: str
    sentence: str


_STAGES = {"generate": "generate", "train": "train", "quantize": "train", "evaluate": "compare"}


def steps(document: Document, stage: str = "", progress: str = "") -> list[Step]:
    """Return the five steps in order; ``stage`` is what the engine does now, ``progress`` how far it is."""
    found = _steps(document)
    page = _STAGES.get(stage, "")
    running = StepState.RUNNING
    return [
        Step(step.page, step.title, running, progress or tr("Loading…")) if step.page == page else step
        for step in found
    ]


def _steps(document: Document) -> list[Step]:
    if document.status is None:
        unknown = StepState.UNKNOWN
        return [Step(page, title, unknown, tr("Checking…")) for page, title in _titles().items()]
    made = [_taxonomy(document), _samples(document), _review(document), _train(document), _compare(document)]
    return [
        Step(page, title, state, text) for (page, title), (state, text) in zip(_titles().items(), made, strict=True)
    ]


VERBS = (
    "",
    "go_taxonomy",
    "choose_models",
    "generate",
    "go_generate",
    "train",
    "quantize",
    "evaluate",
    "go_compare",
)


def next_verb(document: Document) -> NextVerb:
    """Return what to do next; there is always something."""
    status, leaves = document.status, document.leaves.values()
    if status is None:
        return NextVerb("", tr("Checking…"), tr("Espalier looks at what has changed."))
    if not leaves:
        return NextVerb("go_taxonomy", tr("Add a Leaf"), tr("A leaf says what the model should learn."))
    if document.errors:
        text = tr("Show %n Error(s)", document.errors)
        return NextVerb("go_taxonomy", text, tr("Samples can be written when the leaves have no errors."))
    if status.missing_models:
        text = tr("{model} is not on this machine.").format(model=status.missing_models[0])
        return NextVerb("choose_models", tr("Choose a Model…"), text)
    stale = [leaf for leaf in leaves if leaf.samples != "all"]
    if stale:
        return NextVerb(
            "generate", tr("Generate Samples"), tr("%n leaf(s) need practice from the teacher.", len(stale))
        )
    if any(not leaf.accepted for leaf in leaves):
        return NextVerb("go_generate", tr("Show Samples"), tr("The critic rejected every sample of a leaf."))
    if not status.is_trained:
        return _train_verb(document)
    if not status.is_quantized:
        return NextVerb("quantize", tr("Quantize"), tr("The student can be made four times smaller."))
    if status.has_questions and not status.scores:
        return NextVerb("evaluate", tr("Evaluate"), tr("The held-out questions show what was learned."))
    return NextVerb("go_compare", tr("Compare Answers"), tr("Everything is up to date. Ask before and after."))


def _titles() -> dict[str, str]:
    return {
        "taxonomy": tr("Taxonomy"),
        "generate": tr("Samples"),
        "review": tr("Review"),
        "train": tr("Train"),
        "compare": tr("Compare"),
    }


def _train_verb(document: Document) -> NextVerb:
    assert document.status
    if document.status.unfinished_run:
        return NextVerb("train", tr("Go On Training"), tr("The last training was cut off. It goes on where it was."))
    if document.status.run:
        return NextVerb("train", tr("Train Again"), tr("The samples or the settings have changed since the last run."))
    return NextVerb("train", tr("Train"), tr("The samples are ready for the student."))


def _taxonomy(document: Document) -> tuple[StepState, str]:
    if document.errors:
        return StepState.BROKEN, tr("%n error(s)", document.errors)
    if not document.leaves:
        return StepState.NEXT, tr("No leaf yet")
    return StepState.DONE, tr("%n leaf(s)", len(document.leaves))


def _samples(document: Document) -> tuple[StepState, str]:
    leaves = document.leaves.values()
    accepted = sum(leaf.accepted for leaf in leaves)
    stale = sum(leaf.samples != "all" for leaf in leaves)
    if not leaves:
        return StepState.WAITING, tr("No leaf yet")
    if document.errors:
        return StepState.WAITING, tr("Mend leaves first")
    if stale == len(leaves) and not accepted:
        return StepState.NEXT, tr("None written yet")
    if stale:
        return StepState.STALE, tr("%n leaf(s) to write", stale)
    return StepState.DONE, tr("{count} accepted").format(count=number(accepted))


def _review(document: Document) -> tuple[StepState, str]:
    leaves = document.leaves.values()
    reviewed = sum(leaf.reviewed for leaf in leaves)
    if reviewed:
        return StepState.DONE, tr("{count} reviewed").format(count=number(reviewed))
    rejected = sum(sum(leaf.rejected.values()) for leaf in leaves)
    if rejected:
        return StepState.WAITING, tr("{count} rejected").format(count=number(rejected))
    return StepState.WAITING, tr("Optional")


def _train(document: Document) -> tuple[StepState, str]:
    assert document.status
    if document.status.is_trained:
        return StepState.DONE, tr("Adapter ready")
    if document.status.unfinished_run:
        return StepState.STALE, tr("Cut off")
    if document.status.run:
        return StepState.STALE, tr("Stale")
    is_ready = bool(document.leaves) and all(leaf.samples == "all" for leaf in document.leaves.values())
    return (StepState.NEXT, tr("Ready to start")) if is_ready else (StepState.WAITING, tr("No samples yet"))


def _compare(document: Document) -> tuple[StepState, str]:
    assert document.status
    totals = document.status.scores.values()
    if totals and all("tuned" in total for total in totals):
        right, questions = (sum(total[name] for total in totals) for name in ("tuned", "questions"))
        text = tr("{right} of {all} right").format(right=number(right), all=number(questions))
        return (StepState.DONE if document.status.is_trained else StepState.STALE), text
    if document.status.run:
        return StepState.NEXT, tr("Ready to ask")
    return StepState.WAITING, tr("No adapter yet")
