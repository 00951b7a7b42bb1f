"""Which language a text is in: by its script, else by the small words that it cannot do without."""

import re
import unicodedata
from collections import defaultdict
from functools import cache

import yaml

from espalier.resources import resource

NAMES = {
    **{"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese"},
    **{"nl": "Dutch", "el": "Greek", "ru": "Russian", "ar": "Arabic", "he": "Hebrew", "hi": "Hindi", "th": "Thai"},
    **{"ja": "Japanese", "zh": "Chinese", "ko": "Korean"},
}
_SCRIPTS = {  # first word of a letter's name in Unicode; several languages share some, which cannot be told apart here
    **{"GREEK": "el", "CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "THAI": "th"},
    **{"HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HANGUL": "ko"},
}
_WORDS = re.compile(r"[^\W\d_]+")
LEAST = 2.0  # weight of small words that must be found
LEAD = 1.6  # times the second language's weight


@cache
def _small_words() -> dict[str, tuple[str, ...]]:
    """Return the languages of each small word."""
    lists: dict[str, str] = yaml.safe_load(resource("languages.yaml").read_text(encoding="utf-8"))
    found: dict[str, tuple[str, ...]] = {}
    for code, words in lists.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), code)
    return found


def weights(text: str) -> dict[str, float]:
    """Return how much of a text speaks for each language; a word that several share counts for each in part."""
    found: defaultdict[str, float] = defaultdict(float)
    for word in _WORDS.findall(text):
        if not word.isascii() and not unicodedata.name(word[0], "LATIN").startswith("LATIN"):
            code = _SCRIPTS.get(unicodedata.name(word[0]).split()[0].split("-")[0])
            if code:
                found[code] += len(word)
            continue
        codes = _small_words().get(word.casefold(), ())
        for code in codes:
            found[code] += 1 / len(codes)
    if "ja" in found:
        found["ja"] += found.pop("zh", 0)  # kana among the characters
    return found


def tongue(text: str) -> str | None:
    """Return the code of a text's language, None when too little tells."""
    ranked = sorted(weights(text).items(), key=lambda weight: -weight[1])[:2]
    if not ranked or ranked[0][1] < LEAST or (len(ranked) > 1 and ranked[0][1] < LEAD * ranked[1][1]):
        return None
    return ranked[0][0]
