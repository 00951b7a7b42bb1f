"""Questions that the student was trained on: to ask them again measures memory, so they are refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from espalier.errors import EspalierError
from espalier.evaluation.questions import Question
from espalier.synthesis.checks import NEAR
from espalier.synthesis.words import plain
from espalier.training.mixture import Row


@dataclass(frozen=True)
class Seen:
    """A question that is a training row, or nearly one.

    Attributes:
        question: as it would be asked.
        row: the training row's question.
        leaf: of that row, "" where it belongs to none.
    """

    question: str
    row: str
    leaf: str

    @property
    def sentence(self) -> str:
        """Return why the question is refused."""
        return (
            f"“{_shown(self.question)}” is refused: the student was trained on “{_shown(self.row)}”. Ask it in other "
            "words, or about something else."
        )


def sort_out(questions: Sequence[Question], rows: Iterable[Row]) -> tuple[list[Question], list[Seen]]:
    """Return the questions that the student has not seen, and those that it has.

    Args:
        questions: to be asked.
        rows: everything that the student was trained on.
    """
    trained: dict[str, tuple[str, str]] = {}
    for row in rows:
        for text in (row.question, *(turn for role, turn in row.turns if role == "user")):
            trained.setdefault(plain(text), (text, row.leaf))
    trained.pop("", None)
    unseen, seen = [], []
    for question in questions:
        found = process.extractOne(
            plain(question.question), trained.keys(), scorer=fuzz.ratio, processor=None, score_cutoff=NEAR
        )
        if found:
            seen.append(Seen(question.question, *trained[found[0]]))
        else:
            unseen.append(question)
    return unseen, seen


def require_unseen(unseen: Sequence[Question], seen: Sequence[Seen]) -> None:
    """Refuse an evaluation of which no question is left.

    Raises:
        EspalierError: the student was trained on all of them.
    """
    if seen and not unseen:
        raise EspalierError(seen[0].sentence)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
