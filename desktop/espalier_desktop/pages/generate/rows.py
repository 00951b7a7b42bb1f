"""The newest rows of a leaf as they are decided; choosing one opens it in Review."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableView
from typing_extensions import override

from espalier_desktop.i18n import said, tr
from espalier_desktop.icons import icon
from espalier_desktop.widgets.tables import set_up_rows

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ROOT = QModelIndex()
Row = Mapping[str, Any]  # as in the message Drawn


class RowsModel(QAbstractTableModel):
    """Question, answer and verdict of each row, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; those that were added at the end come in at the top."""
        now, before = list(reversed(rows)), self._rows
        added = len(now) - len(before)
        if now == before:
            return
        if before and added > 0 and now[added:] == before:
            self.beginInsertRows(ROOT, 0, added - 1)
            self._rows = now
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._rows = now
            self.endResetModel()

    def row(self, index: Index) -> Row | None:
        """Return what an index stands for, None for nothing."""
        return self._rows[index.row()] if index.isValid() else None

    @override
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else 3

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        verdict = tr("Accepted") if row["accepted"] else said(row["reason"])
        if role == Role.DisplayRole:
            return (row["question"], row["answer"], verdict)[column]
        if role == Role.DecorationRole and column == 2:
            return icon("check", "good") if row["accepted"] else icon("error", "error")
        if role == Role.ToolTipRole:
            return (row["question"], row["answer"], verdict)[column]
        if role == Role.AccessibleTextRole and column == 2:
            return verdict if row["accepted"] else f"{tr('Rejected')}: {verdict}"
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if role == Role.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (tr("Question"), tr("Answer"), tr("Verdict of the critic"))[section]
        if role == Role.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class RowsTable(QTableView):
    """The rows.

    Signals:
        opened: the row that the person wants to see in full.
    """

    opened = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rows = RowsModel(self)
        set_up_rows(self, name, 32)
        self.setModel(self.rows)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(self._open)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # which the Mac's views do not take for opening
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        row = self.rows.row(index)
        if row:
            self.opened.emit(row)
