"""The lower half of Review: the chosen sample, the thresholds, the rejections in groups, or the balance."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from espalier.synthesis.samples_view import Effect, Filter
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.balance import BalancePane
from espalier_desktop.pages.review.groups import GroupsPane
from espalier_desktop.pages.review.reader import Reader
from espalier_desktop.pages.review.store import SampleStore
from espalier_desktop.pages.review.thresholds import ThresholdPane
from espalier_desktop.widgets.basics import column, label, row
from espalier_desktop.widgets.segments import Segments


class Panes(QWidget):
    """One of four panes, and the buttons that choose among them.

    Signals:
        effect_changed: the rows that the thresholds would move are others, or are wanted, or no longer.
        looked_for: other rows are looked for: a `Filter`.

    Attributes:
        chosen: key of the pane that is shown.
    """

    effect_changed = Signal()
    looked_for = Signal(object)

    def __init__(self, store: SampleStore) -> None:
        super().__init__()
        self._store = store
        self._is_idle = True
        self.reader, self.thresholds, self.groups, self.balance = Reader(), ThresholdPane(), GroupsPane(), BalancePane()
        panes: dict[str, tuple[str, QWidget]] = {
            "sample": (tr("Sample"), self.reader),
            "thresholds": (tr("Thresholds"), self.thresholds),
            "groups": (tr("Rejections"), self.groups),
            "balance": (tr("Balance"), self.balance),
        }
        self.segments = Segments({key: title for key, (title, _) in panes.items()}, tr("Below the table"))
        self._stack = QStackedWidget()
        for _, pane in panes.values():
            self._stack.addWidget(pane)
        keys = label(tr("Y keep · D drop · E edit · R regenerate · ← → move"), "caption")
        layout = column(row(self.segments, None, keys), self._stack, spacing=12)
        layout.setContentsMargins(24, 12, 24, 16)
        self.setLayout(layout)
        self.chosen = "sample"
        self.segments.choose(self.chosen)
        self.segments.chosen.connect(self.show_pane)
        self.thresholds.drafted.connect(self._on_drafted)
        self.thresholds.shown.connect(lambda _: self.effect_changed.emit())
        self.balance.wanted.connect(lambda leaf, source: self.looked_for.emit(Filter(leaf=leaf, source=source)))

    @property
    def effect(self) -> Effect | None:
        """Return what the drafted thresholds would do, when only such rows are wanted."""
        return self._effect() if self.thresholds.only.isChecked() else None

    @Slot(str)
    def show_pane(self, pane: str) -> None:
        """Show sample, thresholds, groups or balance; another key changes nothing."""
        if pane not in self.segments.buttons:
            return
        self.chosen = pane
        self.segments.choose(pane)
        self._stack.setCurrentIndex(list(self.segments.buttons).index(pane))
        if pane != "thresholds":
            self.thresholds.only.setChecked(False)
        self.refresh(is_idle=self._is_idle)

    def refresh(self, *, is_idle: bool) -> None:
        """Show what the samples are now.

        Args:
            is_idle: whether the teacher can be asked.
        """
        self._is_idle, view = is_idle, self._store.view
        if self.chosen == "thresholds":
            self.thresholds.show_view(view)
            self._on_drafted()
        elif self.chosen == "groups":
            self.groups.show_view(view, view.edited_examples(), is_idle=is_idle)
        elif self.chosen == "balance":
            self.balance.show_view(view)

    def follow(self, wanted: Filter) -> None:
        """Choose in the lists what the filter looks for."""
        self.groups.list.choose(wanted.check if wanted.kind == "rejected" else "")
        self.balance.leaves.choose(wanted.leaf)
        self.balance.sources.choose(wanted.source)

    def _effect(self) -> Effect:
        return self._store.view.effect({**self._store.view.thresholds, **self.thresholds.draft})

    @Slot()
    def _on_drafted(self) -> None:
        thresholds = {**self._store.view.thresholds, **self.thresholds.draft}
        self.thresholds.show_effect(self._store.view, thresholds, self._effect())
        if self.thresholds.only.isChecked():
            self.effect_changed.emit()
