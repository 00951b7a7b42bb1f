"""Outline icons that take the colour of the text around them when they are painted."""

from functools import cache

import yaml
from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from typing_extensions import override

from espalier.resources import resource
from espalier_desktop import theme

_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" stroke-width="1.7" '
    'stroke-linecap="round" stroke-linejoin="round">{outline}</svg>'
)


@cache
def outlines() -> dict[str, str]:
    """Return the outline of every icon by name."""
    texts: dict[str, str] = yaml.safe_load(resource("icons.yaml").read_text(encoding="utf-8"))
    return texts


def paint_icon(painter: QPainter, name: str, rect: QRect, colour: str) -> None:
    """Draw an icon into a rectangle in one colour, ``#rrggbb``."""
    picture = _FRAME.format(colour=colour, outline=outlines()[name])
    QSvgRenderer(QByteArray(picture.encode())).render(painter, QRectF(rect))


def icon(name: str, token: str = "text") -> QIcon:
    """Return an icon in the colour that a token of the theme has when the icon is painted."""
    return QIcon(_Engine(name, token))


class _Engine(QIconEngine):
    def __init__(self, name: str, token: str) -> None:
        super().__init__()
        self._name, self._token = name, token

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = "muted" if mode is QIcon.Mode.Disabled else self._token
        paint_icon(painter, self._name, rect, getattr(theme.current(), token))

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # a button that a layout has not given its height yet
            return QPixmap()
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return pixmap

    @override
    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._token)
