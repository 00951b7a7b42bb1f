"""The critic's checks that need no model: cheap, exact, each with its reason in words."""

import re
from collections.abc import Callable, Iterable, Sequence

from rapidfuzz import fuzz

from espalier.synthesis.sample import Check
from espalier.synthesis.words import content_words, plain

Weight = Callable[[str], float]
LONGEST_QUESTION = 40  # words
NEAR = 94  # rapidfuzz's ratio of two plain texts, 0 to 100
_POINTS_AWAY = re.compile(
    r"\b(?:this|that|these|those|the|given|above|following)\s+(?:above\s+|given\s+)?"
    r"(?:sentence|statement|passage|paragraph|text|article|document|fact|excerpt|question|context|example)s?\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|he|his|she|her|they|their|them|this|these|you|your)\b", re.IGNORECASE)


def form(question: str) -> Check:
    """Check that a text is one question of a sensible length."""
    count = len(question.split())
    if not question.endswith(("?", "？")):
        return Check("form", False, "It does not end with a question mark.")
    if question.count("?") > 1 or "\n" in question:
        return Check("form", False, "It is more than one question.")
    if not 3 <= count <= LONGEST_QUESTION and question.isascii():
        return Check("form", False, f"It has {count} words; 3 to {LONGEST_QUESTION} are wanted.")
    return Check("form", True, "It is one question.")


def stands_alone(question: str, names: frozenset[str]) -> Check:
    """Check that a question can be understood without the text it came from.

    Args:
        question: to check.
        names: content words of which one says what a pronoun stands for.
    """
    if found := _POINTS_AWAY.search(question):
        return Check("stands alone", False, f"“{found[0]}” points at a text that the reader does not see.")
    if (found := _PRONOUN.search(question)) and not content_words(question) & names:
        return Check("stands alone", False, f"Nobody can tell what “{found[0]}” is.")
    return Check("stands alone", True, "It can be understood by itself.")


def rival(question: str, source: frozenset[str], others: Sequence[frozenset[str]], weight: Weight) -> int | None:
    """Return which other fact or seed example a question may rather be about, going by words; None when none is.

    Args:
        question: to look at.
        source: content words of the fact that it was drawn from.
        others: content words of each of the leaf's facts and seed examples.
        weight: how much a word tells, 0 for one that all facts share.
    """
    words = content_words(question)
    own = sum(map(weight, words & source))
    fits = [sum(map(weight, words & other)) if words & other - source else 0.0 for other in others]
    best = max(range(len(fits)), key=fits.__getitem__, default=0)
    return best if fits and fits[best] > own else None


def leaves_something(question: str, answer: str) -> Check:
    """Check that the answer says something that the question has not given away."""
    if not content_words(answer) - content_words(question):
        return Check("leaves something to answer", False, "The question already holds the whole answer.")
    return Check("leaves something to answer", True, "The answer adds to the question.")


def is_new(question: str, others: Iterable[str]) -> Check:
    """Check that a question is no near-duplicate of others, given in their plain form."""
    text = plain(question)
    for other in others:
        score = fuzz.ratio(text, other, score_cutoff=NEAR)
        if score:
            return Check("new", False, f"It is nearly the same as “{other}”.", round(score, 1))
    return Check("new", True, "No other question is nearly the same.")
