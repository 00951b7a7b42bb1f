"""A list of names with a bar and a count each: what there is much of, and what is short."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.widgets.bars import paint_bar

_BAR = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Bar:
    """One line; ``share`` is the bar's length, 0 to 1, and ``words`` what a screen reader says."""

    key: str
    name: str
    count: str
    share: float
    words: str


class BarList(QListView):
    """Lines of which one can be chosen.

    Signals:
        chosen: key of the line that the person chose, "" for none.
    """

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "rows")
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Delegate(self))
        self._bars: tuple[Bar, ...] = ()
        self.selectionModel().currentChanged.connect(lambda now: self.chosen.emit(self._key(now)))

    @property
    def current(self) -> str:
        """Return the key of the chosen line, "" for none."""
        return self._key(self.currentIndex())

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these lines; the chosen one stays chosen, and nothing is emitted."""
        if tuple(bars) == self._bars:
            return
        current = self.current
        self._bars = tuple(bars)
        self.selectionModel().blockSignals(True)
        self._items.clear()
        for bar in bars:
            item = QStandardItem(bar.name)
            item.setData(bar, _BAR)
            item.setData(bar.words, Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(bar.words)
            self._items.appendRow(item)
            if bar.key == current:
                self.setCurrentIndex(item.index())
        self.selectionModel().blockSignals(False)

    def choose(self, key: str) -> None:
        """Show a line as chosen, none for "", without telling anyone."""
        if key == self.current:
            return
        place = next((place for place, bar in enumerate(self._bars) if bar.key == key), -1)
        self.selectionModel().blockSignals(True)
        self.setCurrentIndex(self._items.index(place, 0) if place >= 0 and key else QModelIndex())
        if not key:
            self.clearSelection()
        self.selectionModel().blockSignals(False)
        self.viewport().update()

    def _key(self, index: QModelIndex) -> str:
        bar = index.data(_BAR)
        return bar.key if isinstance(bar, Bar) else ""


class _Delegate(QStyledItemDelegate):
    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, option.fontMetrics.height() + 12)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        bar, tokens = index.data(_BAR), theme.current()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if not isinstance(bar, Bar):
            return
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selected))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 5, 5)
        inside = rect.adjusted(10, 0, -10, 0)
        counted = painter.fontMetrics().horizontalAdvance("8 888 / 8 888 ")
        length = max(60, inside.width() // 3)
        name = QRect(inside.left(), inside.top(), inside.width() - length - counted - 16, inside.height())
        painter.setPen(QColor(tokens.text))
        text = painter.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        track = QRect(name.right() + 8, inside.center().y() - 3, length, 6)
        paint_bar(painter, QRectF(track), bar.share)
        painter.setPen(QColor(tokens.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(track.right() + 8, inside.top(), counted, inside.height()), right, bar.count)
        painter.restore()
