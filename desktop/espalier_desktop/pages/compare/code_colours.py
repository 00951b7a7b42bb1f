"""Colours of code in an answer, in whatever language, found in time linear in its length."""

import re
from collections.abc import Iterator

_WORDS = (
    "and as assert async await bool break case catch class const continue def default del do double elif else end enum "
    "except export extends false finally float fn for from func function if impl import in int interface is lambda let "
    "loop match mod module mut new nil none not null or package pass private public raise return self static string "
    "struct super switch then this throw trait true try type use using var void while with yield select where insert "
    "update delete create table join on order by group values into set"
)
_KEYWORDS = frozenset(_WORDS.split())
_TOKENS = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<comment>(?:\#|//|--\s).*)|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<number>\d[\w.]*)"""
)
_PLAIN = frozenset(("", "text", "txt", "plain", "output", "console"))


def coloured(line: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of a line of code; the kinds are string, comment, keyword, number and "" for the rest."""
    if language.lower() in _PLAIN:
        yield "", line
        return
    end = 0
    for found in _TOKENS.finditer(line):
        kind = found.lastgroup or ""
        if kind == "word":
            kind = "keyword" if found[0].lower() in _KEYWORDS else ""
        if not kind:
            continue
        if found.start() > end:
            yield "", line[end : found.start()]
        yield kind, found[0]
        end = found.end()
    if end < len(line):
        yield "", line[end:]
