"""Held-out questions and whether an answer to one is right."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from espalier.errors import EspalierError


@dataclass(frozen=True)
class Question:
    """One held-out question.

    Attributes:
        reference: a right answer.
        accept: texts of which one occurs in every right answer, whatever the case of its letters; () where a judge
            holds answers against the reference.
        leaf: path of the leaf that it asks about, "" when that is not said.
        follow_up: what is asked next, in the same conversation; "" for nothing.
        rubric: what a judge grades answers by, from 1 to 5; "" for the usual rubric.
    """

    question: str
    reference: str
    accept: tuple[str, ...] = ()
    leaf: str = ""
    follow_up: str = ""
    rubric: str = ""

    def is_right(self, answer: str) -> bool:
        """Return whether an answer holds one of the accepted texts."""
        text = " ".join(answer.casefold().split())
        return any(" ".join(accepted.casefold().split()) in text for accepted in self.accept)


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file with one JSON object a line.

    Raises:
        EspalierError: the file is missing, or a line is no question.
    """
    if not path.is_file():
        raise EspalierError(f"There is no question file {path}. Write one with a JSON object per line.")
    questions = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EspalierError(f"{path} cannot be read as UTF-8 text.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            questions.append(_question(path, number, line))
    if not questions:
        raise EspalierError(f"{path} holds no question. Write one JSON object per line.")
    return questions


def _question(path: Path, number: int, line: str) -> Question:
    try:
        fields = json.loads(line)
        names = ("reference", "leaf", "follow_up", "rubric")
        accept = fields.get("accept", [])
        question = Question(fields["question"], accept=tuple(accept), **{name: fields.get(name, "") for name in names})
        texts = (question.question, *(getattr(question, name) for name in names), *question.accept)
        if not isinstance(accept, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError
        if not question.question.strip() or not any(map(str.strip, (question.reference, *question.accept))):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EspalierError(
            f'{path}, line {number} is no question: it needs "question" and "reference", or "accept", a list of texts.'
        ) from error
    return replace(question, accept=tuple(text for text in question.accept if text.strip()))
