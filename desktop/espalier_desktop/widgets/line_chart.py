"""One curve over a count, with the two numbers that frame it on each axis."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import number

_DRAWN = 600  # points; more cannot be told apart and would cost painting time


class LineChart(QWidget):
    """A curve that grows; a screen reader is told its description."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumHeight(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._points: list[tuple[float, float]] = []
        self._end = 0.0

    def show_points(self, points: Sequence[tuple[float, float]], end: float, description: str) -> None:
        """Draw points (count, value) up to a count of ``end``; neighbours are averaged when there are many."""
        stride = max(1, -(-len(points) // _DRAWN))
        self._points = [_mean(points[start : start + stride]) for start in range(0, len(points), stride)]
        self._end = max(end, points[-1][0] if points else 0)
        self.setAccessibleDescription(description)
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        area = QRectF(self.rect()).adjusted(40, 8, -8, -24)
        low, high = 0.0, max((value for _, value in self._points), default=1.0) * 1.05 or 1.0
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(tokens.muted))
            place = QRectF(0, y - 8, area.left() - 8, 16)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, right, number(low + share * (high - low), 1))
        below = QRectF(area.left(), area.bottom() + 6, area.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        if self._end:
            painter.drawText(below, Qt.AlignmentFlag.AlignRight, number(self._end))
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, tr("Updates"))
        if self._points and self._end:
            curve = QPolygonF(
                [
                    QPointF(
                        area.left() + count / self._end * area.width(),
                        area.bottom() - (value - low) / (high - low) * area.height(),
                    )
                    for count, value in self._points
                ]
            )
            painter.setPen(QPen(QColor(tokens.ink), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPolyline(curve)
        painter.end()


def _mean(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(count for count, _ in points) / len(points), sum(value for _, value in points) / len(points)
