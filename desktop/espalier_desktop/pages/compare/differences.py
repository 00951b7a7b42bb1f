"""Which words of two answers differ, marked in both by colour and underline."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtGui import QColor, QTextCharFormat
from PySide6.QtWidgets import QTextEdit
from rapidfuzz.distance import Indel

from espalier_desktop import theme
from espalier_desktop.pages.compare.transcript import Transcript, selection

_WORD = re.compile(r"\S+")
_MOST = 4_000  # words of an answer that are compared
_MOST_MARKS = 800  # per pane, the newest


@dataclass(frozen=True)
class Mark:
    """A stretch of words that the other answer has not, in characters from the answer's start."""

    start: int
    end: int


def differences(left: str, right: str) -> tuple[list[Mark], list[Mark]]:
    """Return what only the left and what only the right text says, word by word.

    The script with the fewest words taken and added (rapidfuzz' bit-parallel Indel distance) keeps its time low also
    where a model says the same word a thousand times, which difflib does not.
    """
    words = [list(_WORD.finditer(text))[:_MOST] for text in (left, right)]
    marks: tuple[list[Mark], list[Mark]] = ([], [])
    for change in Indel.opcodes([found[0] for found in words[0]], [found[0] for found in words[1]]):
        if change.tag in ("delete", "replace"):
            marks[0].append(Mark(words[0][change.src_start].start(), words[0][change.src_end - 1].end()))
        if change.tag in ("insert", "replace"):
            marks[1].append(Mark(words[1][change.dest_start].start(), words[1][change.dest_end - 1].end()))
    return marks


def mark_differences(left: Transcript, right: Transcript) -> int:
    """Mark the differences of every turn in both panes and return how many stretches there are."""
    found: tuple[list[QTextEdit.ExtraSelection], list[QTextEdit.ExtraSelection]] = ([], [])
    for number in range(min(len(left.turns), len(right.turns))):
        ranges = [view.answer_range(number) for view in (left, right)]
        texts = [selection(view, *place).selectedText() for view, place in zip((left, right), ranges, strict=True)]
        if not all(text.strip() for text in texts):
            continue
        for side, (view, marks) in enumerate(zip((left, right), differences(*_in_units(texts)), strict=True)):
            found[side].extend(_selections(view, marks, ranges[side][0], is_right=side == 1))
    for view, marked in zip((left, right), found, strict=True):
        view.setExtraSelections(marked[-_MOST_MARKS:])
    return len(found[0]) + len(found[1])


def unmark(*views: Transcript) -> None:
    """Take the marks away."""
    for view in views:
        view.setExtraSelections([])


def _in_units(texts: list[str]) -> list[str]:
    """Return texts in which every character is one UTF-16 unit, as Qt counts places."""
    return [
        re.sub("[\U00010000-\U0010ffff]", lambda found: f"\ue000{chr(0xE100 + ord(found[0]) % 0x700)}", text)
        for text in texts
    ]


def _selections(
    view: Transcript, marks: list[Mark], offset: int, *, is_right: bool
) -> Iterator[QTextEdit.ExtraSelection]:
    tokens = theme.current()
    form = QTextCharFormat()
    form.setBackground(QColor(tokens.good_tint if is_right else tokens.error_tint))
    form.setFontUnderline(True)
    form.setUnderlineColor(QColor(tokens.good if is_right else tokens.error))
    for mark in marks:
        made = QTextEdit.ExtraSelection()
        made.cursor = selection(view, offset + mark.start, offset + mark.end)
        made.format = form
        yield made
