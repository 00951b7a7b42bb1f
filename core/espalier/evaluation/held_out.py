"""How many held-out questions a run's students answer right, without a judge: what a smaller student may have lost."""

from pathlib import Path

from espalier.errors import EspalierError
from espalier.evaluation.evaluate import ANSWER
from espalier.evaluation.judges import LEAST_F1, token_f1
from espalier.evaluation.plan import has_questions, make_plan
from espalier.evaluation.questions import Question
from espalier.evaluation.students import students
from espalier.language import Backend, Message, Prompt
from espalier.messages import Emit, Note
from espalier.project import Project
from espalier.training.run import Run

NAMES = {"base": "base", "tuned": "adapter", "4-bit": "quantized"}


def held_out_score(project: Project, run: Run, small: Path, backend: Backend, emit: Emit) -> dict[str, int]:
    """Return the number of ``questions``, and of those that ``base``, ``adapter`` and ``quantized`` answer right.

    Every answer is kept, so that the evaluation of the same students asks nothing twice.

    Args:
        project: whose questions count.
        run: whose students; what it was trained on is no question.
        small: folder of its quantized student.
        backend: loads them.
        emit: told what is done.
    """
    try:
        asked = make_plan(project, run, None, (), emit).questions if has_questions(project, run) else ()
    except EspalierError as error:  # none that can be used: the rest can still be measured
        emit(Note(str(error)))
        asked = ()
    found = {"questions": len(asked)}
    prompts = [Prompt((Message("user", question.question),)) for question in asked]
    for name, student in students(project, run, backend, emit, small).items() if asked else ():
        answers = student.answer(prompts, ANSWER, f"Held-out questions, {name}")
        student.release()
        found[NAMES[name]] = sum(map(_is_right, asked, answers))
    return found


def _is_right(question: Question, answer: str) -> bool:
    return question.is_right(answer) if question.accept else token_f1(answer, question.reference) >= LEAST_F1
