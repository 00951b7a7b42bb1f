"""The characters of a PDF page as lines of text with their place, size and style."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from ctypes import c_double, c_int, create_string_buffer
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from espalier.documents.pdf_shapes import drawn_dots

CELL_GAP = 1.1  # of the size: a wider gap between two words separates the cells of a table
_FIXED_PITCH, _FORCE_BOLD = 1 << 0, 1 << 18  # flags of a font descriptor, PDF 32000-1, table 123
_BOLD_WEIGHT = 600
_BOLD = re.compile(rb"bold|black|heavy|cmbx|sfbx", re.IGNORECASE)  # TeX's fonts carry neither flag nor weight
_MONO = re.compile(rb"mono|courier|consol|menlo|typewriter|cmtt|sftt|nimbusmon", re.IGNORECASE)
_HYPHENS = {"\x02", "\ufffe", "\xad", "‐"}  # pdfium reports a hyphen at the end of a line as one of these
_SUPER = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUB = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


@dataclass(frozen=True)
class Piece:
    """Words of a line up to a gap as wide as that between two cells; x in points from the left."""

    x0: float
    x1: float
    text: str


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        page: from 0.
        y: of the baseline, in points from the bottom of the page.
        size: of most of its characters, in points as printed.
        pieces: from left to right, at least one.
        is_bold: all of it.
        is_mono: all of it is in a font of fixed width.
    """

    page: int
    y: float
    size: float
    pieces: tuple[Piece, ...]
    is_bold: bool = False
    is_mono: bool = False

    @property
    def x0(self) -> float:
        """Return where the line starts."""
        return self.pieces[0].x0

    @property
    def x1(self) -> float:
        """Return where the line ends."""
        return self.pieces[-1].x1

    @property
    def text(self) -> str:
        """Return the words of the line."""
        return " ".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Page:
    """One page; ``unreadable`` counts characters whose font does not say what they mean."""

    height: float
    lines: list[Line]
    characters: int
    unreadable: int
    is_blank: bool


@dataclass(frozen=True)
class _Character:
    text: str
    index: int
    x0: float
    x1: float
    y: float
    size: float


def read_page(document: pdfium.PdfDocument, number: int) -> Page:
    """Return the lines of a page in the order in which the file draws them; ``number`` is from 0.

    Text that runs in another direction than most of the page, such as a stamp along the margin, is left out.
    """
    page = document[number]
    text_page = page.get_textpage()
    try:
        height = page.get_height()
        found = list(_characters(text_page))
        turn = Counter(angle for angle, _ in found).most_common(1)[0][0] if found else 0
        if turn % 180:
            height = page.get_width()
        characters = [character and _turned(character, turn) for angle, character in found if angle == turn]
        lines = [_line(text_page, number, group) for group in _groups(characters)]
        marks = [character.text for character in characters if character]
        unreadable = sum(mark == "\ufffd" or "\ue000" <= mark <= "\uf8ff" for mark in marks)
        joined = _same_line([line for line in lines if line])
        if turn == 0:
            joined = _with_dots(joined, list(drawn_dots(page)))
        return Page(height, joined, len(marks), unreadable, raw.FPDFPage_CountObjects(page) == 0)
    finally:
        text_page.close()
        page.close()


