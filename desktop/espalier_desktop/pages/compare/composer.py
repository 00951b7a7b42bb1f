"""The field in which a question is written: Return sends it, Shift+Return begins a line, ↑ brings earlier ones back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.plain_edit import GrowingEdit

_MOST = 200  # questions that are remembered


class Composer(GrowingEdit):
    """A question.

    Signals:
        sent: the person wants it answered.
        escaped: Escape was pressed.
        focus_changed: it has the caret now, or has lost it.
    """

    sent = Signal()
    escaped = Signal()
    focus_changed = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Your question"), lines=2)
        self.setPlaceholderText(tr("Ask something the student should have learned"))
        self.setUndoRedoEnabled(True)
        self.history: list[str] = []
        self._place = 0  # in the history; its length is the text that is being written
        self._draft = ""

    def remember(self, question: str) -> None:
        """Add a question to those that ↑ brings back."""
        self.history = [*(each for each in self.history if each != question), question][-_MOST:]
        self._place = len(self.history)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & shift:
            self.sent.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() == Qt.Key.Key_Up and self._is_at_edge(0) and self._place > 0:
            self._go(self._place - 1)
        elif event.key() == Qt.Key.Key_Down and self._is_at_edge(-1) and self._place < len(self.history):
            self._go(self._place + 1)
        else:
            super().keyPressEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def _is_at_edge(self, edge: int) -> bool:
        """Return whether the caret is in the first or last line."""
        cursor = self.textCursor()
        move = QTextCursor.MoveOperation.Up if edge == 0 else QTextCursor.MoveOperation.Down
        return not cursor.movePosition(move)

    def _go(self, place: int) -> None:
        if self._place == len(self.history):
            self._draft = self.words
        self._place = place
        self.setPlainText(self.history[place] if place < len(self.history) else self._draft)
        self.moveCursor(QTextCursor.MoveOperation.End)
