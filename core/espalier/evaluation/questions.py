"""Held-out questions and whether an answer to one is right."""

import json
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError


@dataclass(frozen=True)
class Question:
    """One held-out question.

    Attributes:
        reference: a right answer.
        accept: texts of which one occurs in every right answer, whatever the case of its letters.
        leaf: path of the leaf that it asks about, "" when that is not said.
    """

    question: str
    reference: str
    accept: tuple[str, ...]
    leaf: str = ""

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
        question = Question(
            fields["question"], fields.get("reference", ""), tuple(fields["accept"]), fields.get("leaf", "")
        )
        texts = (question.question, question.reference, question.leaf, *question.accept)
        if not all(isinstance(text, str) for text in texts) or not any(map(str.strip, question.accept)):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EspalierError(
            f'{path}, line {number} is no question: it needs "question", "reference" and "accept", a list of texts.'
        ) from error
    return question
