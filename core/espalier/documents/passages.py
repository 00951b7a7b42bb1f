"""Where a sample comes from: the passage of a document around the sentence that supports its answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from espalier.documents.sentences import sentences
from espalier.documents.worded import WordedText, worded
from espalier.synthesis.words import agreement

LONGEST_SENTENCE = 60  # words; what is longer is a passage, of which one sentence supports an answer
_PARAGRAPH = re.compile(r"\n\s*\n")
_END = re.compile(r"[.!?…]*[\"'”’»)\]*_]*")


@dataclass(frozen=True)
class Passage:
    """A paragraph, or what a sample was drawn from, cut around the sentence that supports it.

    Attributes:
        document: name of its file, "" when it stands in none.
        before: text before the sentence.
        sentence: the one that supports the answer; "" when none does.
        after: text after it.
    """

    document: str
    before: str
    sentence: str
    after: str = ""


def find_passage(source: str, answer: str, documents: Sequence[WordedText]) -> Passage:
    """Return the passage that a sample was drawn from.

    Args:
        source: a sentence of a document, or a longer part of it.
        answer: the sample's own; of a longer source, the sentence most like it is taken for its support.
        documents: of the leaf.
    """
    sentence = supporting_sentence(source, answer)
    words = worded("", sentence).words
    for document in documents:
        place = document.find(words)
        if place is not None:
            start, end = document.places[place][0], document.places[place + len(words) - 1][1]
            return _around(document, start, _END.match(document.original, end).end())  # type: ignore[union-attr]  # it can be empty
    before, found, after = source.partition(sentence) if sentence else ("", "", "")
    return Passage("", before, found, after)


def supporting_sentence(source: str, answer: str) -> str:
    """Return a source that is one sentence, or its sentence that shares most with the answer."""
    if len(source.split()) <= LONGEST_SENTENCE:
        return source
    return max(sentences(source), key=lambda sentence: agreement(sentence, answer)).strip()


def _around(document: WordedText, start: int, end: int) -> Passage:
    text = document.original
    breaks = [found.span() for found in _PARAGRAPH.finditer(text)]
    first = max((last for _, last in breaks if last <= start), default=0)
    last = min((begin for begin, _ in breaks if begin >= end), default=len(text))
    return Passage(document.name, text[first:start], text[start:end], text[end:last].rstrip())
