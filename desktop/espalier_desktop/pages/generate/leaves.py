"""The leaves with a tick each: which of them are to be written, how their samples stand, how many there are."""

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableView
from typing_extensions import override

from espalier.status import LeafStatus
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.generate.wording import SIGNS, leaf_state, state_sentence, state_word
from espalier_desktop.pages.taxonomy.names import kind_title, leaf_name
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.tables import set_up_rows

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ROOT = QModelIndex()
_NO_TICK = QColor(0, 0, 0, 0)  # takes the room of a tick, so that the names stand in one line


class LeavesModel(QAbstractTableModel):
    """Name with tick, state, and number of accepted rows.

    Without a word of the person those leaves are ticked that need writing.

    Signals:
        ticked: the choice is another.
    """

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._leaves: list[LeafStatus] = []
        self._choice: dict[str, bool] = {}
        self._running = ""
        self._counts: Mapping[str, int] = {}

    @property
    def chosen(self) -> list[str]:
        """Return the paths of the leaves with a tick, in order."""
        return [leaf.path for leaf in self._leaves if self.is_ticked(leaf)]

    def is_ticked(self, leaf: LeafStatus) -> bool:
        """Return whether a leaf is to be written; one with errors never is."""
        return not leaf.errors and self._choice.get(leaf.path, leaf.samples != "all")

    def path(self, row: int) -> str:
        """Return the leaf of a row, "" for none."""
        return self._leaves[row].path if 0 <= row < len(self._leaves) else ""

    def row_of(self, path: str) -> int:
        """Return the row of a leaf, -1 when there is none."""
        return next((row for row, leaf in enumerate(self._leaves) if leaf.path == path), -1)

    def show_leaves(self, leaves: Iterable[LeafStatus]) -> None:
        """Show other leaves, or the same in another state; ticks of the person stay."""
        now = list(leaves)
        if [leaf.path for leaf in now] != [leaf.path for leaf in self._leaves]:
            self.beginResetModel()
            self._leaves = now
            self.endResetModel()
        elif now != self._leaves:
            self._leaves = now
            self._tell()
        self.ticked.emit()

    def show_running(self, path: str, counts: Mapping[str, int]) -> None:
        """Mark the leaf that is being written, "" for none, and add what was just accepted, by leaf."""
        if (path, counts) != (self._running, self._counts):
            self._running, self._counts = path, dict(counts)
            self._tell()

    def choose(self, paths: Iterable[str] | None) -> None:
        """Tick these leaves and no others; None goes back to those that need writing."""
        wanted = None if paths is None else set(paths)
        self._choice = {} if wanted is None else {leaf.path: leaf.path in wanted for leaf in self._leaves}
        self._tell()
        self.ticked.emit()

    def toggle(self, row: int) -> None:
        """Tick a leaf, or take its tick away."""
        leaf = self._leaves[row]
        if not leaf.errors:
            self._choice[leaf.path] = not self.is_ticked(leaf)
            self._tell()
            self.ticked.emit()

    def _tell(self) -> None:
        if self._leaves:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._leaves) - 1, 2))

    @override
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._leaves)

    @override
    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else 3

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        can_tick = index.isValid() and index.column() == 0 and not self._leaves[index.row()].errors
        return flags | Qt.ItemFlag.ItemIsUserCheckable if can_tick else flags

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        leaf = self._leaves[index.row()]
        state = "running" if leaf.path == self._running else leaf_state(leaf)
        column = index.column()
        accepted = self._counts.get(leaf.path, leaf.accepted)
        if role == Role.DisplayRole:
            return (leaf_name(leaf.path), state_word(state), number(accepted) if accepted else "–")[column]
        if role == Role.CheckStateRole and column == 0 and not leaf.errors:
            return Qt.CheckState.Checked if self.is_ticked(leaf) else Qt.CheckState.Unchecked
        if role == Role.DecorationRole and column == 0 and leaf.errors:
            return _NO_TICK
        if role == Role.DecorationRole and column == 1:
            return icon(*SIGNS[state])
        if role == Role.TextAlignmentRole and column == 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Role.ToolTipRole:
            return (leaf.path, state_sentence(leaf), "")[column]
        if role == Role.AccessibleTextRole and column == 0:
            return f"{leaf_name(leaf.path)}, {kind_title(leaf.kind)}, {state_word(state)}"
        return None

    @override
    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.CheckStateRole or index.column() != 0:
            return False
        if (Qt.CheckState(value) is Qt.CheckState.Checked) != self.is_ticked(self._leaves[index.row()]):
            self.toggle(index.row())
        return True

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if role == Role.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (tr("Leaf"), tr("Samples"), tr("Accepted"))[section]
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == 2 else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None


class LeavesTable(QTableView):
    """The leaves; the space bar ticks the chosen one.

    Signals:
        shown: path of the leaf that the person looks at.
    """

    shown = Signal(str)

    def __init__(self, model: LeavesModel) -> None:
        super().__init__()
        self._leaves = model
        set_up_rows(self, tr("Leaves to write samples for"), 34)
        self.setModel(model)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.selectionModel().currentChanged.connect(lambda now: self.shown.emit(model.path(now.row())))
        model.modelReset.connect(lambda: self.choose(model.path(0)))

    @property
    def path(self) -> str:
        """Return the leaf that is looked at, "" for none."""
        return self._leaves.path(self.currentIndex().row())

    def choose(self, path: str) -> None:
        """Look at a leaf."""
        row = self._leaves.row_of(path)
        if row >= 0 and path != self.path:
            self.setCurrentIndex(self._leaves.index(row, 0))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._leaves.toggle(self.currentIndex().row())
            return
        super().keyPressEvent(event)
