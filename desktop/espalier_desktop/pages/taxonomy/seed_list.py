"""The seed examples of a leaf, as cards one below the other."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.fields import Field
from espalier_desktop.pages.taxonomy.leaf_view import LeafView, blank_seed, where_of
from espalier_desktop.pages.taxonomy.problem_list import ProblemList
from espalier_desktop.pages.taxonomy.seed_card import SeedCard, shape_of
from espalier_desktop.pages.taxonomy.student_check import Ask, Reply
from espalier_desktop.widgets.basics import button, column, label, row, set_role

SEEDS = 5  # at least
_FEW = 2  # seed examples: so many are open at first
_AT_ONCE = 4  # fields: when so many were made for a leaf, the next card is filled a moment later, below what is seen


class SeedList(QWidget):
    """Cards that are filled again when another leaf has seed examples of the same shape.

    Signals:
        made: a field was made, to be filled and listened to.
        opened: a card was opened or closed.
        inserted: place and value of an item or key to add.
        removed: place of an item to remove.
        moved: place of a seed example, and its new index.
        mend_wanted: the problem whose mend was asked for.
        pick_wanted: index of the seed example whose context is to be picked from a document.
        ask_wanted: index of the seed example that the student is to be asked about, or no more.
    """

    made = Signal(object)
    opened = Signal()
    inserted = Signal(object, object)
    removed = Signal(object)
    moved = Signal(object, int)
    mend_wanted = Signal(object)
    pick_wanted = Signal(int)
    ask_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[SeedCard] = []
        self._view: LeafView | None = None
        self._open: set[int] = set()
        self._count = label(role="muted")
        self.problems = ProblemList()
        self.problems.mend_wanted.connect(self.mend_wanted)
        self.add = button(tr("Add Seed Example"), self._add, picture="plus")
        self._cards = column(spacing=8)
        head = row(label(tr("Seed examples"), "headline"), None, self._count)
        self.setLayout(column(head, self.problems, self._cards, row(self.add, None), spacing=8))
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._open_next)

    @property
    def fields(self) -> list[Field]:
        """Return the fields of all cards that were opened, from the top down."""
        return [field for card in self.cards for field in card.fields]

    def show_view(self, view: LeafView) -> None:
        """Show the seed examples of a leaf; of another leaf, the first few are open."""
        is_other = self._view is None or view.path != self._view.path
        self._view = view
        if is_other:
            self._open = set(range(min(_FEW, len(view.seeds))))
        made = 0
        for index, seed in enumerate(view.seeds):
            card = self._card(index, view)
            card.stand_among(len(view.seeds))
            card.show_title(seed)
            is_late = is_other and made >= _AT_ONCE and not card.is_filled
            made += 0 if card.is_filled else -len(card.fields)
            card.open(index in self._open and not is_late)
            made += len(card.fields) if not is_late else 0
        for card in self.cards[len(view.seeds) :]:
            self._let_go(card)
        del self.cards[len(view.seeds) :]
        self._soon.start()

    def show_problems(self, elsewhere: Callable[[Sequence[Problem]], list[Problem]], own: Sequence[Problem]) -> None:
        """Show in each open card the problems inside it that stand at none of its fields, and those of the list."""
        view = self._view
        assert view
        for index, card in enumerate(self.cards):
            inside = [problem for problem in view.problems if where_of(problem)[:2] == card.where]
            card.show_title(view.seeds[index], sum(problem.is_error for problem in inside))
            card.problems.show_problems(elsewhere(inside) if card.is_open else [], view.fixable)
        self.problems.show_problems(own, view.fixable)
        is_short = len(view.seeds) < SEEDS
        few = tr("{count} of {least}").format(count=len(view.seeds), least=SEEDS)
        self._count.setText(few if is_short else tr("%n seed example(s)", len(view.seeds)))
        set_role(self._count, "error" if is_short else "muted")

    def show_replies(self, reply_of: Callable[[Ask], Reply | None]) -> None:
        """Show what the student answers, in the cards that are open."""
        for card in self.cards:
            if card.is_open:
                card.show_replies(reply_of)

    def open(self, indexes: Sequence[int]) -> None:
        """Open these cards besides those that are."""
        for index in indexes:
            self._open.add(index)
            self.cards[index].open(True)

    def _card(self, index: int, view: LeafView) -> SeedCard:
        """Return the card at an index, another one when the seed example there has another shape."""
        seed = view.seeds[index]
        if index < len(self.cards) and self.cards[index].shape == shape_of(seed, view.kind):
            return self.cards[index]
        card = SeedCard(index, seed, view.kind)
        card.made.connect(self.made)
        card.problems.mend_wanted.connect(self.mend_wanted)
        card.opened.connect(partial(self._on_opened, index))
        card.up.connect(partial(self._move, index, index - 1))
        card.down.connect(partial(self._move, index, index + 1))
        card.removed.connect(partial(self._remove, index))
        card.added.connect(self.inserted)
        card.dropped.connect(self.removed)
        card.pick_wanted.connect(partial(self.pick_wanted.emit, index))
        card.ask_wanted.connect(partial(self.ask_wanted.emit, index))
        if index < len(self.cards):
            self._let_go(self.cards[index])
            self.cards[index] = card
        else:
            self.cards.append(card)
        self._cards.insertWidget(index, card)
        return card

    def _let_go(self, card: SeedCard) -> None:
        for field in card.fields:
            field.blockSignals(True)  # its place may be another's now
        self._cards.removeWidget(card)
        card.hide()
        card.deleteLater()  # not at once: one of its buttons may be what was clicked

    @Slot()
    def _open_next(self) -> None:
        for index in sorted(self._open):
            if index < len(self.cards) and not self.cards[index].is_open:
                self.cards[index].open(True)
                self.opened.emit()
                self._soon.start()
                return

    def _on_opened(self, index: int, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(index)
        self.opened.emit()

    def _add(self) -> None:
        view = self._view
        assert view
        where: Where = ("seed_examples", len(view.seeds))
        self._open = {len(view.seeds)}
        self.inserted.emit(where, blank_seed(view.kind))

    def _move(self, index: int, to: int) -> None:
        swapped = {index: to, to: index}
        self._open = {swapped.get(each, each) for each in self._open}
        self.moved.emit(("seed_examples", index), to)
        if to < len(self.cards):
            self.cards[to].head.setFocus()

    def _remove(self, index: int) -> None:
        self._open = {each - (each > index) for each in self._open if each != index}
        self.removed.emit(("seed_examples", index))
