"""A few held-out questions that a run answers at every checkpoint, so that learning can be read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.evaluation.probe import verdict
from espalier.evaluation.questions import Question, read_questions
from espalier.files import write_json
from espalier.project import Project
from espalier.training.mixture import Row

COUNT = 5
TOKENS = 32  # of an answer: enough to see whether it is right, and cheap
_FILE = "probes.json"


def candidates(project: Project, held_out: Iterable[Row]) -> list[Question]:
    """Return what may be asked: the project's held-out questions, then the rows that are kept from training.

    Raises:
        EspalierError: the file of questions cannot be read.
    """
    written = read_questions(project.questions) if project.questions.exists() else []
    kept = [Question(row.question, row.answer, (), row.leaf) for row in held_out if not row.turns]
    return list({question.question: question for question in (*kept, *written)}.values())[::-1]


def chosen(project: Project, held_out: Iterable[Row]) -> list[Question]:
    """Return the questions to ask: those that the person chose, else one of each leaf in turn; [] when they want none.

    Raises:
        EspalierError: the file of questions cannot be read.
    """
    known = candidates(project, held_out)
    if project.probes is not None:
        return [question for text in project.probes for question in known if question.question == text][:COUNT]
    turns: dict[str, int] = {}
    ranked: list[tuple[int, int, Question]] = []
    for place, question in enumerate(sorted(known, key=lambda each: not each.accept)):
        turns[question.leaf] = turns.get(question.leaf, 0) + 1
        ranked.append((turns[question.leaf], place, question))
    return [question for _, _, question in sorted(ranked, key=lambda entry: entry[:2])[:COUNT]]


def keep_probes(run: Path, questions: Sequence[Question]) -> list[Question]:
    """Write down what a run asks and return it; a run that has begun goes on with its own, or with none."""
    if not questions:
        return []
    if kept := read_probes(run):
        return kept
    write_json(run / _FILE, [asdict(question) for question in questions])
    return list(questions)


def read_probes(run: Path) -> list[Question]:
    """Return what a run asks, [] when it asks nothing."""
    try:
        return [_question(fields) for fields in json.loads((run / _FILE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _question(fields: Mapping[str, Any]) -> Question:
    return Question(fields["question"], fields["reference"], tuple(fields["accept"]), fields["leaf"])


def is_right(question: Question, answer: str) -> bool:
    """Return whether an answer is right: by the accepted texts where there are, else by saying what is expected."""
    if question.accept:
        return question.is_right(answer)
    return verdict(question.question, answer, question.reference)[0] == "same"


def run_probes(project: Project, run: Path, held_out: Iterable[Row]) -> list[Question]:
    """Return what a run is to ask; questions that cannot be read are no reason not to train."""
    try:
        return keep_probes(run, chosen(project, held_out))
    except EspalierError:
        return []
