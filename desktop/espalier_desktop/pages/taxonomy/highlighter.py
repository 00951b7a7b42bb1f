"""Colours for the YAML of a leaf: keys, quoted texts, numbers and comments."""

import re

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from typing_extensions import override

from espalier_desktop import theme

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_KEY = re.compile(r"^(\s*(?:- +)*)([\w.-]+)(:)(?=\s|$)")
_BLOCK = re.compile(r":\s+[|>][-+\d]*\s*(?:#.*)?$|^\s*-\s+[|>][-+\d]*\s*$")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_NUMBER = re.compile(r"(?<=: )-?\d+(?:\.\d+)?(?=\s*(?:#|$))")


class YamlHighlighter(QSyntaxHighlighter):
    """Paints one line at a time; its state is the indent of the block of text that a line is in, plus one."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.take_colours()

    def take_colours(self) -> None:
        """Paint everything again in the colours of the present appearance."""
        tokens = theme.current()
        self._key = _format(tokens.ink, is_bold=True)
        self._text = _format(tokens.warning)
        self._comment = _format(tokens.muted, is_italic=True)
        self._mark = _format(tokens.muted)
        self.rehighlight()

    @override
    def highlightBlock(self, text: str) -> None:
        indent = len(text) - len(text.lstrip(" "))
        inside = self.previousBlockState()
        if inside > 0 and (not text.strip() or indent >= inside):
            self.setCurrentBlockState(inside)  # a block of text: nothing in it is YAML
            return
        self.setCurrentBlockState(0)
        key = _KEY.match(text)
        if key:
            self.setFormat(key.start(2), len(key[2]), self._key)
            self.setFormat(key.start(3), 1, self._mark)
        for found in _NUMBER.finditer(text):
            self.setFormat(found.start(), len(found[0]), self._text)
        quoted = [found.span() for found in _QUOTED.finditer(text)]
        for start, end in quoted:
            self.setFormat(start, end - start, self._text)
        for found in _COMMENT.finditer(text):
            if not any(start < found.start() < end for start, end in quoted):
                self.setFormat(found.start(), len(found[0]), self._comment)
                break
        if _BLOCK.search(text):
            self.setCurrentBlockState((len(key[1]) if key else indent) + 1)


def _format(colour: str, *, is_bold: bool = False, is_italic: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor(colour))
    made.setFontWeight(QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal)
    made.setFontItalic(is_italic)
    return made
