"""Labels, buttons, cards and layouts with the house's sizes."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from espalier_desktop.icons import icon


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """Return a label; the roles are those of ``style.qss``. Its text is never taken for HTML."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role of the style sheet."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def align_number(field: QAbstractSpinBox) -> None:
    """Put a number at the right of its field, as far from the edge as other text: there Qt takes no padding."""
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.lineEdit().setTextMargins(0, 0, 6, 0)


def set_widths(splitter: QSplitter, widths: object) -> None:
    """Give the parts of a splitter the widths, or heights, in px that were stored; anything else changes nothing.

    Parts that are hidden, and those of a window that has another size, get their share later.
    """
    if not isinstance(widths, list) or len(widths) != splitter.count():
        return
    if all(str(width).isdecimal() for width in widths) and any(map(int, widths)):
        splitter.setSizes([int(width) for width in widths])


def button(
    text: str, on_click: Callable[[], object] | None = None, *, role: str = "", picture: str = ""
) -> QPushButton:
    """Return a push button; ``role`` is primary, link or tile, ``picture`` the name of an icon."""
    made = QPushButton(text)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if role:
        made.setProperty("role", role)
    if picture:
        made.setIcon(icon(picture, "on_accent" if role == "primary" else "text"))
        made.setIconSize(QSize(16, 16))
    if on_click:
        made.clicked.connect(lambda: on_click())
    return made


def row(*items: QWidget | QLayout | int | None, spacing: int = 8) -> QHBoxLayout:
    """Return items side by side; a number is a gap in px, None takes what room is left."""
    layout = QHBoxLayout()
    _fill(layout, items, spacing)
    return layout


def column(*items: QWidget | QLayout | int | None, spacing: int = 8) -> QVBoxLayout:
    """Return items one below the other; a number is a gap in px, None takes what room is left."""
    layout = QVBoxLayout()
    _fill(layout, items, spacing)
    return layout


def _fill(layout: QHBoxLayout | QVBoxLayout, items: tuple[QWidget | QLayout | int | None, ...], spacing: int) -> None:
    layout.setSpacing(spacing)
    layout.setContentsMargins(0, 0, 0, 0)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)


def clear(layout: QLayout) -> None:
    """Take every widget out of a layout and let it go."""
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()


def card(*items: QWidget | QLayout | int | None, spacing: int = 12, margin: int = 16) -> QFrame:
    """Return items one below the other on a raised surface."""
    frame = QFrame()
    frame.setProperty("role", "card")
    layout = column(*items, spacing=spacing)
    layout.setContentsMargins(margin, margin, margin, margin)
    frame.setLayout(layout)
    return frame


def scrolling(inner: QWidget) -> QScrollArea:
    """Return a widget in an area without a frame, in which it scrolls when there is too little room."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidgetResizable(True)
    area.setWidget(inner)
    return area


def line() -> QFrame:
    """Return a thin line between two rows."""
    frame = QFrame()
    frame.setProperty("role", "line")
    frame.setFixedHeight(1)
    return frame


def picture(name: str, size: int = 20, token: str = "ink") -> QWidget:
    """Return an icon that says nothing to a screen reader because a text beside it does."""
    made = _Picture(name, token)
    made.setFixedSize(size, size)
    return made


class _Picture(QWidget):
    def __init__(self, name: str, token: str) -> None:
        super().__init__()
        self._icon = icon(name, token)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        self._icon.paint(painter, self.rect(), Qt.AlignmentFlag.AlignCenter, mode)
        painter.end()
