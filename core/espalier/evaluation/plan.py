"""What an evaluation asks: held-out questions that were never seen, and the parts that a person chose."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from espalier.documents.store import named_documents
from espalier.errors import EspalierError
from espalier.evaluation.general import general_questions
from espalier.evaluation.multiple_choice import Choice, make_choices
from espalier.evaluation.questions import Question, read_questions
from espalier.evaluation.seen import Seen, require_unseen, sort_out
from espalier.evaluation.talks import Talk, shipped_talks
from espalier.messages import Emit, Note
from espalier.project import Project
from espalier.taxonomy.walk import FOLDERS, leaf_files
from espalier.training.run import Run

PARTS = ("forgetting", "mcq", "two-turn", "grades")
"""What an evaluation may hold beside the held-out questions."""


@dataclass(frozen=True)
class Plan:
    """What the students are asked.

    Attributes:
        questions: held-out, none of which the student was trained on.
        refused: those that it was trained on.
        general: of the forgetting check; () where it is not wanted, as with the rest.
        talks: conversations of two turns.
        grades: whether the judge grades the answers to ``questions``.
    """

    questions: tuple[Question, ...]
    refused: tuple[Seen, ...]
    general: tuple[Question, ...] = ()
    choices: tuple[Choice, ...] = ()
    talks: tuple[Talk, ...] = ()
    grades: bool = False


def held_out_rows(run: Run) -> list[Question]:
    """Return the samples that the run kept from training, as questions with a reference."""
    rows = {row.question: row for row in run.rows("heldout") if not row.turns}
    return [Question(row.question, row.answer, leaf=row.leaf) for row in rows.values()]


def has_questions(project: Project, run: Run) -> bool:
    """Return whether there is anything to evaluate with."""
    return project.questions.exists() or bool(held_out_rows(run))


def make_plan(project: Project, run: Run, file: Path | None, parts: Collection[str], emit: Emit) -> Plan:
    """Return what is asked about a run.

    Args:
        project: whose questions and documents count.
        run: to be evaluated; what it trained on is refused as a question.
        file: of questions; None for the project's own, and for leaves without any the samples that were held out.
        parts: of `PARTS`.
        emit: told which questions are refused.

    Raises:
        EspalierError: there is no question, or the student was trained on all of them.
    """
    rows = [*run.rows("train"), *run.rows("general")]
    if file or project.questions.exists():
        asked = read_questions(file or project.questions)
    elif not (asked := held_out_rows(run)):
        raise EspalierError(
            f"There are no held-out questions. Write {project.questions}, with a JSON object per "
            "line, and evaluate again."
        )
    unseen, seen = sort_out(asked, rows)
    require_unseen(unseen, seen)
    if not file:
        covered = {question.leaf for question in asked}
        spare = [question for question in held_out_rows(run) if question.leaf not in covered]
        unseen += sort_out(spare, rows)[0]
    for each in seen:
        emit(Note(each.sentence))
    plan = Plan(tuple(unseen), tuple(seen), grades="grades" in parts or any(question.rubric for question in unseen))
    talks = [Talk(question.question, question.follow_up, question.leaf) for question in unseen if question.follow_up]
    if "two-turn" in parts:
        talks = talks or list(shipped_talks())
    plan = replace(plan, talks=tuple(talks))
    if "forgetting" in parts:
        plan = replace(plan, general=tuple(sort_out(general_questions(), rows)[0]))
    if "mcq" in parts:
        plan = replace(plan, choices=tuple(choices_of(project)))
        if not plan.choices:
            emit(Note("There are no documents with enough names and numbers to make multiple-choice questions from."))
    return plan


def choices_of(project: Project) -> list[Choice]:
    """Return the multiple-choice questions on the documents of all leaves."""
    found: list[Choice] = []
    for file in leaf_files(project.taxonomy):
        leaf = file.parent.relative_to(project.taxonomy).as_posix()
        if leaf.partition("/")[0] in FOLDERS:
            found += make_choices(leaf, named_documents(project, leaf).values())
    return found
