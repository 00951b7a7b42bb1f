"""A bar in its track: how large something is beside the whole."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from espalier_desktop import theme


def paint_bar(painter: QPainter, place: QRectF, share: float, token: str = "accent", track: str = "line") -> None:
    """Draw a bar with round ends.

    Args:
        painter: whose pen and brush may be changed.
        place: of the track, which is the whole.
        share: of its width that the bar takes, 0 to 1; whatever is more than nothing can be seen.
        token: colour of the bar in the theme.
        track: colour of the track, "" for none.
    """
    tokens, radius = theme.current(), place.height() / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for part, colour in ((1.0, track), (min(max(share, 0.0), 1.0), token)):
        if part and colour:
            painter.setBrush(QColor(getattr(tokens, colour)))
            bar = QRectF(place.topLeft(), place.size())
            bar.setWidth(max(place.width() * part, place.height()))
            painter.drawRoundedRect(bar, radius, radius)
