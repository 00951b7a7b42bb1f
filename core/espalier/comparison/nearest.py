"""Why does it say that? The rows of a run that an answer is nearest to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.files import read_lines
from espalier.synthesis.words import agreement
from espalier.training.mixture import Row, row_of


def nearest_rows(run_folder: Path, question: str, answer: str, most: int = 5) -> list[Mapping[str, Any]]:
    """Return the rows that a student was trained on which say most like an answer, nearest first.

    The score of a row is the mean of two agreements: of its question with the question, and of its answer with the
    answer, each the F1 of their content words (`espalier.synthesis.words.agreement`), 0 to 1. It tells what the
    student has read, not what made it answer so.

    Args:
        run_folder: of the run; its ``train.jsonl`` is read.
        question: that the student was asked.
        answer: that it gave.
        most: rows at most.

    Returns:
        Mappings with ``score``, ``question``, ``answer``, ``leaf``, ``origin`` and ``passage``; rows that share no
        word of meaning are left out.
    """
    scored = []
    for number, line in enumerate(read_lines(run_folder / "train.jsonl")):
        try:
            row = row_of(line)
        except TypeError:  # a line of another version
            continue
        if score := (agreement(row.question, question) + agreement(row.answer, answer)) / 2:
            scored.append((-score, number, row))
    return [_values(-score, row) for score, _, row in sorted(scored, key=lambda item: item[:2])[:most]]


def _values(score: float, row: Row) -> Mapping[str, Any]:
    return {
        "score": round(score, 3),
        "question": row.question,
        "answer": row.answer,
        "leaf": row.leaf,
        "origin": row.origin,
        "passage": row.passage,
    }
