"""Conversations of two turns: a request, and a second one that builds on the reply, as in MT-Bench."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from espalier.evaluation.intervals import wilson
from espalier.evaluation.respondent import Respondent
from espalier.language import Message, Prompt, Sampling
from espalier.resources import resource

REPLY = Sampling(max_tokens=192)
TIE = 0.25
"""Grades nearer to each other than this are a tie."""


@dataclass(frozen=True)
class Talk:
    """What a user says in two turns; ``leaf`` is "" where it belongs to none."""

    question: str
    follow_up: str
    leaf: str = ""


@cache
def shipped_talks() -> tuple[Talk, ...]:
    """Return the shipped conversations."""
    lines = resource("two_turn_questions.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Talk(**json.loads(line)) for line in lines)


def replies(student: Respondent, talks: Sequence[Talk], text: str) -> list[tuple[str, str]]:
    """Return a student's replies to both turns of each conversation."""
    prompts = [Prompt((Message("user", talk.question),)) for talk in talks]
    first = student.answer(prompts, REPLY, text)
    prompts = [
        Prompt((*prompt.messages, Message("assistant", said), Message("user", talk.follow_up)))
        for prompt, said, talk in zip(prompts, first, talks, strict=True)
    ]
    return list(zip(first, student.answer(prompts, REPLY, text), strict=True))


def wins(first: Sequence[float], second: Sequence[float]) -> Mapping[str, object]:
    """Return how often the second model's grade is better: won, lost, tied, and the rate with its interval.

    The rate is the share of wins among those that are no tie; None where all are.
    """
    won = sum(after - before >= TIE for before, after in zip(first, second, strict=True))
    lost = sum(before - after >= TIE for before, after in zip(first, second, strict=True))
    decided = won + lost
    rate = won / decided if decided else None
    return {
        "won": won,
        "lost": lost,
        "tied": len(first) - decided,
        "rate": rate,
        "interval": list(wilson(won, decided)),
    }
