"""The list of pages, with the running job at its foot."""

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.icons import paint_icon
from espalier_desktop.job_card import JobCard
from espalier_desktop.jobs.project_jobs import ProjectJobs
from espalier_desktop.pages import PageSpec

KeyRole = Qt.ItemDataRole.UserRole  # the page's key; None on the title of a group
BadgeRole = Qt.ItemDataRole.UserRole + 1  # a few letters at the right, "" for none
Index = QModelIndex | QPersistentModelIndex


class Sidebar(QWidget):
    """Pages in groups; one is chosen.

    Signals:
        chosen: key of the page that the person chose.
    """

    chosen = Signal(str)

    def __init__(self, specs: list[PageSpec], jobs: ProjectJobs) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(208)
        self.setMaximumWidth(300)
        self._model = QStandardItemModel(self)
        self._model.setHorizontalHeaderLabels([tr("Pages")])
        group = ""
        for spec in specs:
            if spec.group != group:
                group = spec.group
                title = QStandardItem(group)
                title.setFlags(Qt.ItemFlag.NoItemFlags)
                self._model.appendRow(title)
            item = QStandardItem(spec.title)
            item.setData(spec.key, KeyRole)
            item.setEditable(False)
            self._model.appendRow(item)
        self.pages = QListView()
        self.pages.setObjectName("pages")
        self.pages.setAccessibleName(tr("Pages"))
        self.pages.setModel(self._model)
        self.pages.setItemDelegate(_PageDelegate(self.pages))
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pages.setMouseTracking(True)
        self.pages.selectionModel().currentChanged.connect(self._on_current)
        self.job_card = JobCard(jobs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 8, 12)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.job_card)

    def choose(self, key: str) -> None:
        """Show which page is open."""
        item = self._item(key)
        if item and self.pages.currentIndex() != item.index():
            self.pages.setCurrentIndex(item.index())

    def set_badge(self, key: str, text: str, spoken: str = "") -> None:
        """Put a few letters beside a page; ``spoken`` says them in words."""
        item = self._item(key)
        if item:
            item.setData(text, BadgeRole)
            name = item.data(Qt.ItemDataRole.DisplayRole)
            item.setData(f"{name}, {spoken}" if spoken else name, Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(spoken)

    def _item(self, key: str) -> QStandardItem | None:
        items = (self._model.item(place) for place in range(self._model.rowCount()))
        return next((item for item in items if item.data(KeyRole) == key), None)

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        key = now.data(KeyRole)
        if key:
            self.chosen.emit(key)


class _PageDelegate(QStyledItemDelegate):
    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model: QAbstractItemModel = index.model()
        if index.data(KeyRole):
            return QSize(120, 32)
        return QSize(120, 24 if index.row() == 0 and model else 40)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = theme.current()
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        widget: QWidget = option.widget
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(widget.font())
        if not index.data(KeyRole):
            font.setPixelSize(11)
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(tokens.muted))
            place = area.adjusted(10, 0, -8, -4)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, index.data())
            painter.restore()
            return
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        pill = area.adjusted(2, 1, -2, -1)
        if is_chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selected if is_chosen else tokens.hover))
            painter.drawRoundedRect(pill, 7, 7)
        if is_chosen and widget.hasFocus() and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(QPen(QColor(tokens.ink), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(pill.adjusted(1, 1, -1, -1), 6, 6)
        icon_place = QRect(pill.left() + 10, pill.center().y() - 8, 18, 18)
        paint_icon(painter, index.data(KeyRole), icon_place, tokens.ink)
        font.setWeight(QFont.Weight.DemiBold if is_chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(pill.adjusted(38, 0, -8, 0), Qt.AlignmentFlag.AlignLeft | middle, index.data())
        badge = index.data(BadgeRole)
        if badge:
            font.setPixelSize(11)
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(tokens.error if badge.startswith("!") else tokens.muted))
            place = pill.adjusted(0, 0, -12, 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, badge.removeprefix("!"))
        painter.restore()
