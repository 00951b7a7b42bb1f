"""PyYAML's scanner with short cuts for what leaves are made of: long texts without anything special in them.

Every short cut gives exactly the tokens that PyYAML's own way gives, and steps aside when it is not sure to
(`tests/core/test_taxonomy_scanning.py` compares them). PyYAML looks at each character several times; a checker that
agrees with it in every case, and is asked for ten thousand files, cannot afford that. libyaml is faster still but
accepts other texts.
"""

import re
from typing import Any

import yaml

_BREAKS = re.compile("[\r\n\x85\u2028\u2029\ufeff]")
_WORD = r"(?:[^\s:#\0\ufeff]|:(?=[^\s\0\ufeff])|(?<=[^\s])#)+"
# The rest of a line that is nothing but words of a plain scalar.
_WORDS = re.compile(rf"{_WORD}(?: +{_WORD})*(?=\n)")
_INDENT = re.compile(r" *")
_SHORT = 8  # characters: below, PyYAML's own loop is as fast


class Scanner(yaml.SafeLoader):
    """A loader that keeps its tokens.

    Attributes:
        seen: the tokens that were read, in order.
    """

    buffer: str
    pointer: int
    index: int
    line: int
    column: int
    indent: int
    flow_level: int
    allow_simple_key: bool

    def __init__(self, text: str) -> None:
        self.seen: list[Any] = []
        super().__init__(text)

    def get_token(self) -> Any:
        """Return the next token, and keep it."""
        token = super().get_token()  # type: ignore[no-untyped-call]
        self.seen.append(token)
        return token

    def forward(self, length: int = 1) -> None:
        """Move on by some characters; in one step when no line ends among them."""
        if length < _SHORT or _BREAKS.search(self.buffer, self.pointer, self.pointer + length):
            super().forward(length)
        else:
            self.pointer += length
            self.index += length
            self.column += length

    def scan_plain(self) -> Any:
        """Return the token of a plain scalar that ends where a line is indented less."""
        indent = self.indent + 1
        lines, at = [], self.pointer
        while indent and not self.flow_level:
            words = _WORDS.match(self.buffer, at)
            if not words:
                break
            lines.append(words[0])
            next_line = words.end() + 1
            column = len(_INDENT.match(self.buffer, next_line)[0])  # type: ignore[index]
            first = self.buffer[next_line + column]
            if first in "\r\n\t\x85\u2028\u2029\ufeff#":
                break
            if column < indent:
                return self._plain(lines, words.end(), column)
            at = next_line + column
        return super().scan_plain()

    def _plain(self, lines: list[str], end: int, next_column: int) -> yaml.ScalarToken:
        """Return the token, and stand where the next line begins, as PyYAML does."""
        start = self.get_mark()
        begin = self.buffer.rfind("\n", self.pointer, end) + 1
        self._go_to(end, len(lines) - 1, end - begin if begin else self.column + end - self.pointer)
        token = yaml.ScalarToken(" ".join(lines), True, start, self.get_mark())
        self._go_to(end + 1 + next_column, 1, next_column)
        self.allow_simple_key = True
        return token

    def _go_to(self, pointer: int, lines: int, column: int) -> None:
        self.index += pointer - self.pointer
        self.pointer, self.column = pointer, column
        self.line += lines
