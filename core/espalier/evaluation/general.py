"""The forgetting check: general questions and texts that have nothing to do with what was taught."""

import json
import math
from collections.abc import Sequence
from functools import cache

import yaml

from espalier.evaluation.questions import Question
from espalier.language import Message, Prompt
from espalier.resources import resource


@cache
def general_questions() -> tuple[Question, ...]:
    """Return the shipped questions on everyday knowledge, arithmetic, language and plain instructions."""
    lines = map(json.loads, resource("general_questions.jsonl").read_text(encoding="utf-8").splitlines())
    return tuple(Question(line["question"], line["reference"], tuple(line["accept"]), line["kind"]) for line in lines)


@cache
def general_texts() -> tuple[tuple[Prompt, str], ...]:
    """Return the shipped texts, each as the answer to a prompt that asks for one on its subject."""
    ask = yaml.safe_load(resource("prompts/evaluation.yaml").read_text(encoding="utf-8"))["about"]
    texts = yaml.safe_load(resource("general_text.yaml").read_text(encoding="utf-8"))
    return tuple((Prompt((Message("user", ask.format(title=title)),)), text) for title, text in texts.items())


def perplexity(log_probabilities: Sequence[float]) -> float:
    """Return the perplexity of texts: e to the mean over them of the nats per token; 1 is the least.

    Each text counts the same, however long it is.
    """
    return math.exp(min(700.0, -sum(log_probabilities) / len(log_probabilities)))
