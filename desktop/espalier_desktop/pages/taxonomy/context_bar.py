"""How long the chosen passage is, and the seed example that it becomes the context of."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from espalier.taxonomy.hints import MAX_WORDS
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row, set_role

NEW_SEED = -1


class ContextBar(QWidget):
    """A counter, a choice of seed examples, and a button.

    Signals:
        picked: index of a seed example, or NEW_SEED, and the passage.
    """

    picked = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._passage = ""
        self.counter = label(role="muted")
        self.seeds = QComboBox()
        self.seeds.setAccessibleName(tr("Seed example that gets the context"))
        self.seeds.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.seeds.setMinimumContentsLength(14)
        self.use = button(tr("Use as Context"), self._pick, role="primary")
        bar = row(self.seeds, self.use, spacing=8)
        bar.setStretch(0, 1)
        self.setLayout(column(self.counter, bar, spacing=8))
        self.show_passage("")

    def show_seeds(self, titles: Sequence[str], *, is_new_leaf: bool) -> None:
        """Offer these seed examples and a new one; the chosen one stays, but in a leaf that is shown anew."""
        choices = [*titles, tr("New seed example")]
        before = [self.seeds.itemText(place) for place in range(self.seeds.count())]
        if choices == before and not is_new_leaf:
            return
        chosen = self.seeds.currentIndex()
        is_new = is_new_leaf or chosen == len(before) - 1
        self.seeds.clear()
        self.seeds.addItems(choices)
        self.seeds.setCurrentIndex(len(titles) if is_new else min(chosen, len(titles)))

    def show_passage(self, passage: str) -> None:
        """Show how long a passage is."""
        self._passage = passage
        words, limit = len(passage.split()), MAX_WORDS["context"]
        text = tr("{count} of {limit} words").format(count=words, limit=limit)
        self.counter.setText(text if words else tr("Select a passage"))
        set_role(self.counter, "warning" if words > limit else "muted")
        self.use.setEnabled(words > 0)

    def _pick(self) -> None:
        place = self.seeds.currentIndex()
        self.picked.emit(NEW_SEED if place == self.seeds.count() - 1 else place, self._passage)
