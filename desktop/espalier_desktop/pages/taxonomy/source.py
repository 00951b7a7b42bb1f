"""A leaf's text as it stands in the file: line numbers, colours, and a wavy line under what is wrong."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit, QToolTip, QWidget
from typing_extensions import override

from espalier.taxonomy.problems import Problem
from espalier.taxonomy.schema import Folder
from espalier.taxonomy.source import unix_lines
from espalier_desktop import theme
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.completion import KeyCompleter
from espalier_desktop.pages.taxonomy.highlighter import YamlHighlighter
from espalier_desktop.widgets.plain_edit import PlainEdit

_STEP = 2  # spaces


class SourceEdit(PlainEdit):
    """The text of one leaf.

    Tab goes on to the next control; ⌘] and ⌘[ indent.

    Signals:
        typed: the new text, with the line ends of the old one.

    Attributes:
        folder: the kind of leaf, whose keys are offered.
    """

    typed = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Source"))
        self.setProperty("role", "source")
        self._newline = "\n"
        self._known = ""
        self.folder: Folder = "compositional_skills"
        self._problems: Sequence[Problem] = ()
        self._margin = _Margin(self)
        self._highlighter = YamlHighlighter(self.document())
        self._completer = KeyCompleter(self)
        self._take_font()
        self.textChanged.connect(self._on_typed)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scroll_margin)
        self._make_room()

    def show_text(self, text: str) -> None:
        """Show another text, with the caret where it was as far as that still is."""
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._known = unix_lines(text)
        self.show_words(self._known)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Underline what is wrong."""
        self._problems = problems
        marks = []
        for problem in problems:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._cursor_at(problem)
            mark.format = _wave(problem)
            marks.append(mark)
        self.setExtraSelections(marks)
        self._margin.update()

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the caret on a line, counted from 1, and show it."""
        block = self.document().findBlockByNumber(line - 1)
        cursor = QTextCursor(block)
        cursor.movePosition(QTextCursor.MoveOperation.Right, n=min(column - 1, max(block.length() - 1, 0)))
        self.setTextCursor(cursor)
        self.centerCursor()
        self.setFocus()

    def paint_margin(self, painter: QPainter, rect: QRect) -> None:
        """Paint the numbers of the lines in sight, and a sign beside those with a problem."""
        tokens = theme.current()
        worst: dict[int, str] = {}
        for problem in reversed(self._problems):
            if worst.get(problem.line) != "error":
                worst[problem.line] = problem.severity
        painter.fillRect(rect, QColor(tokens.window))
        painter.setFont(self.document().defaultFont())
        block = self.firstVisibleBlock()
        while block.isValid():
            place = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if place.top() > rect.bottom():
                break
            severity = worst.get(block.blockNumber() + 1, "")
            painter.setPen(QColor({"error": tokens.error, "warning": tokens.warning}.get(severity, tokens.muted)))
            sign = {"error": "✕ ", "warning": "▲ ", "hint": "· "}.get(severity, "")
            room = QRect(0, int(place.top()), self._margin.width() - 8, int(place.height()))
            painter.drawText(room, Qt.AlignmentFlag.AlignRight, f"{sign}{block.blockNumber() + 1}")
            block = block.next()

    @property
    def margin_width(self) -> int:
        """Return the width of the margin, in px."""
        metrics = QFontMetrics(self.document().defaultFont())
        return metrics.horizontalAdvance("✕ " + "9" * max(2, len(str(self.blockCount())))) + 14

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._completer.takes(event):
            event.ignore()
            return
        is_command = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if is_command and event.key() in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self._indent(_STEP if event.key() == Qt.Key.Key_BracketRight else -_STEP)
            return
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        before = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
        super().keyPressEvent(event)
        if is_return:
            self.insertPlainText(" " * (len(before) - len(before.lstrip(" "))))
        elif event.text().isalpha() or self._completer.is_open:
            self._completer.offer(self.folder)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            place = self.viewport().mapFrom(self, event.pos())
            line = self.cursorForPosition(place).blockNumber() + 1
            words = [said(problem.message) for problem in self._problems if problem.line == line]
            QToolTip.showText(event.globalPos(), "\n".join(words), self)
            return True
        return super().event(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_margin()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange and hasattr(self, "_highlighter"):
            self._take_font()
            self._highlighter.take_colours()
            self.show_problems(self._problems)

    def _take_font(self) -> None:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(max(self.fontInfo().pixelSize() - 1, 9))
        self.document().setDefaultFont(font)

    @Slot()
    def _on_typed(self) -> None:
        words = self.words
        if words != self._known:  # Qt says "changed" for colours, too
            self._known = words
            self.typed.emit(words.replace("\n", self._newline))

    @Slot()
    def _make_room(self) -> None:
        self.setViewportMargins(self.margin_width, 0, 0, 0)
        self._place_margin()

    def _place_margin(self) -> None:
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), self.margin_width, inside.height()))

    @Slot(QRect, int)
    def _scroll_margin(self, rect: QRect, by: int) -> None:
        if by:
            self._margin.scroll(0, by)
        else:
            self._margin.update(0, rect.y(), self._margin.width(), rect.height())

    def _indent(self, by: int) -> None:
        cursor = self.textCursor()
        first = self.document().findBlock(cursor.selectionStart())
        last = self.document().findBlock(max(cursor.selectionEnd() - cursor.hasSelection(), cursor.selectionStart()))
        cursor.beginEditBlock()
        block = first
        while block.isValid() and block.blockNumber() <= last.blockNumber():
            cursor.setPosition(block.position())
            if by > 0:
                cursor.insertText(" " * by)
            else:
                spaces = len(block.text()) - len(block.text().lstrip(" "))
                cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor, min(-by, spaces))
                cursor.removeSelectedText()
            block = block.next()
        cursor.endEditBlock()

    def _cursor_at(self, problem: Problem) -> QTextCursor:
        block = self.document().findBlockByNumber(problem.line - 1)
        block = block if block.isValid() else self.document().lastBlock()
        cursor = QTextCursor(block)
        length = max(block.length() - 1, 0)
        start = min(problem.column - 1, length)
        if not block.text()[start:].strip():  # at the end of a line: mark the whole line instead of nothing
            start = 0
        cursor.movePosition(QTextCursor.MoveOperation.Right, n=start)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        return cursor


class _Margin(QWidget):
    def __init__(self, source: SourceEdit) -> None:
        super().__init__(source)
        self._source = source

    @override
    def sizeHint(self) -> QSize:
        return QSize(self._source.margin_width, 0)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._source.paint_margin(painter, event.rect())
        painter.end()


def _wave(problem: Problem) -> QTextCharFormat:
    tokens = theme.current()
    colours = {"error": tokens.error, "warning": tokens.warning, "hint": tokens.muted}
    made = QTextCharFormat()
    made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
    made.setUnderlineColor(QColor(colours[problem.severity]))
    return made
