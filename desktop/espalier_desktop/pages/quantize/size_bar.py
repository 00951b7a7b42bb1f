"""A share of the full width: how large something is beside another."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from espalier_desktop import theme

_HEIGHT = 8  # px


class SizeBar(QWidget):
    """A bar in a track; a text beside it says the same."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = min(max(share, 0.0), 1.0)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, colour in ((1.0, tokens.line), (self._share, tokens.accent)):
            if share:
                painter.setBrush(QColor(colour))
                radius = _HEIGHT / 2
                painter.drawRoundedRect(QRectF(0, 0, max(self.width() * share, _HEIGHT), _HEIGHT), radius, radius)
        painter.end()
