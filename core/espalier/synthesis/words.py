"""Words of a text, roughly reduced to their stems, for checks that need no model."""

import re

_WORD = re.compile(r"[^\W_]+(?:[.,'’][^\W_]+)*")
_ENDINGS = ("ings", "ing", "edly", "ed", "ers", "er", "es", "s", "ly")
# Words that say nothing about the subject of a question: English, as the other languages follow with their prompts.
_COMMON = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "to",
        "from",
        "with",
        "into",
        "onto",
        "upon",
        "under",
        "over",
        "between",
        "about",
        "as",
        "than",
        "then",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "done",
        "has",
        "have",
        "had",
        "having",
        "can",
        "could",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "how",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "where",
        "when",
        "why",
        "much",
        "many",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "and",
        "or",
        "nor",
        "but",
        "if",
        "not",
        "no",
        "so",
        "there",
        "their",
        "they",
        "them",
        "he",
        "she",
        "his",
        "her",
        "him",
        "you",
        "your",
        "i",
        "my",
        "we",
        "our",
        "us",
        "one",
        "ones",
        "any",
        "some",
        "each",
        "every",
        "all",
        "also",
        "only",
        "just",
        "name",
        "named",
        "called",
        "kind",
        "type",
        "sort",
        "happen",
        "happened",
        "used",
        "use",
        "tell",
        "me",
    ]
)


def stem(word: str) -> str:
    """Return a word in lower case without a common English ending."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith("ss"):
            break
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word.isalpha():
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if word.isalpha() and len(word) > 3 else word


def content_words(text: str) -> frozenset[str]:
    """Return the stems of a text's words that carry meaning."""
    return frozenset(stem(word) for word in _WORD.findall(text) if word.casefold() not in _COMMON)


def plain(text: str) -> str:
    """Return a text for comparison: lower case, letters and digits, single spaces."""
    return " ".join(_WORD.findall(text.casefold()))


def agreement(answer: str, reference: str) -> float:
    """Return the F1 of two texts' content words, 0 to 1 (the measure of SQuAD, Rajpurkar et al. 2016)."""
    first, second = content_words(answer), content_words(reference)
    shared = len(first & second)
    return 2 * shared / (len(first) + len(second)) if shared else 0.0
