"""How often each score was given, above the slider that moves the threshold."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from espalier_desktop import theme

_HEIGHT = 26
_EDGE = 9  # half of the slider's handle, which does not go further


class Spread(QWidget):
    """Bars from the smallest to the largest score; those that reach the threshold are in the accent's colour."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT)
        self._counts: Sequence[int] = ()
        self._threshold = 0.0

    def show_scores(self, counts: Sequence[int]) -> None:
        """Show how many scores fall into each of some equal parts of the scale."""
        self._counts = counts
        self.update()

    def show_threshold(self, share: float) -> None:
        """Show where the threshold is, 0 to 1 along the scale."""
        self._threshold = share
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        most = max(self._counts, default=0)
        width = (self.width() - 2 * _EDGE) / max(1, len(self._counts))
        for place, count in enumerate(self._counts):
            if count:
                height = max(2.0, (count / most) ** 0.5 * (_HEIGHT - 2))  # the root, so that small counts are seen
                is_good = (place + 0.5) / len(self._counts) >= self._threshold
                painter.setBrush(QColor(tokens.accent if is_good else tokens.edge))
                painter.drawRect(QRectF(_EDGE + place * width, _HEIGHT - height, max(1.0, width - 1), height))
        painter.end()
