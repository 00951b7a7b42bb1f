"""A leaf as a form: what belongs to its kind, its seed examples, and every problem beside what it is about."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.fields import Field
from espalier_desktop.pages.taxonomy.leaf_view import LeafView, blank_seed, is_about, value_at, where_of
from espalier_desktop.pages.taxonomy.problem_list import ProblemList
from espalier_desktop.pages.taxonomy.seed_card import SeedCard
from espalier_desktop.pages.taxonomy.student_check import Ask, Reply
from espalier_desktop.widgets.basics import button, column, label, row, set_role

SEEDS = 5  # at least
_FEW = 2  # seed examples: so many are open at first


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
        self._foot, self._reply_of = foot, reply_of
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.cards: list[SeedCard] = []
        self.fields: dict[Where, Field] = {}
        self._view: LeafView | None = None
        self._shape: object = None
        self._open: set[int] = set()
        self._wanted: Where = ()

    def show_view(self, view: LeafView) -> None:
        """Show a leaf; fields that stay are kept, with the caret in them."""
        if self._view is None or view.path != self._view.path:
            self._open = set(range(min(_FEW, len(view.seeds))))
            self._shape = None
        self._view = view
        shape = (view.path, view.kind, [_shape_of(seed) for seed in view.seeds], view.blocked is None)
        if shape != self._shape:
            self._shape = shape
            self._build(view)
        self._fill()
        if self._wanted:
            self.go_to(self._wanted)
            self._wanted = ()

    def give(self) -> None:
        """Hand over what is being typed."""
        for field in list(self.fields.values()):
            field.give()

    def show_replies(self) -> None:
        """Show what the student answers, in the cards that are open."""
        for card in self.cards:
            if card.is_open:
                card.show_replies(self._reply_of)

    def open_cards(self) -> None:
        """Open every seed example."""
        self._open = set(range(len(self.cards)))
        for card in self.cards:
            card.open(True)
        self._fill()

    def go_to(self, where: Where) -> None:
        """Put the keyboard on the field at a place, or on the nearest one, and show it."""
        if len(where) > 1 and where[0] == "seed_examples" and isinstance(where[1], int) and where[1] < len(self.cards):
            self._open.add(where[1])
            self.cards[where[1]].open(True)
        found = [field for place, field in self.fields.items() if place[: len(where)] == where]
        if found:
            found[0].edit.setFocus()
            self.widget().layout().activate()  # type: ignore[union-attr]  # it has one
            self.ensureWidgetVisible(found[0], 0, 60)
        elif self.fields:
            next(iter(self.fields.values())).edit.setFocus()

    def _build(self, view: LeafView) -> None:
        at = self.verticalScrollBar().value()
        for field in self.fields.values():
            field.blockSignals(True)  # its place may be another's now
        self._foot.setParent(None)
        if old := self.takeWidget():
            old.hide()
            old.deleteLater()  # not at once: one of its buttons may be what was clicked
        self.fields, self.cards = {}, []
        self._top = ProblemList(with_lines=True)
        self._top.mend_wanted.connect(self.mend_wanted)
        body = column(self._top, spacing=16)
        body.setContentsMargins(24, 4, 20, 24)
        if view.blocked:
            text = tr("The form comes back when the source can be read again.")
            body.addWidget(label(text, "muted", wrap=True))
        else:
            self._add_fields(body, view)
        body.addWidget(self._foot)
        body.addStretch(1)
        inner = QWidget()
        inner.setLayout(body)
        self.setWidget(inner)
        self._foot.show()
        inner.show()
        self.verticalScrollBar().setValue(at)

    def _add_fields(self, body: Any, view: LeafView) -> None:
        by = (("created_by",), tr("Written by"), 1, tr("Your name, or your name on GitHub"))
        if view.kind == "knowledge":
            head = [
                (("document_outline",), tr("What the documents are about"), 2, tr("One or two sentences")),
                (("domain",), tr("Domain"), 1, tr("Such as science or engineering")),
                by,
            ]
        else:
            head = [(("task_description",), tr("What the skill is"), 2, tr("What the model shall do, and how")), by]
        for where, title, lines, help_text in head:
            body.addWidget(self._listened(Field(where, title, title, lines, help_text)))
        self._count = label(role="muted")
        above = row(label(tr("Seed examples"), "headline"), None, self._count)
        self._seeds = ProblemList()
        self._seeds.mend_wanted.connect(self.mend_wanted)
        cards = column(above, self._seeds, spacing=8)
        for index, seed in enumerate(view.seeds):
            card = SeedCard(index, len(view.seeds), seed, view.kind)
            self._listen_to(card, index)
            self.cards.append(card)
            cards.addWidget(card)
            card.open(index in self._open)
        self.add = button(tr("Add Seed Example"), self._add_seed, picture="plus")
        cards.addLayout(row(self.add, None))
        body.addLayout(cards)
        if view.kind == "knowledge":
            self._add_document(body, view)

    def _add_document(self, body: Any, view: LeafView) -> None:
        text = tr("InstructLab reads the documents from a Git repository. Espalier itself uses those that you import.")
        rows = column(label(tr("Where the documents are kept"), "headline"), label(text, "muted", wrap=True), spacing=8)
        fields = [
            (("document", "repo"), tr("Repository"), tr("Its address, such as https://github.com/…")),
            (("document", "commit"), tr("Commit"), tr("The 40 characters that name one state of it")),
        ]
        patterns = value_at(view.contents, ("document", "patterns"))
        for index in range(len(patterns) if isinstance(patterns, list) else 0):
            name = tr("Files {number}").format(number=index + 1)
            fields.append((("document", "patterns", index), name, tr("Such as docs/*.md")))  # type: ignore[arg-type]
        for where, title, help_text in fields:
            rows.addWidget(self._listened(Field(where, title, title, 1, help_text)))
        body.addLayout(rows)

    def _listen_to(self, card: SeedCard, index: int) -> None:
        card.made.connect(self._listened)
        card.problems.mend_wanted.connect(self.mend_wanted)
        card.opened.connect(partial(self._on_opened, index))
        card.up.connect(partial(self._move, index, index - 1))
        card.down.connect(partial(self._move, index, index + 1))
        card.removed.connect(partial(self._remove, index))
        card.added.connect(self._add_below)
        card.dropped.connect(self.removed)
        card.pick_wanted.connect(partial(self.pick_wanted.emit, index))
        card.ask_wanted.connect(partial(self.ask_wanted.emit, index))

    def _listened(self, field: Field) -> Field:
        self.fields[field.where] = field
        field.typed.connect(self.typed)
        field.mend_wanted.connect(self.mend_wanted)
        self._show_value(field)
        return field

    def _show_value(self, field: Field) -> None:
        if self._view:
            problems = self._problems_at(field.where)
            field.show_value(value_at(self._view.contents, field.where), problems, self._view.fixable)

    def _fill(self) -> None:
        view = self._view
        assert view
        if view.blocked:
            self._top.show_problems(view.problems, view.fixable)
            return
        for field in self.fields.values():
            self._show_value(field)
        for index, card in enumerate(self.cards):
            inside = [problem for problem in view.problems if where_of(problem)[:2] == card.where]
            card.show_title(view.seeds[index], sum(problem.is_error for problem in inside))
            card.problems.show_problems(self._elsewhere(inside) if card.is_open else [], view.fixable)
        self.show_replies()
        self._seeds.show_problems(self._problems_at(("seed_examples",)), view.fixable)
        rest = [problem for problem in view.problems if where_of(problem)[:1] != ("seed_examples",)]
        rest = [problem for problem in rest if problem not in self._seeds.problems]
        self._top.show_problems(self._elsewhere(rest), view.fixable)
        count = tr("{count} of {least}").format(count=len(view.seeds), least=SEEDS)
        self._count.setText(count if len(view.seeds) < SEEDS else tr("%n seed example(s)", len(view.seeds)))
        set_role(self._count, "error" if len(view.seeds) < SEEDS else "muted")

    def _problems_at(self, where: Where) -> list[Problem]:
        view = self._view
        return [problem for problem in view.problems if is_about(problem, where)] if view else []

    def _elsewhere(self, problems: Sequence[Problem]) -> list[Problem]:
        shown = {problem for field in self.fields.values() for problem in field.problems.problems}
        return [problem for problem in problems if problem not in shown]

    def _on_opened(self, index: int, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(index)
        self._fill()

    def _add_seed(self) -> None:
        view = self._view
        assert view
        where: Where = ("seed_examples", len(view.seeds))
        self._open = {len(view.seeds)}
        self._wanted = where
        self.inserted.emit(where, blank_seed(view.kind))

    def _add_below(self, where: Where, value: object) -> None:
        self._wanted = where
        self.inserted.emit(where, value)

    def _move(self, index: int, to: int) -> None:
        swapped = {index: to, to: index}
        self._open = {swapped.get(each, each) for each in self._open}
        self._shape = None
        self.moved.emit(("seed_examples", index), to)

    def _remove(self, index: int) -> None:
        self._open = {each - (each > index) for each in self._open if each != index}
        self._shape = None
        self.removed.emit(("seed_examples", index))


def _shape_of(seed: Any) -> object:
    if not isinstance(seed, dict):
        return None
    pairs = seed.get("questions_and_answers")
    return len(pairs) if isinstance(pairs, list) else "context" in seed
