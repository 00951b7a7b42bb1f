"""What reviewers of the public taxonomy turn away, found by plain code: personal data, other models, repetition."""

import re
from collections.abc import Sequence

import numpy
from rapidfuzz import fuzz, process, utils

_EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-zA-Z]{2,}")
# With a country code, or grouped as in North America: bare digits are more often years, sums and identifiers.
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)"
)
_DIGITS = re.compile(r"\d{4}")  # every number below ends in four
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_INVENTED = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|org|net)$|\b555[ .-]?\d{4}$|^123-456-7890$")  # RFC 2606
_MODELS = re.compile(
    r"\b[Aa]s an? (?:AI|artificial intelligence|large language|language)\b(?: language)?(?: model| assistant)?"
    r"|\b(?:Chat ?GPT|GPT-?[345]\w*|OpenAI|Google Bard|Bing Chat|Claude AI|Gemini (?:Pro|Ultra)|DeepSeek|Mixtral)\b"
)
_SAME = 92  # of 100: rapidfuzz's ratio of two normalised questions that differ in a letter or a word
_SHORT = 12  # characters: shorter questions are alike by nature
_MOST = 200  # questions compared with each other: 20,000 pairs


def personal_data(text: str) -> tuple[str, str] | None:
    """Return (kind, what was found) for the first e-mail address, card or telephone number in a text."""
    if "@" not in text and not _DIGITS.search(text):
        return None
    for kind, pattern in (("an e-mail address", _EMAIL), ("a card number", _CARD), ("a telephone number", _PHONE)):
        for found in pattern.finditer(text):
            if not _INVENTED.search(found[0]) and (pattern is not _CARD or _is_card(found[0])):
                return kind, found[0].strip()
    return None


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


def _is_card(digits: str) -> bool:
    """Return whether the check digit is right (Luhn's sum, ISO/IEC 7812-1)."""
    numbers = [int(character) for character in reversed(digits) if character.isdigit()]
    doubled = sum(sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return (sum(numbers[::2]) + doubled) % 10 == 0 and len(set(numbers)) > 1
