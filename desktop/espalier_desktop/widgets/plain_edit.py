"""A text to edit whose undo is the window's: exact to the character, as tall as its text if wanted."""

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy
from typing_extensions import override

_MOST_LINES = 14


class PlainEdit(QPlainTextEdit):
    """Plain text without an undo of its own; Tab goes to the next control."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)

    @property
    def words(self) -> str:
        """Return the text as it is; ``toPlainText`` turns no-break spaces, which French needs, into others."""
        return self.document().toRawText().replace("\u2029", "\n")

    def show_words(self, text: str) -> None:
        """Show another text, keeping the caret in what stays the same; nothing is emitted."""
        old = self.words
        if old == text:
            return
        start = 0
        while start < min(len(old), len(text)) and old[start] == text[start]:
            start += 1
        end = 0
        while end < min(len(old), len(text)) - start and old[-1 - end] == text[-1 - end]:
            end += 1
        self.blockSignals(True)
        cursor = QTextCursor(self.document())
        cursor.setPosition(units(old[:start]))
        cursor.setPosition(units(old[: len(old) - end]), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[start : len(text) - end])
        self.blockSignals(False)

    @override
    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return super().canInsertFromMimeData(source) and not source.hasUrls()  # files are for what is around the text

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = QKeySequence.StandardKey
            if event.matches(keys.Undo) or event.matches(keys.Redo):
                event.ignore()  # the window's own Undo takes it
                return True
        return super().event(event)


class GrowingEdit(PlainEdit):
    """A field that is as tall as its text, from ``lines`` lines on; where a text is one line, Return goes on."""

    def __init__(self, name: str, lines: int = 1, *, is_line: bool = False) -> None:
        super().__init__(name)
        self._lines, self._is_line = lines, is_line
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._soon = QTimer(self, interval=0, singleShot=True)  # the lines are broken anew after a change of width
        self._soon.timeout.connect(self._grow)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        self._grow()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_line and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.focusNextChild()
            return
        super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.height())

    def _grow(self) -> None:
        wanted = max(round(self.document().size().height()), self._lines)
        lines = min(wanted, _MOST_LINES)
        bar = Qt.ScrollBarPolicy.ScrollBarAsNeeded if wanted > lines else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(bar)
        height = round(lines * self.fontMetrics().lineSpacing() + 2 * self.document().documentMargin()) + 16
        if height != self.height():
            self.setFixedHeight(height)


def units(text: str) -> int:
    """Return the length in UTF-16 units, in which Qt counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
