"""What a document is about, and what “it” stands for at the beginning of a sentence, as far as plain code can tell."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_PRONOUN = re.compile(r"(It|Its)\b")
_VERBS = (
    "is|was|are|were|has|had|have|can|could|may|might|will|would|does|did|must|stands|stood|lies|lives|lived|came|began"
)
_NOUN_PHRASE = re.compile(rf"((?:The|A|An|Each|Every|One|[A-Z][\w’'-]*)(?: [\w’'-]+){{0,7}}?) (?:{_VERBS})\b")
_ARTICLES = ("The", "A", "An", "Each", "Every", "One")
_SMALL_WORDS = frozenset(re.findall(r"\w+", "a an and as at by for from in of on or our the their this to with your"))
_UNCLEAR = re.compile(r"\b(?:it|its|they|them|their|he|his|she|her|there|this|that|these|those|no)\b", re.IGNORECASE)


def subject_of(title: str, sentences: Iterable[str]) -> str:
    """Return the longest part of a title that the sentences speak of, as they write it: “the Falkirk Wheel”.

    Returns:
        "" when no part of the title occurs twice.
    """
    text = " ".join(sentences)
    words = [word.strip("“”\"'’,:;()") for word in title.split()]
    for count in range(len(words), 0, -1):
        for start in range(len(words) - count + 1):
            part = words[start : start + count]
            if {part[0].casefold(), part[-1].casefold()} & _SMALL_WORDS:
                continue
            pattern = rf"(?:\b[Tt]he )?\b{re.escape(' '.join(part))}\b"
            found = Counter(_uncapitalised(form) for form in re.findall(pattern, text, re.IGNORECASE))
            if found.total() >= 2:
                return found.most_common(1)[0][0]
    return ""


def stand_alone(sentences: Sequence[str], subject: str) -> list[str]:
    """Return the sentences of one passage with a leading “It” or “Its” replaced by what it stands for.

    That is the noun phrase which the sentence before begins with, where a common verb shows its end, and else the
    document's subject; without either the sentence stays as it is.
    """
    whole = []
    antecedent = subject
    for sentence in sentences:
        pronoun = _PRONOUN.match(sentence)
        if pronoun and antecedent:
            ending = "'s" if pronoun.group() == "Its" else ""
            sentence = f"{antecedent[0].upper()}{antecedent[1:]}{ending}{sentence[pronoun.end() :]}"
        else:
            phrase = _NOUN_PHRASE.match(sentence)
            is_clear = phrase and not _UNCLEAR.search(phrase.group(1))
            antecedent = _uncapitalised(phrase.group(1)) if phrase and is_clear else subject
        whole.append(sentence)
    return whole


def has_pronoun(sentence: str) -> bool:
    """Return whether a sentence has a word that points at another one, such as “she” or “these”."""
    return bool(_UNCLEAR.search(sentence))


def _uncapitalised(phrase: str) -> str:
    first, _, rest = phrase.partition(" ")
    return f"{first.lower()} {rest}" if first in _ARTICLES and rest else phrase
