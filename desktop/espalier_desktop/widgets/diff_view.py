"""A unified diff as a person reads it: signs, tints, and line numbers in words."""

from PySide6.QtGui import QColor, QFont, QFontDatabase, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from espalier_desktop import theme
from espalier_desktop.i18n import tr

_MOST = 4_000  # lines shown


class DiffView(QPlainTextEdit):
    """Lines that went on a tint of red with a minus, lines that came on a tint of green with a plus."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(tr("Difference"))

    def show_diff(self, diff: str) -> None:
        """Show a unified diff of any number of files."""
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        lines = _readable(diff)
        for place, (kind, text) in enumerate(lines[:_MOST]):
            if place:
                cursor.insertBlock()
            cursor.setBlockFormat(_block_format(kind))
            cursor.insertText(text, _text_format(kind))
        if len(lines) > _MOST:
            cursor.insertBlock(_block_format("note"))
            cursor.insertText(tr("%n more line(s) are not shown.", len(lines) - _MOST), _text_format("note"))
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)


def _readable(diff: str) -> list[tuple[str, str]]:
    """Return (kind, text) of the lines to show; the kinds are gone, came, same, note, and file for its name."""
    has_files = "\ndiff --git " in diff
    found: list[tuple[str, str]] = []
    name, is_header = "", True
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            is_header, name = True, ""
        elif line.startswith("@@"):
            if is_header and has_files and name:
                found += [("same", ""), ("file", name)] if found else [("file", name)]
            is_header = False
            start, number = (part.split(" ")[0].split(",")[0] for part in line[4:].split("+", 1))
            if start != "0" and number != "0":  # else the whole file is new, or gone
                found.append(("note", tr("Line {number}").format(number=number)))
        elif is_header:
            if line.startswith(("--- a/", "+++ b/")):
                name = line.rpartition("/")[2]
            elif line.startswith("Binary files"):
                found.append(("note", tr("A file that holds no text has changed.")))
        elif line.startswith(("+", "-")):
            found.append(("came", f"+ {line[1:]}") if line[0] == "+" else ("gone", f"− {line[1:]}"))
        elif not line.startswith("\\"):
            found.append(("same", f"  {line[1:]}"))
    return found


def _block_format(kind: str) -> QTextBlockFormat:
    tokens = theme.current()
    made = QTextBlockFormat()
    tints = {"came": tokens.good_tint, "gone": tokens.error_tint, "note": tokens.window}
    if kind in tints:
        made.setBackground(QColor(tints[kind]))
    return made


def _text_format(kind: str) -> QTextCharFormat:
    tokens = theme.current()
    made = QTextCharFormat()
    colours = {"came": tokens.good, "gone": tokens.error, "note": tokens.muted}
    made.setForeground(QColor(colours.get(kind, tokens.text)))
    made.setFontWeight(QFont.Weight.Bold if kind == "file" else QFont.Weight.Normal)
    return made
