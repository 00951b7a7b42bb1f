"""A document as its words, each with its place, so that line breaks, markup and capitals make no difference."""

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_](?:\w*[^\W_])?")
_ADDRESS = re.compile(r"\]\([^)\s]{0,2000}\)|<(?:https?:|/?[a-zA-Z])[^<>]{0,2000}>")  # of a link; tags of HTML


@dataclass(frozen=True)
class WordedText:
    """A text and its words.

    Attributes:
        name: of the document.
        original: without the addresses of links.
        words: in small letters, without markup.
        places: where each word starts and ends in the original.
    """

    name: str
    original: str
    words: list[str]
    places: list[tuple[int, int]]

    def find(self, words: list[str]) -> int | None:
        """Return the number of the word with which a run of words begins, None when it is nowhere."""
        before, found, _ = f" {' '.join(self.words)} ".partition(f" {' '.join(words)} ")
        return before.count(" ") if words and found else None


def worded(name: str, markdown: str) -> WordedText:
    """Return a document as its words."""
    original = _ADDRESS.sub("", unicodedata.normalize("NFKC", markdown))
    found = list(_WORD.finditer(original))
    return WordedText(name, original, [word[0].casefold() for word in found], [word.span() for word in found])
