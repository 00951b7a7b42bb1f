"""How the practice is spread: over the branches and leaves, and over the facts of one leaf."""

from collections.abc import Sequence
from textwrap import shorten

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from espalier.synthesis.samples_view import Share, View
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.wording import branch_title
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.bar_list import Bar, BarList
from espalier_desktop.widgets.basics import column, label, row
from espalier_desktop.widgets.formats import number

_LETTERS = 60  # of a fact in a sentence
_SHORT = 0.5  # of the average: what has less is said to be short


class BalancePane(QWidget):
    """Branches and leaves beside the facts of the chosen leaf, those with the least practice first.

    Signals:
        wanted: leaf or branch, and source, whose rows shall be shown; "" for all.
    """

    wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self.leaves = BarList(tr("Practice of each branch and leaf"))
        self.sources = BarList(tr("Practice of each fact"))
        self.leaves.chosen.connect(self._choose_leaf)
        self.sources.chosen.connect(lambda source: self.wanted.emit(self.leaves.current, source))
        self.leaf_sentence = label(role="muted", wrap=True)
        self.leaf_sentence.setMinimumSize(120, 34)  # two lines; a wrapped label asks for more than it gets
        self.source_sentence = label(role="muted", wrap=True)
        self.source_sentence.setMinimumSize(120, 34)  # two lines; a wrapped label asks for more than it gets
        self.title = label(role="section")
        left = column(self.title, self.leaves, self.leaf_sentence, spacing=8)
        right = column(label(tr("Facts of the leaf"), "section"), self.sources, self.source_sentence, spacing=8)
        layout = row(left, right, spacing=16)
        layout.setStretch(0, 1)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_view(self, view: View) -> None:
        """Show how the rows of a view are spread."""
        self._view = view
        branches, shares = view.branches(), view.shares()
        self.title.setText(tr("Branches and leaves") if branches else tr("Leaves"))
        self.leaves.show_bars([*_branch_bars(branches), *_bars(shares, is_leaf=True)])
        self.leaf_sentence.setText(_sentence(shares, is_leaf=True))
        self._show_sources()

    def _choose_leaf(self, leaf: str) -> None:
        self._show_sources()
        self.wanted.emit(leaf, "")

    def _show_sources(self) -> None:
        assert self._view
        leaf = self.leaves.current or (self._view.table.leaves[0] if len(self._view.table.leaves) == 1 else "")
        shares = [share for share in self._view.shares(leaf) if share.name] if leaf else []
        self.sources.show_bars(_bars(shares, is_leaf=False))
        is_leaf = leaf in self._view.table.leaves
        choose = tr("Choose a leaf to see which of its facts have little practice.")
        self.source_sentence.setText(_sentence(shares, is_leaf=False) if is_leaf else choose)


def _bars(shares: Sequence[Share], *, is_leaf: bool) -> list[Bar]:
    most = max((share.learned for share in shares), default=0) or 1
    bars = []
    for share in shares:
        name = leaf_name(share.name) if is_leaf else " ".join(share.name.split())
        words = tr("{name}: {learned} of {all} in training")
        count = f"{number(share.learned)} / {number(share.total)}"
        words = words.format(name=name, learned=number(share.learned), all=number(share.total))
        bars.append(Bar(share.name, name, count, share.learned / most, words))
    return bars


def _branch_bars(shares: Sequence[Share]) -> list[Bar]:
    """Return the bars of branches, as long as their leaves' average."""
    most = max((share.learned / share.leaves for share in shares), default=0) or 1
    bars = []
    for share in shares:
        name = f"{branch_title(share.name)} · {tr('%n leaf(s)', share.leaves)}"
        words = tr("{name}: {learned} of {all} in training")
        words = words.format(name=name, learned=number(share.learned), all=number(share.total))
        count = f"{number(share.learned)} / {number(share.total)}"
        bars.append(Bar(share.name, name, count, share.learned / share.leaves / most, words))
    return bars


def _sentence(shares: Sequence[Share], *, is_leaf: bool) -> str:
    """Return what stands out: what has nothing, or much less than the others."""
    if not shares:
        return ""
    none = sum(not share.learned for share in shares)
    if none:
        return (
            tr("%n leaf(s) with no sample in training.", none) if is_leaf else tr("%n fact(s) without practice.", none)
        )
    average = sum(share.learned for share in shares) / len(shares)
    first = shares[0]
    if len(shares) > 1 and first.learned < _SHORT * average:
        name = leaf_name(first.name) if is_leaf else shorten(first.name, _LETTERS, placeholder="…")
        text = tr("“{name}” has {count}, the average is {average}. Generate more for it, or keep some of its rows.")
        return text.format(name=name, count=number(first.learned), average=number(average))
    return tr("The practice is evenly spread: {average} on average.").format(average=number(average))
