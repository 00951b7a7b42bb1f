"""The table of samples, made for one hand on the keyboard."""

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.tables import set_up_rows

WIDTHS = (112, 130, 300, 300, 190)


class SamplesTable(QTableView):
    """Rows of samples: up, down, left and right go through them, letters are left to the window's commands."""

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        set_up_rows(self, tr("Samples"), 30)
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        header.sortIndicatorChanged.connect(model.sort)

    def go(self, step: int) -> None:
        """Choose the next row, or the one before for a step of -1."""
        place = min(max(self.currentIndex().row() + step, 0), self.model().rowCount() - 1)
        if place >= 0:
            self.setCurrentIndex(self.model().index(place, 0))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        if event.key() in steps and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.go(steps[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)

    @override
    def keyboardSearch(self, search: str) -> None:
        """Letters decide; they do not search the first column."""
