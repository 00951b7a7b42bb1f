"""A list of models: a name, and below it facts and a verdict."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView

from espalier_desktop.i18n import tr
from espalier_desktop.models.rows import GET, Row, verdict_words
from espalier_desktop.widgets.two_lines import show_two_lines

RowRole = Qt.ItemDataRole.UserRole  # the Row


class ModelList(QListView):
    """Shows rows; the chosen one stays chosen when the rows are told anew.

    Signals:
        chosen: another row is the current one, or the same has become another.
    """

    chosen = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        show_two_lines(self)
        self.setAccessibleName(name)
        self._model = QStandardItemModel(self)
        self._model.setHorizontalHeaderLabels([name])
        self.setModel(self._model)
        self.selectionModel().currentChanged.connect(self._tell)

    @property
    def row(self) -> Row | None:
        """Return the chosen row."""
        found: Row | None = self.currentIndex().data(RowRole)
        return found

    @property
    def rows(self) -> list[Row]:
        """Return all rows in order."""
        return [self._model.item(place).data(RowRole) for place in range(self._model.rowCount())]

    def show_rows(self, rows: Sequence[Row], role: str = "", wanted: str = "", *, says_where: bool = False) -> None:
        """Show rows with the verdict for a role; choose ``wanted``, else what was chosen before, else the first."""
        before = wanted or (self.row.name if self.row else "")
        self._model.removeRows(0, self._model.rowCount())
        height = self.fontMetrics().lineSpacing() * 2 + 16  # as wide as the list: what is longer is cut in its middle
        for row in rows:
            item = QStandardItem(f"{row.title}\n{_facts(row, role, says_where=says_where)}")
            item.setEditable(False)
            item.setData(row, RowRole)
            item.setToolTip(row.place or row.name)
            item.setSizeHint(QSize(0, height))
            self._model.appendRow(item)
        names = [row.name for row in rows]
        place = names.index(before) if before in names else 0
        self.setCurrentIndex(self._model.index(place, 0))
        self.chosen.emit()

    @Slot()
    def _tell(self) -> None:
        self.chosen.emit()


def _facts(row: Row, role: str, *, says_where: bool) -> str:
    told = row.fit.get(role) if role else None
    verdict = verdict_words(told["verdict"]) if told else ""
    where = tr("to be fetched") if says_where and row.state == GET else ""
    return " · ".join(part for part in (verdict, where, row.facts) if part)
