"""What reviewers of the public taxonomy turn away, found by plain code: other models, repetition."""

import re
from collections.abc import Sequence

import numpy
from rapidfuzz import fuzz, process, utils

_MODELS = re.compile(
    r"\b[Aa]s an? (?:AI|artificial intelligence|large language|language)\b(?: language)?(?: model| assistant)?"
    r"|\b(?:Chat ?GPT|GPT-?[345]\w*|OpenAI|Google Bard|Bing Chat|Claude AI|Gemini (?:Pro|Ultra)|DeepSeek|Mixtral)\b"
)
_SAME = 92  # of 100: rapidfuzz's ratio of two normalised questions that differ in a letter or a word
_SHORT = 12  # characters: shorter questions are alike by nature
_MOST = 200  # questions compared with each other: 20,000 pairs


def other_model(text: str) -> str | None:
    """Return the words by which a text speaks of, or as, another assistant."""
    found = _MODELS.search(text)
    return found[0] if found else None


def near_duplicates(questions: Sequence[str], contexts: Sequence[str]) -> list[tuple[int, int]]:
    """Return (later, earlier) for each question that repeats, or almost, an earlier one about the same context.

    Args:
        questions: of one leaf, in file order.
        contexts: the passage that each question is about; empty where there is none.
    """
    plain = [utils.default_process(question) for question in questions[:_MOST]]
    if len(plain) < 2:
        return []
    alike = process.cdist(plain, plain, scorer=fuzz.ratio, score_cutoff=_SAME, dtype=numpy.uint8)
    pairs = []
    for later in range(1, len(plain)):
        for earlier in map(int, numpy.flatnonzero(alike[later, :later])):
            one, other = contexts[later], contexts[earlier]
            if len(plain[later]) >= _SHORT and (one == other or fuzz.ratio(one, other) >= _SAME):
                pairs.append((later, earlier))
                break
    return pairs
