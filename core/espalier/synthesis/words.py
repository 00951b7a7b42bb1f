"""Words of a text, roughly reduced to their stems, for checks that need no model."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[.,'’][^\W_]+)*")
_ENDINGS = ("ings", "ing", "edly", "ed", "ers", "er", "es", "s", "ly")
# Words that say nothing about the subject of a question: English, as the other languages follow with their prompts.
_COMMON = frozenset(
    _WORD.findall(
        """
    a about against all also am an and any are as at be because been being between both but by called can could did
    do does done down during each every except for from had happen happened has have having he her him his how i if
    in into is it its just kind least less many may me might more most much must my name named no nor not of off on
    one ones only onto or other our out over own same shall she should so some sort still such tell than that the
    their them then there these they this those through to too type under up upon us use used very was we were what
    when where which while who whom whose why will with within without would yet you your
    """
    )
)

_JOINED = (  # kinds of neighbouring words that make one phrase
    ("word", "word"),
    ("name", "name"),
    ("number", "number"),
    ("number", "word"),
    ("number", "name"),
    ("name", "number"),
)


@lru_cache(50_000)
def stem(word: str) -> str:
    """Return a word in lower case without a common English ending."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith("ss"):
            break
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word.isalpha():
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if word.isalpha() and len(word) > 3 else word


@lru_cache(1_000)  # a leaf's seeds are held against each of its rows
def content_words(text: str) -> frozenset[str]:
    """Return the stems of a text's words that carry meaning."""
    return frozenset(stem(word) for word in _WORD.findall(text) if word.casefold() not in _COMMON)


def phrases(text: str) -> list[tuple[int, int]]:
    """Return where the phrases that carry meaning begin and end, in order.

    In “The old locks at Port Ellen were dismantled in 1933.” they are “old locks”, “Port Ellen”, “dismantled”, “1933”.
    """
    found: list[tuple[int, int]] = []
    last = ""
    for match in _WORD.finditer(text):
        is_name = match.start() > 0 and match.group()[0].isupper()  # May is a month
        if match.group().casefold() in _COMMON and not is_name:
            continue
        between = text[found[-1][1] : match.start()] if found else ""
        if between in ("-", ":") or (between == " " and (_kind(last), _kind(match.group())) in _JOINED):
            found[-1] = (found[-1][0], match.end())
        else:
            found.append(match.span())
        last = match.group()
    return found


def _kind(word: str) -> str:
    return "number" if word[0].isdigit() else "name" if word[0].isupper() else "word"


def plain(text: str) -> str:
    """Return a text for comparison: lower case, letters and digits, single spaces."""
    return " ".join(_WORD.findall(text.casefold()))


def agreement(answer: str, reference: str, given: str = "") -> float:
    """Return the F1 of two texts' content words, 0 to 1 (the measure of SQuAD, Rajpurkar et al. 2016).

    Words that are also in ``given`` are left out of both.
    """
    common = content_words(given)
    first, second = content_words(answer) - common, content_words(reference) - common
    shared = len(first & second)
    return 2 * shared / (len(first) + len(second)) if shared else 0.0
