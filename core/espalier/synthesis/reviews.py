"""What a person decided about samples: one line a decision in ``reviews.jsonl``, the last one about a sample holds."""

import getpass
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from espalier.files import append_lines, read_lines
from espalier.project import Project
from espalier.synthesis.sample import Sample

FILE = "reviews.jsonl"
DECISIONS = ("keep", "drop", "edit", "none")
SUGGESTION = "suggest"  # words that the teacher proposes; the sample stands as before until the person takes them


@dataclass(frozen=True)
class Review:
    """One decision about a sample, or one suggestion for it.

    Attributes:
        key: `Sample.key` of the sample as it was drawn.
        decision: keep, drop, edit, suggest, or none, which takes back what was decided before.
        leaf: path of the leaf, for a person who reads the file; so are the next two.
        asked: the sample's own question.
        answered: the sample's own answer.
        question: the new question of an edit or suggestion, "" otherwise.
        answer: the new answer, likewise.
        who: name of the person, or of the teacher that suggests.
        when: local time with its offset, ISO 8601.
    """

    key: str
    decision: str
    leaf: str = ""
    asked: str = ""
    answered: str = ""
    question: str = ""
    answer: str = ""
    who: str = ""
    when: str = ""


def review(sample: Sample, decision: str, question: str = "", answer: str = "", who: str = "") -> Review:
    """Return a decision about a sample, made now by the person at this machine unless ``who`` says otherwise."""
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    who = who or _person()
    return Review(sample.key, decision, sample.leaf, sample.question, sample.answer, question, answer, who, when)


class Reviews:
    """Every decision and every open suggestion of a project, as they are on disk.

    Attributes:
        decided: by sample key; only decisions that still hold.
        suggested: by sample key; only suggestions that no decision has followed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.decided: dict[str, Review] = {}
        self.suggested: dict[str, Review] = {}
        self._questions: set[str] = set()
        for line in read_lines(path):
            if (read := _read(line)) is not None:
                self._take(read)

    def add(self, reviews: Sequence[Review]) -> None:
        """Write decisions down and let them hold.

        Raises:
            OSError: the file cannot be written; nothing is decided then.
        """
        append_lines(self._path, [{name: value for name, value in asdict(each).items() if value} for each in reviews])
        for each in reviews:
            self._take(each)

    def about(self, sample: Sample) -> Review | None:
        """Return the decision that holds for a sample, None when the person has decided nothing."""
        return self.decided.get(sample.key) if sample.question in self._questions else None

    def suggestion(self, sample: Sample) -> Review | None:
        """Return the words that wait for the person's yes or no, None when there are none."""
        return self.suggested.get(sample.key) if sample.question in self._questions else None

    def knows(self, question: str) -> bool:
        """Return whether a sample with this question may have a review; quick, as most have none."""
        return question in self._questions

    def _take(self, each: Review) -> None:
        self._questions.add(each.asked)
        if each.decision == SUGGESTION:
            self.suggested[each.key] = each
            return
        self.suggested.pop(each.key, None)
        self.decided.pop(each.key, None)
        if each.decision != "none":
            self.decided[each.key] = each


def read_reviews(project: Project) -> Reviews:
    """Return the reviews of a project."""
    return Reviews(project.root / FILE)


def taken_back(reviews: Reviews, samples: Iterable[Sample]) -> list[Review]:
    """Return what must be written down so that everything is again as it is now, whatever is decided meanwhile."""
    found = []
    for sample in samples:
        held, offered = reviews.about(sample), reviews.suggestion(sample)
        found.append(held or review(sample, "none"))
        found += [offered] if offered else []
    return found


_NAMES = frozenset(field.name for field in fields(Review))


def _read(line: Any) -> Review | None:
    """Return a line's decision; None for a line that this version does not understand."""
    if not isinstance(line, dict) or line.get("decision") not in (*DECISIONS, SUGGESTION):
        return None
    texts = {name: value for name, value in line.items() if name in _NAMES and isinstance(value, str)}
    return Review(**texts) if texts.get("key") else None


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
