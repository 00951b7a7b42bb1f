"""Base, tuned and 4-bit student on the same questions: the scoreboard of a run, in ``report.json``."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier.evaluation import multiple_choice
from espalier.evaluation import talks as conversations
from espalier.evaluation.general import general_texts
from espalier.evaluation.plan import PARTS, Plan, make_plan
from espalier.evaluation.questions import Question
from espalier.evaluation.read import read_report
from espalier.evaluation.respondent import Respondent
from espalier.evaluation.scored import score_choices, score_forgetting, score_questions, score_talks
from espalier.evaluation.students import judge, judges_itself, students
from espalier.files import write_json
from espalier.language import Backend, Message, Prompt, Sampling
from espalier.messages import Emit, Note
from espalier.project import Project
from espalier.training.run import Run, latest_trained

ANSWER = Sampling(max_tokens=64)
GENERAL = Sampling(max_tokens=24)
"""General questions ask for a word or a short sentence."""


def evaluate(
    project: Project,
    backend: Backend,
    emit: Emit,
    run: Run | None = None,
    questions: Path | None = None,
    parts: Collection[str] = (),
) -> dict[str, Any]:
    """Return the report of base, tuned and 4-bit student, and write ``report.json``.

    Every reply is kept as it comes, so that a second evaluation asks only what is new. What an earlier one of the
    same run and questions held stays in the report.

    Args:
        project: to work on.
        backend: loads the students.
        emit: told the stages and their progress.
        run: whose student; the newest trained one by default.
        questions: file of questions; the project's own by default, and what was held out of leaves without any.
        parts: of `PARTS`, what the report shall hold beside the questions.

    Raises:
        EspalierError: there is nothing to evaluate, no question, or the student was trained on every one.
    """
    run = run or latest_trained(project)
    earlier = {} if questions else read_report(run.report)
    wanted = [part for part in PARTS if part in parts or part in earlier.get("parts", ())]
    plan = make_plan(project, run, questions, wanted, emit)
    found = {name: _Asked(student, plan) for name, student in students(project, run, backend, emit).items()}
    is_own = judges_itself(project, run)
    report: dict[str, Any] = {"parts": wanted, "file": questions.name if questions else ""}
    report |= {"student": run.request.get("student", project.student), "judge": project.judge, "judges_itself": is_own}
    critic = judge(project, run, backend, emit)
    if is_own and (plan.grades or plan.talks):
        emit(
            Note("The judge is the student itself, so its grades say little. Choose a stronger critic for the project.")
        )
    report |= score_questions(plan, {name: asked.answers for name, asked in found.items()}, critic, is_own)
    report["refused"] = [asdict(each) for each in plan.refused]
    if plan.general:
        report["forgetting"] = score_forgetting(
            plan,
            {name: asked.general for name, asked in found.items()},
            {name: asked.surprise for name, asked in found.items()},
        )
    if plan.choices:
        report["mcq"] = score_choices(plan, {name: asked.weights for name, asked in found.items()})
    if plan.talks:
        report["two_turn"] = score_talks(plan, {name: asked.talks for name, asked in found.items()}, critic)
    write_json(run.report, report)
    return report


class _Asked:
    """What one student replies to all that is planned; asked at once, so that one model at a time is in memory."""

    def __init__(self, student: Respondent, plan: Plan) -> None:
        name = student.name
        self.answers = student.answer(_prompts(plan.questions), ANSWER, f"Held-out questions, {name}")
        self.general: list[str] = []
        self.surprise: list[float] = []
        if plan.general:
            self.general = student.answer(_prompts(plan.general), GENERAL, f"General questions, {name}")
            self.surprise = student.log_probability(general_texts(), f"General texts, {name}")
        rows: list[list[float]] = []
        if plan.choices:
            turns = [prompt for choice in plan.choices for prompt in multiple_choice.prompts(choice)]
            rows = student.choose(turns, multiple_choice.LETTERS, f"Multiple choice, {name}")
        self.weights = [multiple_choice.weights(rows[start : start + 4]) for start in range(0, len(rows), 4)]
        self.talks = conversations.replies(student, plan.talks, f"Conversations, {name}") if plan.talks else []
        student.release()


def _prompts(questions: Sequence[Question]) -> list[Prompt]:
    return [Prompt((Message("user", question.question),)) for question in questions]
