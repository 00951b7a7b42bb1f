"""Curves over a count: many points drawn as few, values read by pointer or keys, a part looked at more closely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import number

_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 26, 12, 24  # px around the area of the curves
_LEAST_DRAG = 8  # px; less is a click
_PENS = {"solid": Qt.PenStyle.SolidLine, "dash": Qt.PenStyle.DashLine, "dot": Qt.PenStyle.DotLine}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        name: in the legend; "" keeps it out.
        xs: counts, ascending.
        ys: values.
        kind: line is averaged where points are closer than pixels; raw is faint, and keeps its smallest and largest
            values there; dots are all drawn.
        token: colour of the theme.
        dash: solid, dash or dot.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    kind: Literal["line", "raw", "dots"] = "line"
    token: str = "ink"
    dash: Literal["solid", "dash", "dot"] = "solid"


def thinned(xs: Floats, ys: Floats, columns: int, *, extremes: bool) -> tuple[Floats, Floats]:
    """Return points for so many columns of pixels: each column's mean, or its smallest and largest value in turn."""
    if len(xs) <= 2 * columns:
        return xs, ys
    width = (xs[-1] - xs[0]) / columns or 1.0
    column = np.minimum(((xs - xs[0]) / width).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    if not extremes:
        counts = np.diff(np.append(starts, len(xs)))
        return np.add.reduceat(xs, starts) / counts, np.add.reduceat(ys, starts) / counts
    low, high = np.minimum.reduceat(ys, starts), np.maximum.reduceat(ys, starts)
    return np.repeat(xs[starts], 2), np.stack([low, high], axis=1).ravel()


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return about so many round numbers from low to high: steps of 1, 2 or 5 times a power of ten."""
    span = max(high - low, 1e-12) / max(1, count)
    power = 10.0 ** np.floor(np.log10(span))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= span * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [float(place * step) for place in np.arange(first, np.floor(high / step + 1e-9) + 1)]


class Chart(QWidget):
    """Curves in one area with a legend; a screen reader is told its description.

    Drag over a part to see it closer; a double click or Escape shows all again. The arrow keys move the mark at which
    values are read.
    """

    def __init__(self, name: str, text: Callable[[float], str] = lambda value: number(value, 2)) -> None:
        """Make an empty chart; ``text`` says a value."""
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(tr("Drag to look closer; double-click to see everything again."))
        self.text = text
        self.series: list[Series] = []
        self.range: tuple[float, float] | None = None
        self.at: float | None = None
        self._arrays: list[tuple[Floats, Floats]] = []
        self._lines: Sequence[float] = ()
        self._end = 1.0
        self._grip: float | None = None

    def show_series(self, series: Sequence[Series], end: float, description: str, lines: Sequence[float] = ()) -> None:
        """Draw curves up to a count of ``end``, with thin upright lines at some counts."""
        self.series = list(series)
        self._arrays = [(np.asarray(each.xs, dtype=float), np.asarray(each.ys, dtype=float)) for each in series]
        self._end = max([end, *(float(xs[-1]) for xs, _ in self._arrays if len(xs))], default=1.0) or 1.0
        self._lines = lines
        self.setAccessibleDescription(description)
        self.update()

    def values_at(self, x: float) -> list[tuple[str, float, float]]:
        """Return (name, count, value) of each named curve at its point next to a count."""
        found = []
        for each, (xs, ys) in zip(self.series, self._arrays, strict=True):
            if each.name and len(xs):
                place = int(np.abs(xs - x).argmin()) if len(xs) < 2 else _nearest(xs, x)
                found.append((each.name, float(xs[place]), float(ys[place])))
        return found

    @property
    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    @property
    def _shown(self) -> tuple[float, float]:
        return self.range or (0.0, self._end)

    def _x_of(self, position: float) -> float:
        low, high = self._shown
        area = self._area
        share = (position - area.left()) / max(1.0, area.width())
        return low + min(max(share, 0.0), 1.0) * (high - low)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position().x()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.at = self._x_of(event.position().x())
        self.update()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        grip, self._grip = self._grip, None
        if grip is not None and abs(event.position().x() - grip) >= _LEAST_DRAG:
            low, high = sorted((self._x_of(grip), self._x_of(event.position().x())))
            if high - low >= 2:
                self.range = (low, high)
        self.update()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.range = self._grip = None
        self.update()

    @override
    def leaveEvent(self, event: Any) -> None:
        self.at = None
        self.update()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        low, high = self._shown
        step = max(1.0, (high - low) / 100)
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = step if event.key() == Qt.Key.Key_Right else -step
            self.at = min(max((self.at if self.at is not None else high) + way, low), high)
        elif event.key() == Qt.Key.Key_Escape and (self.range or self.at is not None):
            self.range = self.at = None
        else:
            super().keyPressEvent(event)
            return
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        area, (low, high) = self._area, self._shown
        parts = [_part(arrays, low, high) for arrays in self._arrays]
        top = max((float(ys.max()) for _, ys in parts if len(ys)), default=1.0) * 1.05 or 1.0
        self._paint_axes(painter, area, tokens, low, high, top)

        def place(x: float, y: float) -> QPointF:
            return QPointF(
                area.left() + (x - low) / max(high - low, 1e-12) * area.width(), area.bottom() - y / top * area.height()
            )

        painter.setPen(QPen(QColor(tokens.edge), 1, Qt.PenStyle.DashLine))
        for x in self._lines:
            if low < x < high:
                painter.drawLine(place(x, 0), place(x, top))
        painter.setClipRect(area.adjusted(-5, -5, 5, 5))
        for each, (xs, ys) in zip(self.series, parts, strict=True):
            self._paint_series(painter, each, xs, ys, place, QColor(getattr(tokens, each.token)), int(area.width()))
        painter.setClipping(False)
        self._paint_legend(painter, tokens)
        if self._grip is not None and self.at is not None:
            grip = area.left() + (self._x_of(self._grip) - low) / (high - low) * area.width()
            tint = QColor(tokens.ink)
            tint.setAlpha(40)
            painter.fillRect(QRectF(QPointF(grip, area.top()), QPointF(place(self.at, 0))), tint)
        elif self.at is not None:
            self._paint_values(painter, area, tokens, place)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.ink), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _paint_axes(
        self, painter: QPainter, area: QRectF, tokens: theme.Tokens, low: float, high: float, top: float
    ) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in ticks(0, top, max(2, int(area.height() / 55))):
            y = area.bottom() - value / top * area.height()
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QRectF(0, y - 8, area.left() - 8, 16), right, self.text(value))
        marks = [value for value in ticks(low, high, max(2, int(area.width() / 110))) if value == int(value)]
        for value in marks:
            x = area.left() + (value - low) / max(high - low, 1e-12) * area.width()
            text = tr("update {count}").format(count=number(value)) if value == marks[-1] else number(value)
            width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 4
            left = min(max(x - width / 2, 0), self.width() - width)
            painter.drawText(QRectF(left, area.bottom() + 6, width, 16), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_series(
        self,
        painter: QPainter,
        each: Series,
        xs: Floats,
        ys: Floats,
        place: Callable[[float, float], QPointF],
        colour: QColor,
        columns: int,
    ) -> None:
        if each.kind == "dots":
            painter.setPen(QPen(QColor(theme.current().raised), 1))
            painter.setBrush(colour)
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                painter.drawEllipse(place(x, y), 4, 4)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            return
        is_raw = each.kind == "raw"
        xs, ys = thinned(xs, ys, max(columns, 100), extremes=is_raw)
        if is_raw:
            colour.setAlpha(90)
        pen = QPen(colour, 1 if is_raw else 2, _PENS[each.dash], Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        # Antialiasing makes long zigzags slow, and a faint line of one pixel does not need it.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not is_raw or len(xs) < columns)
        points = [place(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]
        if len(points) == 1:
            painter.drawPoint(points[0])
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _paint_legend(self, painter: QPainter, tokens: theme.Tokens) -> None:
        left, metrics = float(_LEFT), QFontMetricsF(painter.font())
        for each, (xs, _) in zip(self.series, self._arrays, strict=True):
            if not each.name or not len(xs):
                continue
            colour = QColor(getattr(tokens, each.token))
            if each.kind == "dots":
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(left + 7, 11), 4, 4)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            else:
                colour.setAlpha(90 if each.kind == "raw" else 255)
                painter.setPen(QPen(colour, 1 if each.kind == "raw" else 2, _PENS[each.dash]))
                painter.drawLine(QPointF(left, 11), QPointF(left + 14, 11))
            painter.setPen(QColor(tokens.muted))
            width = metrics.horizontalAdvance(each.name) + 2
            painter.drawText(QRectF(left + 20, 3, width, 16), Qt.AlignmentFlag.AlignVCenter, each.name)
            left += 20 + width + 18

    def _paint_values(
        self, painter: QPainter, area: QRectF, tokens: theme.Tokens, place: Callable[[float, float], QPointF]
    ) -> None:
        assert self.at is not None
        found = self.values_at(self.at)
        if not found:
            return
        x = place(self.at, 0).x()
        painter.setPen(QPen(QColor(tokens.edge), 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        lines = [tr("update {count}").format(count=number(found[0][1]))]
        lines += [f"{name}  {self.text(value)}" for name, _, value in found]
        metrics = QFontMetricsF(painter.font())
        width = max(map(metrics.horizontalAdvance, lines)) + 16
        height = len(lines) * 16 + 8
        left = x + 10 if x + 10 + width < self.width() else x - 10 - width
        box = QRectF(left, area.top() + 4, width, height)
        painter.setPen(QPen(QColor(tokens.edge), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QColor(tokens.text))
        for place_, line in enumerate(lines):
            painter.drawText(box.adjusted(8, 4 + place_ * 16, 0, 0), Qt.AlignmentFlag.AlignTop, line)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _nearest(xs: Floats, x: float) -> int:
    place = int(np.searchsorted(xs, x))
    if place == 0 or place == len(xs):
        return min(place, len(xs) - 1)
    return place if xs[place] - x < x - xs[place - 1] else place - 1


def _part(arrays: tuple[Floats, Floats], low: float, high: float) -> tuple[Floats, Floats]:
    """Return the points between two counts, with the one before and after."""
    xs, ys = arrays
    first = max(0, int(np.searchsorted(xs, low)) - 1)
    last = int(np.searchsorted(xs, high, side="right")) + 1
    return xs[first:last], ys[first:last]
