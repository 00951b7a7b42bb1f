"""A leaf as a form: what belongs to its kind, its seed examples, and every problem beside what it is about."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget
from typing_extensions import override

from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.fields import Field
from espalier_desktop.pages.taxonomy.leaf_fields import LeafFields
from espalier_desktop.pages.taxonomy.leaf_view import LeafView, is_about, value_at, where_of
from espalier_desktop.pages.taxonomy.problem_list import ProblemList
from espalier_desktop.pages.taxonomy.seed_list import SeedList
from espalier_desktop.pages.taxonomy.student_check import Ask, Reply
from espalier_desktop.widgets.basics import column, label

_EDGE = 20  # px right of the fields
_SETTLES = 400  # milliseconds until everything has its place


class Form(QScrollArea):
    """The fields of one leaf. It changes nothing itself: it says what the person wants.

    Signals:
        typed: place and new text of a value.
        inserted: place and value of an item or key to add.
        removed: place of an item to remove.
        moved: place of an item, and its new index.
        mend_wanted: the problem whose mend was asked for.
        pick_wanted: index of the seed example whose context is to be picked from a document.
        ask_wanted: index of the seed example that the student is to be asked about, or no more.

    Args:
        foot: stands below the fields.
        reply_of: the student's reply to a question; `show_replies` asks it again.
    """

    typed = Signal(object, str)
    inserted = Signal(object, object)
    removed = Signal(object)
    moved = Signal(object, int)
    mend_wanted = Signal(object)
    pick_wanted = Signal(int)
    ask_wanted = Signal(int)

    def __init__(self, foot: QWidget, reply_of: Callable[[Ask], Reply | None]) -> None:
        super().__init__()
        self._reply_of = reply_of
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view: LeafView | None = None
        self._wanted: Where = ()
        self._shown: LeafFields | None = None
        self._kinds: dict[bool, LeafFields] = {}  # knowledge, or skills; made when the first such leaf is shown
        self._top = ProblemList(with_lines=True)
        self._top.mend_wanted.connect(self.mend_wanted)
        self._blocked = label(tr("The form comes back when the source can be read again."), "muted", wrap=True)
        self._rows = column(self._top, self._blocked, foot, None, spacing=16)
        inner = QWidget()
        inner.setLayout(self._rows)
        self.setWidget(inner)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        bar = self.width() - event.size().width()
        self._rows.setContentsMargins(24, 4, max(0, _EDGE - bar), 24)  # one edge, with and without the scroll bar
        super().resizeEvent(event)

    @property
    def seeds(self) -> SeedList:
        """Return the seed examples of the leaf that is shown."""
        assert self._shown, "no leaf was shown yet"
        return self._shown.seeds

    @property
    def fields(self) -> dict[Where, Field]:
        """Return the fields that are shown, by the places of their values."""
        is_blocked = self._view is None or self._view.blocked is not None
        return {} if is_blocked or not self._shown else {field.where: field for field in self._shown.fields}

    def show_view(self, view: LeafView) -> None:
        """Show a leaf; fields that stay are kept, with the caret in them."""
        is_other = self._view is None or view.path != self._view.path
        self._view = view
        if view.blocked is None:
            self._shown = self._fields_for(view.kind == "knowledge")
            self._shown.show_view(view)
        self._blocked.setVisible(view.blocked is not None)
        for each in self._kinds.values():
            each.setVisible(each is self._shown and view.blocked is None)
        self._fill()
        if is_other:
            for field in self.fields.values():
                field.edit.moveCursor(QTextCursor.MoveOperation.Start)
        if self._wanted:
            self.go_to(self._wanted)
            self._wanted = ()

    def give(self) -> None:
        """Hand over what is being typed."""
        for field in self.fields.values():
            field.give()

    def show_replies(self) -> None:
        """Show what the student answers, in the cards that are open."""
        if self._shown:
            self._shown.seeds.show_replies(self._reply_of)

    def open_cards(self) -> None:
        """Open every seed example."""
        self.seeds.open(range(len(self.seeds.cards)))
        self._fill()

    def go_to(self, where: Where) -> None:
        """Put the keyboard on the field at a place, or on the nearest one, and show it."""
        match where:
            case ("seed_examples", int(index), *_) if index < len(self.seeds.cards):
                self.seeds.open([index])
        fields = self.fields
        found = [field for place, field in fields.items() if place[: len(where)] == where]
        if found:
            found[0].edit.setFocus()
            self.widget().layout().activate()  # type: ignore[union-attr]  # it has one
            self.ensureWidgetVisible(found[0], 0, 60)
        elif fields:
            next(iter(fields.values())).edit.setFocus()

    @Slot(object)
    def bring_into_view(self, widget: QWidget) -> None:
        """Show a widget that has just been put into the form, and keep it in sight while what is above it settles."""

        def show() -> None:
            self.ensureWidgetVisible(widget, 0, 40)

        changed = self.verticalScrollBar().rangeChanged
        changed.connect(show)
        QTimer.singleShot(0, widget, show)  # once it has its place
        QTimer.singleShot(_SETTLES, self, lambda: changed.disconnect(show))

    def _fields_for(self, is_knowledge: bool) -> LeafFields:
        if is_knowledge not in self._kinds:
            made = self._kinds[is_knowledge] = LeafFields(is_knowledge)
            self._rows.insertWidget(2, made)
            for field in made.fields:
                self._listen_to(field)
            made.made.connect(self._listen_to)
            seeds = made.seeds
            seeds.opened.connect(self._fill)
            seeds.inserted.connect(self._insert)
            seeds.removed.connect(self.removed)
            seeds.moved.connect(self.moved)
            seeds.mend_wanted.connect(self.mend_wanted)
            seeds.pick_wanted.connect(self.pick_wanted)
            seeds.ask_wanted.connect(self.ask_wanted)
        return self._kinds[is_knowledge]

    @Slot(object)
    def _listen_to(self, field: Field) -> None:
        field.typed.connect(self.typed)
        field.mend_wanted.connect(self.mend_wanted)
        self._show_value(field)

    def _show_value(self, field: Field) -> None:
        if self._view:
            problems = self._problems_at(field.where)
            field.show_value(value_at(self._view.contents, field.where), problems, self._view.fixable)

    @Slot()
    def _fill(self) -> None:
        view = self._view
        assert view
        if view.blocked:
            self._top.show_problems(view.problems, view.fixable)
            return
        for field in self.fields.values():
            self._show_value(field)
        self.seeds.show_problems(self._elsewhere, self._problems_at(("seed_examples",)))
        self.show_replies()
        rest = [problem for problem in view.problems if where_of(problem)[:1] != ("seed_examples",)]
        rest = [problem for problem in rest if problem not in self.seeds.problems.problems]
        self._top.show_problems(self._elsewhere(rest), view.fixable)

    def _problems_at(self, where: Where) -> list[Problem]:
        view = self._view
        return [problem for problem in view.problems if is_about(problem, where)] if view else []

    def _elsewhere(self, problems: Sequence[Problem]) -> list[Problem]:
        shown = {problem for field in self.fields.values() for problem in field.problems.problems}
        return [problem for problem in problems if problem not in shown]

    @Slot(object, object)
    def _insert(self, where: Where, value: object) -> None:
        self._wanted = where
        self.inserted.emit(where, value)
