"""Rows of two lines: a name, and smaller below it what is to be known of it."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from espalier_desktop import theme

_SMALLER = 11 / 13


def show_two_lines(view: QListView) -> None:
    """Make a list show the first line of each text as a name and the second as what is to be known of it."""
    view.setProperty("role", "rows")
    view.setItemDelegate(_TwoLines(view))


class _TwoLines(QStyledItemDelegate):
    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        name, _, facts = str(index.data()).partition("\n")
        style = shown.widget.style()
        gap = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, shown, shown.widget) + 1  # as Qt leaves it
        place = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, shown, shown.widget)
        room = place.adjusted(gap, 0, -gap, 0)
        shown.text = ""
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        small = QFont(shown.font)
        small.setPixelSize(round(shown.font.pixelSize() * _SMALLER))
        heights = [QFontMetrics(font).lineSpacing() for font in (shown.font, small)]
        top = room.top() + (room.height() - sum(heights)) // 2
        tokens = theme.current()
        painter.save()
        for text, font, colour, height in (
            (name, shown.font, tokens.text, heights[0]),
            (facts, small, tokens.muted, heights[1]),
        ):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideMiddle, room.width())
            painter.drawText(QRect(room.left(), top, room.width(), height), Qt.AlignmentFlag.AlignVCenter, cut)
            top += height
        painter.restore()
