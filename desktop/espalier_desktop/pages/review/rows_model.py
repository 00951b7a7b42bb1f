"""The rows of the Review table: a thin face of the columns that the engine holds."""

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from espalier.synthesis.sample_table import STATES, Rows
from espalier.synthesis.samples_view import Column, Effect, Filter
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.review.store import SampleStore
from espalier_desktop.pages.review.wording import SIGNS, check_title, state_title
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.formats import number

Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole
ROOT = QModelIndex()
COLUMNS: tuple[Column, ...] = ("state", "leaf", "question", "answer", "check")
_SHOWN = 300  # letters of a text in a cell


class RowsModel(QAbstractTableModel):
    """State, leaf, question, answer and what decided of the rows that a filter lets through, in a chosen order."""

    def __init__(self, store: SampleStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._rows: Rows = np.empty(0, np.int64)
        self._order: tuple[Column, bool] | None = None
        self._icons = {state: icon(*SIGNS[state]) for state in STATES}

    @property
    def rows(self) -> Rows:
        """Return the rows of the table behind, in the order in which they are shown."""
        return self._rows

    def show_rows(self, wanted: Filter, effect: Effect | None = None) -> None:
        """Show the rows that a filter lets through."""
        rows = self._store.view.rows(wanted, effect)
        if self._order:
            column, is_descending = self._order
            rows = self._store.view.ordered(rows, column, is_descending=is_descending)
        old, new = len(self._rows), len(rows)
        if new >= old and np.array_equal(rows[:old], self._rows):
            if new > old:
                self.beginInsertRows(ROOT, old, new - 1)
                self._rows = rows
                self.endInsertRows()
            if old:
                self.dataChanged.emit(self.index(0, 0), self.index(old - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def place_of(self, row: int) -> int:
        """Return where a row of the table behind is shown, -1 when it is not."""
        found = np.flatnonzero(self._rows == row)
        return int(found[0]) if len(found) else -1

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (COLUMNS[column], order is Qt.SortOrder.DescendingOrder) if column >= 0 else None
        rows = np.sort(self._rows)
        if self._order:
            rows = self._store.view.ordered(rows, self._order[0], is_descending=self._order[1])
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    @override
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @override
    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = int(self._rows[index.row()]), COLUMNS[index.column()]
        if role in (Roles.DisplayRole, Roles.AccessibleTextRole):
            return self._text(row, column)
        if role == Roles.DecorationRole and column == "state":
            return self._icons[STATES[self._store.view.states[row]]]
        if role == Roles.ToolTipRole and column == "leaf":
            return self._store.view.table.leaves[self._store.view.table.leaf[row]]
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole) -> Any:
        if role == Roles.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (tr("State"), tr("Leaf"), tr("Question"), tr("Answer"), tr("Decided by"))[section]
        if role == Roles.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: int, column: Column) -> str:
        view = self._store.view
        if column == "state":
            return state_title(STATES[view.states[row]])
        if column == "leaf":
            return leaf_name(view.table.leaves[view.table.leaf[row]])
        if column == "check":
            return self._check(row)
        text = (view.table.questions if column == "question" else view.table.answers)[row]
        return " ".join(text[:_SHOWN].split())

    def _check(self, row: int) -> str:
        """Return the first check that turned the row away, or the one that it passed most narrowly."""
        view = self._store.view
        failed, worst = view.failed_check(row), view.worst(row)
        name = failed or (worst[0] if worst else "")
        if not name:
            return ""
        code = view.table.checks.index(name)
        score = view.table.scores[row, code]
        is_measured = not np.isnan(score) and not np.isnan(view.table.least[row, code])
        return check_title(name) if not is_measured else f"{check_title(name)} {number(float(score), 2)}"
