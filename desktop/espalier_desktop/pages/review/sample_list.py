"""The upper half of Review: what is looked for, the rows that were found, and which of them are chosen."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from espalier.synthesis.final import Final
from espalier.synthesis.samples_view import Effect, Filter
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.filter_bar import FilterBar
from espalier_desktop.pages.review.rows_model import RowsModel
from espalier_desktop.pages.review.store import SampleStore
from espalier_desktop.pages.review.table_view import SamplesTable
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number


class SampleList(QWidget):
    """The filter, the table below it, and the row that is shown in full.

    Signals:
        moved: the person went to another row.

    Attributes:
        current: the row of the store that is shown, -1 before there is one.
    """

    moved = Signal()

    def __init__(self, store: SampleStore, actions: Sequence[QPushButton]) -> None:
        super().__init__()
        self._store = store
        self.current = -1
        self._pointed: Filter | None = None  # that waits until its leaf has been read
        self._is_refreshing = False
        self.filter = FilterBar()
        self.model = RowsModel(store, self)
        self.table = SamplesTable(self.model)
        self.summary = label(role="muted")
        nothing = button(tr("Clear Filter"), self.filter.reset)
        text = tr("Look for something else, or clear the filter to see every sample again.")
        self._found = empty_or(EmptyState("review", tr("No row matches"), text, nothing), self.table)
        about = row(self.summary, None, self.filter.range, 12, *actions, spacing=8)
        layout = column(self.filter, about, self._found, spacing=10)
        layout.setContentsMargins(24, 16, 24, 12)
        self.setLayout(layout)
        self.table.selectionModel().currentChanged.connect(self._on_current)

    @property
    def chosen(self) -> list[int]:
        """Return the rows of the store that are chosen, in the order in which they are shown."""
        selected = self.table.selectionModel().selectedRows()
        return [int(self.model.rows[index.row()]) for index in sorted(selected, key=QModelIndex.row)]

    @property
    def shown(self) -> Final | None:
        """Return how the row stands that is shown in full; None where there is none, or it is being written anew."""
        has_row = 0 <= self.current < len(self._store.view.table) and self.model.rowCount()
        return self._store.final(self.current) if has_row else None

    def point_to(self, wanted: Filter) -> None:
        """Look for some rows, also where they have not been read yet."""
        self._pointed = wanted
        self.filter.choose(wanted)

    def offer(self) -> None:
        """Offer the leaves and checks that the samples have now."""
        self.filter.offer(sorted(self._store.view.table.leaves), self._store.view.table.checks)
        if self._pointed and self.filter.wanted != self._pointed:
            self.filter.choose(self._pointed)
        if not self._store.is_loading:
            self._pointed = None

    def refresh(self, effect: Effect | None = None) -> None:
        """Show what the filter lets through; the row that was shown stays so, or the one that takes its place.

        Args:
            effect: when given, only rows that it moves.
        """
        self.filter.offer_range(self._store.view.score_range(self.filter.wanted.check))
        self.filter.clear.setEnabled(self.filter.is_set)
        place, bar = self.table.currentIndex().row(), self.table.verticalScrollBar()
        scrolled = bar.value()
        self._is_refreshing = True
        self.model.show_rows(self.filter.wanted, effect)
        count = self.model.rowCount()
        self._found.setCurrentIndex(1 if count or self._store.is_loading else 0)
        found = self.model.place_of(self.current)
        place = found if found >= 0 else min(max(place, 0), count - 1)
        bar.setValue(scrolled)
        if place >= 0:
            if place != self.table.currentIndex().row() or not self.table.selectionModel().hasSelection():
                self.table.setCurrentIndex(self.model.index(place, 0))
            self.current = int(self.model.rows[place])
        self._is_refreshing = False
        self._show_summary()

    def go_past(self) -> None:
        """Make the row below the chosen ones the one that is shown next; the one above when there is none."""
        places = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = self.model.rows
        after = places[-1] + 1 if places[-1] + 1 < len(rows) else max(0, places[0] - 1)
        self.current = int(rows[after])
        self.table.clearSelection()

    def _show_summary(self) -> None:
        counts = self._store.view.counts()
        shown = self.model.rowCount()
        every = tr("%n sample(s)", counts["all"])
        texts = [
            every if shown == counts["all"] else tr("{count} of {samples}").format(count=number(shown), samples=every),
            tr("{count} in training").format(count=number(counts["learned"])),
            tr("{count} reviewed").format(count=number(counts["reviewed"])),
        ]
        if counts["suggested"] and not self.filter.range.isVisible():
            texts.append(tr("%n suggestion(s)", counts["suggested"]))
        if self._store.is_loading:
            texts.append(tr("Reading…"))
        self.summary.setText(" · ".join(texts))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid() and now.row() < len(self.model.rows) and not self._is_refreshing:
            self.current = int(self.model.rows[now.row()])
            self.moved.emit()