def _characters(text_page: pdfium.PdfTextPage) -> Iterator[tuple[int, _Character | None]]:
    """Yield each character with the direction of its line, in degrees; None stands for a break between lines."""
    matrix, x, y = raw.FS_MATRIX(), c_double(), c_double()
    left, right, low, high = c_double(), c_double(), c_double(), c_double()
    angle = 0
    for index in range(raw.FPDFText_CountChars(text_page)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if code in (10, 13):
            yield angle, None
            continue
        if code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
            code = 0xFFFD
        raw.FPDFText_GetCharOrigin(text_page, index, x, y)
        raw.FPDFText_GetCharBox(text_page, index, left, right, low, high)
        if chr(code).isspace():
            yield angle, _Character(" ", index, left.value, right.value, y.value, 0)
            continue
        raw.FPDFText_GetMatrix(text_page, index, matrix)
        size = raw.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
        angle = round(math.degrees(math.atan2(matrix.b, matrix.a)) / 90) * 90 % 360
        if angle % 180:
            yield angle, _Character(chr(code), index, low.value, high.value, x.value, size)
        else:
            yield angle, _Character(chr(code), index, left.value, right.value, y.value, size)


def _turned(character: _Character, turn: int) -> _Character:
    """Return the character where it is when the page is turned so that its text is level."""
    x0, x1, y = character.x0, character.x1, character.y
    if turn in (180, 270):
        x0, x1 = -x1, -x0
    if turn in (90, 180):
        y = -y
    return _Character(character.text, character.index, x0, x1, y, character.size)


def _groups(characters: list[_Character | None]) -> Iterator[list[_Character]]:
    """Yield the characters of each line."""
    group: list[_Character] = []
    last: _Character | None = None
    for character in [*characters, None]:
        if character is None:
            is_break = True
        elif character.size and last:
            size = max(character.size, last.size)
            is_break = abs(character.y - last.y) > 0.7 * size or character.x0 < last.x0 - 2 * size
        else:
            is_break = False
        if is_break:
            if any(member.size for member in group):
                yield group
            group, last = [], None
        if character:
            group.append(character)
            last = character if character.size else last


def _line(text_page: pdfium.PdfTextPage, page: int, group: list[_Character]) -> Line | None:
    printed = [character for character in group if character.size]
    size = Counter(round(character.size, 1) for character in printed).most_common(1)[0][0]
    size = size or max(character.size for character in printed)
    y = Counter(round(character.y, 1) for character in printed if round(character.size, 1) == size).most_common(1)[0][0]
    pieces: list[Piece] = []
    words, start, end = "", printed[0].x0, printed[0].x1
    for character in group:
        if not character.size:
            words += " "
            continue
        if words.strip() and character.x0 - end > CELL_GAP * size:
            pieces.append(Piece(start, end, _clean(words)))
            words, start = "", character.x0
        mark = _raised(character, y, size)
        if mark != character.text and character.x0 - end < 0.25 * size:
            words = words.rstrip()  # pdfium reports a space before anything off the line
        words += mark
        end = character.x1
    pieces.append(Piece(start, end, _clean(words)))
    pieces = [piece for piece in pieces if piece.text]
    if not pieces:
        return None
    fonts = [_font(text_page, character.index) for character in printed[:: max(1, len(printed) // 6)]]
    return Line(page, y, size, tuple(pieces), all(bold for bold, _ in fonts), all(mono for _, mono in fonts))


def _clean(words: str) -> str:
    if words.rstrip()[-1:] in _HYPHENS:
        words = words.rstrip()[:-1] + "-"
    words = re.sub("[\x00-\x1f\xad\u200b-\u200f\u2060\ufeff\ufffe]", "", words.translate(_LIGATURES))
    return " ".join(words.split())


def _raised(character: _Character, y: float, size: float) -> str:
    """Return the character; a small digit above or below the line as the character that means this."""
    if character.size < 0.85 * size and abs(character.y - y) > 0.1 * size:
        return character.text.translate(_SUPER if character.y > y else _SUB)
    return character.text


def _font(text_page: Any, index: int) -> tuple[bool, bool]:
    """Return whether the font of a character is bold, and whether it is of fixed width."""
    name, flags = create_string_buffer(128), c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, 128, flags)
    weight = raw.FPDFText_GetFontWeight(text_page, index)
    is_bold = bool(_BOLD.search(name.value)) or weight >= _BOLD_WEIGHT or bool(flags.value & _FORCE_BOLD)
    return is_bold, bool(_MONO.search(name.value)) or bool(flags.value & _FIXED_PITCH)


def _same_line(lines: list[Line]) -> list[Line]:
    """Join neighbours that stand side by side on one baseline: the cells of a table, drawn one by one."""
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before and abs(before.y - line.y) < 0.3 * line.size and line.x0 > before.x1 + 0.1 * line.size:
            styles = before.is_bold and line.is_bold, before.is_mono and line.is_mono
            is_bold, is_mono = styles
            joined[-1] = replace(before, pieces=before.pieces + line.pieces, is_bold=is_bold, is_mono=is_mono)
        else:
            joined.append(line)
    return joined


def _with_dots(lines: list[Line], dots: list[tuple[float, float, float]]) -> list[Line]:
    """Return the lines, those with a drawn bullet in front of them with a written one."""
    if not dots:
        return lines
    marked = []
    for line in lines:
        near = [
            (left, right)
            for left, right, middle in dots
            if 0 < middle - line.y < 0.8 * line.size and 0 < line.x0 - right < 2.5 * line.size
        ]
        if near and max(right - left for left, right in near) < 0.6 * line.size:
            first = Piece(near[0][0], line.pieces[0].x1, f"• {line.pieces[0].text}")
            line = replace(line, pieces=(first, *line.pieces[1:]))
        marked.append(line)
    return marked
