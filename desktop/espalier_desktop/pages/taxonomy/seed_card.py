"""One seed example as a card: closed it is its first question, open it is its fields."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from espalier.taxonomy.leaf import Kind
from espalier.taxonomy.leaf_text import Where
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.taxonomy.fields import Field
from espalier_desktop.pages.taxonomy.leaf_view import pairs_of, seed_title
from espalier_desktop.pages.taxonomy.problem_list import ProblemList
from espalier_desktop.pages.taxonomy.student_check import Ask, Reply, asks_of
from espalier_desktop.pages.taxonomy.student_note import StudentNote
from espalier_desktop.widgets.basics import button, column, label, line, row


class SeedCard(QFrame):
    """A seed example; its fields are made when it is opened for the first time.

    Signals:
        opened: whether it is open now.
        up, down, removed: the button of that name was pressed.
        added: place and value of a pair or a context to add.
        dropped: place of a pair to remove.
        made: a field was made, to be filled and listened to.
        pick_wanted: the context is to be picked from a document.
        ask_wanted: the student is to be asked the questions, or asked no more.
    """

    opened = Signal(bool)
    up = Signal()
    down = Signal()
    removed = Signal()
    added = Signal(object, object)
    dropped = Signal(object)
    made = Signal(object)
    pick_wanted = Signal()
    ask_wanted = Signal()

    def __init__(self, index: int, seed: Any, kind: Kind) -> None:
        super().__init__()
        self.shape = shape_of(seed, kind)
        self.setProperty("role", "card")
        self.where: Where = ("seed_examples", index)
        self._seed, self._kind, self._number = seed, kind, index + 1
        self.fields: list[Field] = []
        self.notes: dict[Where, StudentNote] = {}
        self._body = QWidget()
        self._body.hide()
        self.ask = button(tr("Does the Student Know This?"), self.ask_wanted.emit)
        self.ask.setParent(self._body)  # at once: a card that is never opened would leave it behind
        self.problems = ProblemList()
        self.head = _Fold()
        self.head.clicked.connect(self.toggle)
        self.head.setIconSize(QSize(12, 12))
        self._badge = label(role="error")
        up = _tool("up", tr("Move seed example {number} up"), index, self.up.emit)
        down = _tool("down", tr("Move seed example {number} down"), index, self.down.emit)
        remove = _tool("close", tr("Remove seed example {number}"), index, self.removed.emit)
        up.setEnabled(index > 0)
        self._tools = (up, down, remove)
        top = row(self.head, self._badge, *self._tools, spacing=2)
        top.setStretch(0, 1)
        layout = column(top, self.problems, self._body, spacing=8)
        layout.setContentsMargins(8, 6, 8, 6)
        self.setLayout(layout)
        self.show_title(seed)

    @property
    def is_open(self) -> bool:
        """Return whether the fields are shown."""
        return not self._body.isHidden()

    @property
    def is_filled(self) -> bool:
        """Return whether the fields are made."""
        return self._body.layout() is not None

    def stand_among(self, count: int) -> None:
        """Let it be moved within a list of so many."""
        self._tools[1].setEnabled(self._number < count)

    def show_title(self, seed: Any, errors: int = 0) -> None:
        """Show the first question, or what stands in its place, and how many errors are inside."""
        self._seed = seed
        words = seed_title(seed) or tr("(no question yet)")
        self.head.show_title(f"{self._number}   {words}")
        state = tr("open") if self.is_open else tr("closed")
        name = tr("Seed example {number}, {state}: {question}")
        self.head.setAccessibleName(name.format(number=self._number, state=state, question=words))
        self.head.setIcon(icon("down" if self.is_open else "forward", "muted"))
        self._badge.setText(tr("%n error(s)", errors) if errors else "")

    def show_replies(self, reply_of: Callable[[Ask], Reply | None]) -> None:
        """Show what the student answers to each question."""
        asks = asks_of(self._seed, self._kind)
        replies = [reply_of(ask) for ask in asks]
        for (where, question, expected), reply in zip(pairs_of(self._seed), replies, strict=True):
            if note := self.notes.get((*self.where, *where)):
                note.show_reply(reply, question, expected, is_skill=self._kind != "knowledge")
        is_asking = any(reply and reply.waiting for reply in replies)
        self.ask.setText(tr("Stop Asking") if is_asking else tr("Does the Student Know This?"))
        self.ask.setEnabled(any(question for question, _ in asks))

    def toggle(self) -> None:
        """Open the card when it is closed, and the other way round."""
        self.open(not self.is_open)
        self.opened.emit(self.is_open)

    def open(self, is_open: bool) -> None:
        """Show or hide the fields."""
        if is_open and not self.is_filled:
            self._fill()
        self._body.setVisible(is_open)
        for tool in self._tools:  # Tab passes quickly over closed cards
            tool.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_open else Qt.FocusPolicy.ClickFocus)
        self.show_title(self._seed)

    def _fill(self) -> None:
        body = column(spacing=12)
        body.setContentsMargins(10, 0, 10, 8)
        self._body.setLayout(body)
        if not isinstance(self._seed, Mapping):
            self.ask.hide()
            body.addWidget(label(tr("This seed example is no group of keys. Mend it in the source."), wrap=True))
            return
        if self._kind == "skill":
            self._add_pair(body, self.where)
            add = button(tr("Add a Context"), lambda: self.added.emit((*self.where, "context"), ""), role="link")
            body.addLayout(row(self.ask, None, add))
            return
        help_text = tr("A passage from your document that answers the questions below.")
        context = self._add(body, (*self.where, "context"), tr("Context"), 3, help_text)
        if self._kind == "grounded skill":
            self._add_pair(body, self.where)
            body.addLayout(row(self.ask, None))
            return
        context.offer(tr("Pick from Document…"), self.pick_wanted.emit)
        pairs = self._seed.get("questions_and_answers")
        pairs = pairs if isinstance(pairs, list) else []
        for number in range(len(pairs)):
            where = (*self.where, "questions_and_answers", number)
            body.addWidget(line())
            drop = _tool("close", tr("Remove pair {number}"), number, partial(self.dropped.emit, where))
            body.addLayout(row(label(tr("Pair {number}").format(number=number + 1), "strong"), None, drop))
            self._add_pair(body, where, tr("pair {number}").format(number=number + 1))
        where = (*self.where, "questions_and_answers", len(pairs))
        add = button(tr("Add Pair"), lambda: self.added.emit(where, _pair()), picture="plus")
        body.addLayout(row(add, self.ask, None))

    def _add_pair(self, body: QVBoxLayout, where: Where, of: str = "") -> None:
        self._add(body, (*where, "question"), tr("Question"), 1, of=of)
        self._add(body, (*where, "answer"), tr("Answer"), 1, of=of)
        self.notes[where] = StudentNote()
        body.addWidget(self.notes[where])

    def _add(self, body: QVBoxLayout, where: Where, title: str, lines: int, help_text: str = "", of: str = "") -> Field:
        seed = tr("seed example {number}").format(number=self._number)
        field = Field(where, title, ", ".join(part for part in (title, of, seed) if part), lines, help_text)
        self.fields.append(field)
        body.addWidget(field)
        self.made.emit(field)
        return field


class _Fold(QPushButton):
    """A button as wide as there is room, with its text cut where that ends."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self.setProperty("role", "fold")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_title(self, title: str) -> None:
        """Show a text as far as there is room."""
        self._title = title
        self.setText(self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, max(self.width() - 36, 40)))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_title(self._title)


def shape_of(seed: Any, kind: Kind) -> object:
    """Return what decides which fields a card has; equal for seed examples that can stand in the same card."""
    if not isinstance(seed, Mapping):
        return None
    pairs = seed.get("questions_and_answers")
    return kind, len(pairs) if isinstance(pairs, list) else None


def _pair() -> dict[str, str]:
    return {"question": "", "answer": ""}


def _tool(picture: str, name: str, index: int, do: Any) -> QToolButton:
    made = QToolButton()
    made.setIcon(icon(picture, "muted"))
    made.setIconSize(QSize(16, 16))
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setAccessibleName(name.format(number=index + 1))
    made.setToolTip(name.format(number=index + 1))
    made.clicked.connect(lambda: do())
    return made
