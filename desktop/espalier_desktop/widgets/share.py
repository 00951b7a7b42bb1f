"""A share of right answers as a disc that fills up: its shape tells the share, its colour whether that is good."""

from typing import Literal

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from espalier_desktop import theme

RING = 13  # px
GOOD, WEAK = 0.8, 0.6
"""Shares of right answers from which a leaf is good, and below which it is weak."""

Grade = Literal["good", "warning", "error"]


def grade(share: float) -> Grade:
    """Return how good a share of right answers is, as a token of the theme."""
    return "good" if share >= GOOD else "warning" if share >= WEAK else "error"


def paint_share(painter: QPainter, place: QRect, share: float) -> None:
    """Draw the disc; a full one is a share of 1, a mere ring 0."""
    colour = QColor(getattr(theme.current(), grade(share)))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    around = QRectF(place).adjusted(0.75, 0.75, -0.75, -0.75)
    painter.drawEllipse(around)
    if share > 0:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPie(around.adjusted(1.5, 1.5, -1.5, -1.5), 90 * 16, -round(share * 360 * 16))
    painter.restore()
