"""How long questions, answers and rows are, in tokens, and which of them are beyond the longest that is allowed."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QSpinBox, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import column, label, row
from espalier_desktop.widgets.chart import ticks
from espalier_desktop.widgets.formats import number

_BINS = 32
_LONGEST = 1_000_000  # tokens
_FOOT = 22  # px below the bars


class Histogram(QWidget):
    """Bars of lengths with a line at the limit, which can be dragged and moved with the arrow keys; 0 is none.

    Signals:
        drafted: the limit while it is dragged.
        chosen: the limit when it is let go.
    """

    drafted = Signal(int)
    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setFixedHeight(80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.limit = 0
        self._lengths: Sequence[int] = ()
        self._end = 1.0
        self._counts = np.zeros(_BINS, dtype=np.int64)

    def show_lengths(self, lengths: Sequence[int], limit: int) -> None:
        """Show the lengths and the longest that is allowed."""
        self._lengths, self.limit = lengths, limit
        longest = max(lengths, default=1)
        self._end = max(longest * 1.15, min(limit, 2 * longest) * 1.05, 16)
        self._counts = np.histogram(lengths, bins=_BINS, range=(0, self._end))[0]
        text = tr("{count} of them, the longest of {most} tokens").format(
            count=number(len(lengths)), most=number(longest)
        )
        if limit:
            beyond = sum(length > limit for length in lengths)
            longer = tr("{beyond} are longer than {limit}").format(beyond=number(beyond), limit=number(limit))
            text = f"{text}; {longer}"
        self.setAccessibleDescription(text)
        self.update()

    def _limit_at(self, position: float) -> int:
        return max(8, round(position / max(1, self.width()) * self._end))

    def _draft(self, limit: int) -> None:
        self.limit = limit
        self.drafted.emit(limit)
        self.update()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._draft(self._limit_at(event.position().x()))

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons():
            self._draft(self._limit_at(event.position().x()))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.limit)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if way:
            self._draft(max(8, (self.limit or round(self._end)) + way * max(1, round(self._end / 100))))
            self.chosen.emit(self.limit)
        else:
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        width, height = self.width(), self.height() - _FOOT
        most = int(self._counts.max()) or 1
        bar = width / _BINS
        painter.setPen(Qt.PenStyle.NoPen)
        for place, count in enumerate(self._counts.tolist()):
            if not count:
                continue
            tall = max(3.0, (count / most) ** 0.5 * (height - 14))  # the root, so that single long rows are seen
            is_beyond = self.limit and place * bar / width * self._end >= self.limit
            painter.setBrush(QColor(tokens.warning if is_beyond else tokens.accent))
            painter.drawRoundedRect(QRectF(place * bar + 1, height - tall, bar - 2, tall), 2, 2)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawLine(QPointF(0, height), QPointF(width, height))
        painter.setPen(QColor(tokens.muted))
        for value in ticks(0, self._end, max(3, width // 90)):
            place_ = QRectF(min(max(value / self._end * width - 40, 0), width - 80), height + 5, 80, 16)
            edge = Qt.AlignmentFlag.AlignLeft if value == 0 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(place_, edge, number(value) if value else tr("tokens"))
        if 0 < self.limit <= self._end:
            x = self.limit / self._end * width
            painter.setPen(QPen(QColor(tokens.warning), 2))
            painter.drawLine(QPointF(x, 0), QPointF(x, height))
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.ink), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()


class LimitField(QWidget):
    """A limit as a number above the lengths that it is a limit of.

    Signals:
        drafted: the limit is being dragged.
        chosen: the limit, when the person has set it.
    """

    drafted = Signal()
    chosen = Signal(int)

    def __init__(self, title: str, name: str, least: int) -> None:
        super().__init__()
        self.histogram = Histogram(title)
        self.limit = QSpinBox()
        self.limit.setRange(least, _LONGEST)
        if not least:
            self.limit.setSpecialValueText(tr("No limit"))
        self.limit.setAccessibleName(name)
        self.limit.setMinimumWidth(96)
        self.limit.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.limit.setKeyboardTracking(False)
        layout = column(row(label(title), None, self.limit, spacing=8), self.histogram, spacing=6)
        layout.setContentsMargins(0, 0, 0, 0)
        self.setLayout(layout)
        self.histogram.drafted.connect(self._draft)
        self.histogram.chosen.connect(self.chosen)
        self.limit.valueChanged.connect(self.chosen)

    def show_lengths(self, lengths: Sequence[int], limit: int) -> None:
        """Show the lengths and the longest that is allowed, 0 for no limit."""
        self._set(limit)
        self.histogram.show_lengths(lengths, limit)

    def _draft(self, limit: int) -> None:
        self._set(limit)
        self.drafted.emit()

    def _set(self, limit: int) -> None:
        self.limit.blockSignals(True)
        self.limit.setValue(limit)
        self.limit.blockSignals(False)
