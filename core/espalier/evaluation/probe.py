"""What a model answers to seed questions before it was taught anything: whether there is anything to teach."""

from collections.abc import Sequence
from typing import Literal

from espalier.clock import Clock
from espalier.language import Backend, Message, Prompt, Sampling
from espalier.messages import Emit, Stage
from espalier.models.folder import find_model
from espalier.project import Project
from espalier.synthesis.words import agreement, content_words, plain

Verdict = Literal["same", "part", "other"]

ANSWER = Sampling(max_tokens=128)
SAME, PART = 0.6, 0.3
"""Agreement from which an answer says the same, and from which it says a part."""


def seed_prompt(question: str, context: str = "") -> Prompt:
    """Return what a student is asked; a context, as grounded skills have it, comes before the question."""
    return Prompt((Message("user", f"{context.strip()}\n\n{question}" if context.strip() else question),))


def probe(project: Project, backend: Backend, questions: Sequence[tuple[str, str]], emit: Emit) -> list[str]:
    """Return the most likely answer of the project's student, without an adapter, to each question.

    Args:
        project: whose student.
        backend: loads it.
        questions: each with its context, or "" where it stands alone.
        emit: told the stage and its progress; the total is what the longest answers would have.

    Raises:
        EspalierError: there is no such model.
    """
    emit(Stage("probe", f"Asking {project.student}"))
    student = backend.load(find_model(project.student))
    clock, written = Clock("probe", len(questions) * ANSWER.max_tokens, "tokens", emit), 0

    def on_progress(tokens: int) -> None:
        nonlocal written
        written += tokens
        clock.tell(written)

    prompts = [seed_prompt(question, context) for question, context in questions]
    return [answer.strip() for answer in student.answer(prompts, ANSWER, on_progress=on_progress)]


def verdict(question: str, answer: str, expected: str) -> tuple[Verdict, float]:
    """Return how much an answer says of what is expected, and their agreement, 0 to 1.

    Words of the question count for neither side, for to repeat them is no knowledge; only where the expected answer
    has no others do they count. An expected answer without a word that carries meaning, such as “No.”, is said when
    the answer begins with it.
    """
    if not content_words(expected):
        words = plain(expected).split()
        score = float(plain(answer).split()[: len(words)] == words)
    else:
        score = agreement(answer, expected, question if content_words(expected) - content_words(question) else "")
    return "same" if score >= SAME else "part" if score >= PART else "other", score
