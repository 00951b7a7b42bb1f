"""Words that a PDF breaks at the end of a line, made whole."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$")
_LONGEST_WORD = 100  # characters


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of a document in lower case, those with a hyphen inside too, without the broken ones."""
    words = set[str]()
    for text in texts:
        found = [match for match in _WORD.finditer(text) if text[match.end() : match.end() + 1] != "-"]
        words.update(match[0].casefold() for match in found)
    return frozenset(words)


def join_lines(lines: Sequence[str], words: frozenset[str]) -> str:
    """Return lines as one text; a word broken at a hyphen becomes whole.

    The hyphen stays where the document has the word with it elsewhere and not without, or the next line does
    not go on in lower case.
    """
    text = lines[0] if lines else ""
    for line in lines[1:]:
        head, tail = _BROKEN.search(text[-_LONGEST_WORD:]), _WORD.match(line)
        if text.endswith(("http://", "https://", "/")):
            text += line
        elif head is None or tail is None:
            text += line if text.endswith("-") and text[-2:-1].isalnum() else f" {line}"
        elif not line[0].islower() or _keeps_hyphen(head[1], tail[0], words):
            text += line
        else:
            text = text[:-1] + line
    return text


def _keeps_hyphen(head: str, tail: str, words: frozenset[str]) -> bool:
    return f"{head}{tail}".casefold() not in words and f"{head}-{tail}".casefold() in words
