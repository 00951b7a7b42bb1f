"""The conversation of one pane, as text that nothing in it can make act: questions, answers, and how they ended."""

from dataclasses import dataclass, field

from PySide6.QtCore import QElapsedTimer, QEvent, QRect, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QTextBrowser, QTextEdit
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.markdown import clean
from espalier_desktop.pages.compare.paint import add_line, paint
from espalier_desktop.pages.compare.stream import MarkdownStream, pieces
from espalier_desktop.widgets.basics import button

SLICE = 15  # milliseconds of reading and laying out at a time
_BOTTOM = 24  # px: so near the end one is taken to follow it


@dataclass
class _Shown:
    """One turn as it is in the document; places are in UTF-16 units from its start."""

    question: str
    caption: str
    text: str = ""
    notes: list[str] = field(default_factory=list)
    start: int = 0
    answer: int = 0
    end: int = 0


class Transcript(QTextBrowser):
    """Turns one below the other; only the last is written to, and of its answer only the last block twice.

    Signals:
        link_wanted: an http or https address that was clicked; it is not followed.
        grew: something was painted.
        edit_wanted: number of a turn whose question the person wants to put in other words.
    """

    link_wanted = Signal(str)
    grew = Signal()
    edit_wanted = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "answer")
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(0)
        self.anchorClicked.connect(lambda url: self.link_wanted.emit(bytes(url.toEncoded().data()).decode()))
        self.turns: list[_Shown] = []
        self._stream = MarkdownStream()
        self._pending: list[str] = []
        self._open = 0  # where the block that is being written begins
        self._is_ended = True
        self._to_show: list[_Shown] = []  # of a repaint, still to come
        self.jump = button(tr("Jump to Latest"), self.go_to_end)
        self.jump.setParent(self)
        self.jump.hide()
        self.verticalScrollBar().valueChanged.connect(self._place_jump)

    @property
    def is_busy(self) -> bool:
        """Return whether text waits to be painted."""
        return bool(self._pending or self._to_show) or not self._is_ended

    @property
    def is_at_end(self) -> bool:
        """Return whether the end is in sight."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - _BOTTOM

    def begin_turn(self, question: str, caption: str = "") -> None:
        """Add a question and wait for the text of its answer.

        Args:
            question: of the person.
            caption: a small line below it, such as who answers; "" for none.
        """
        self.finish()
        self.turns.append(_Shown(question, caption))
        self._begin(self.turns[-1])
        self.go_to_end()

    def add_text(self, text: str) -> None:
        """Take in more of the answer; it is painted with `paint_some`."""
        if text:
            self.turns[-1].text += text
            self._pending += pieces(text)

    def end_answer(self, notes: list[str]) -> None:
        """Add lines of ours below the answer when all of it is painted."""
        self.turns[-1].notes = notes
        self._is_ended = False

    def cut_from(self, number: int) -> None:
        """Remove a turn and all after it."""
        self._to_show.clear()
        if number >= len(self.turns):
            return
        self._pending.clear()
        self._is_ended = True
        self._erase(self.turns[number].start)
        del self.turns[number:]
        self.grew.emit()

    def show_turns(self, turns: list[tuple[str, str, str, list[str]]]) -> None:
        """Show a conversation instead: question, caption, answer and notes of each turn; a slice at a time."""
        self.cut_from(0)
        self._to_show = [_Shown(question, caption, text, notes) for question, caption, text, notes in turns]
        self.paint_some()

    def repaint_all(self) -> None:
        """Paint everything again, in the colours that hold now."""
        turns = [*self.turns, *self._to_show]
        if turns:
            self.show_turns([(turn.question, turn.caption, turn.text, turn.notes) for turn in turns])

    def paint_some(self) -> None:
        """Paint what waits, for a few milliseconds."""
        clock = QElapsedTimer()
        clock.start()
        follows = self.is_at_end
        if not self.is_busy:
            return
        while clock.elapsed() < SLICE and self._paint_next():
            pass
        if follows:
            self.go_to_end()
        self._place_jump()
        self.grew.emit()

    def finish(self) -> None:
        """Paint everything that waits."""
        while self._paint_next():
            pass

    def answer_range(self, number: int) -> tuple[int, int]:
        """Return where a turn's answer begins and ends in the document."""
        turn = self.turns[number]
        return turn.answer, turn.end

    @Slot()
    def go_to_end(self) -> None:
        """Show the end."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.jump.hide()

    def turn_at(self, place: int) -> int:
        """Return the number of the turn at a place in the document, -1 when there is none."""
        return next((at for at in range(len(self.turns) - 1, -1, -1) if place >= self.turns[at].start), -1)

    def menu_for(self, number: int) -> QMenu:
        """Return the menu over a turn."""
        menu = self.createStandardContextMenu()
        if number >= 0:
            menu.addSeparator()
            text = self.turns[number].text
            copy = menu.addAction(tr("Copy Answer as Markdown"))
            copy.setEnabled(bool(text))
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(text))
            edit = menu.addAction(tr("Edit This Question"))
            edit.triggered.connect(lambda: self.edit_wanted.emit(number))
        return menu

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu_for(self.turn_at(self.cursorForPosition(event.pos()).position()))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    @override
    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None  # nothing in an answer is fetched, from wherever

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange and hasattr(self, "jump"):
            self.repaint_all()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        follows = self.is_at_end
        super().resizeEvent(event)
        if follows:
            self.go_to_end()
        self._place_jump()

    def _paint_next(self) -> bool:
        """Paint one piece; return whether there was one."""
        if self._pending:
            self._paint_piece(self._pending.pop(0))
            return True
        if not self._is_ended:
            self._is_ended = True
            self._end()
            return True
        if self._to_show:
            turn = self._to_show.pop(0)
            self.turns.append(turn)
            self._begin(turn)
            self._pending = pieces(turn.text)
            self._is_ended = not turn.notes
            return True
        return False

    def _begin(self, turn: _Shown) -> None:
        cursor = self._cursor()
        turn.start = cursor.position()
        cursor.beginEditBlock()
        add_line(cursor, clean(turn.question), is_question=True, is_first=turn.start == 0)
        if turn.caption:
            add_line(cursor, clean(turn.caption))
        cursor.endEditBlock()
        turn.answer = turn.end = self._open = cursor.position()
        self._stream = MarkdownStream()

    def _paint_piece(self, piece: str) -> None:
        step = self._stream.feed(piece)
        cursor = self._cursor()
        cursor.beginEditBlock()
        self._erase(self._open)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        paint(cursor, step.settled)
        self._open = cursor.position()
        paint(cursor, step.open)
        cursor.endEditBlock()
        self.turns[-1].end = cursor.position()

    def _end(self) -> None:
        cursor = self._cursor()
        cursor.beginEditBlock()
        for note in self.turns[-1].notes:
            add_line(cursor, clean(note))
        cursor.endEditBlock()

    def _cursor(self) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return cursor

    def _erase(self, start: int) -> None:
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if start == 0:
            cursor.setBlockFormat(QTextBlockFormat())
            cursor.setBlockCharFormat(QTextCharFormat())

    @Slot()
    def _place_jump(self) -> None:
        is_wanted = not self.is_at_end and bool(self.turns)
        self.jump.setVisible(is_wanted)
        if is_wanted:
            size = self.jump.sizeHint()
            view = self.viewport().geometry()
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(view.center())
            place.moveBottom(view.bottom() - 8)
            self.jump.setGeometry(place)
            self.jump.raise_()


def selection(view: QTextEdit, start: int, end: int) -> QTextCursor:
    """Return a cursor that has a stretch of a document selected."""
    cursor = QTextCursor(view.document())
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor
