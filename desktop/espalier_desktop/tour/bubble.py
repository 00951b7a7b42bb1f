"""The bubble of the tour and the frame around the control that it is about."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.tour.stops import Stop
from espalier_desktop.widgets.basics import button, column, label, row

_WIDTH = 340  # px
_GAP = 12  # px between the control and the bubble, and to the window's edge


class Bubble(QFrame):
    """A title, a few sentences, and the way on: Return is Next, the arrows go back and forth, Escape ends it.

    Signals:
        moved: by how many stops, 1 or -1.
        ended: the person has seen enough.
    """

    moved = Signal(int)
    ended = Signal()

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._control: QWidget | None = None
        self.setProperty("role", "popover")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(_WIDTH)
        self.title = label(role="headline", wrap=True)
        self.text = label(wrap=True)
        self.count = label(role="caption")
        self.skip = button(tr("End the Tour"), self.ended.emit)
        self.back = button(tr("Back"), lambda: self.moved.emit(-1))
        self.forward = button(tr("Next"), lambda: self.moved.emit(1), role="primary")
        self.frame = QFrame(window)
        self.frame.setProperty("role", "spotlight")
        self.frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        buttons = row(self.skip, None, self.back, self.forward)
        for text in (self.title, self.text):
            text.setFixedWidth(_WIDTH - 36)
        layout = column(self.count, self.title, self.text, 6, buttons, spacing=6)
        layout.setContentsMargins(18, 14, 18, 14)
        self.setLayout(layout)
        window.installEventFilter(self)

    def show_stop(self, stop: Stop, place: int, total: int, control: QWidget) -> None:
        """Stand beside a control and tell about it."""
        self._control = control
        self.title.setText(stop.title)
        self.text.setText(stop.text)
        self.count.setText(tr("{place} of {total}").format(place=place + 1, total=total))
        self.back.setEnabled(place > 0)
        self.forward.setText(tr("Next") if place + 1 < total else tr("Done"))
        self.setAccessibleName(stop.title)
        self.setAccessibleDescription(stop.text)
        self.place()
        self.show()
        self.raise_()
        self.forward.setFocus()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{stop.title}. {stop.text}"))

    def place(self) -> None:
        """Take the place beside the control where there is most room, whole inside the window."""
        if not self._control:
            return
        self.adjustSize()
        window = self._window
        area = QRect(self._control.mapTo(window, QPoint(0, 0)), self._control.size()).intersected(window.rect())
        self.frame.setGeometry(area.adjusted(-4, -4, 4, 4))
        self.frame.show()
        self.frame.raise_()
        self.move(beside(area, self.rect(), window.rect()))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Return: 1, Qt.Key.Key_Enter: 1}
        key = Qt.Key(event.key())
        if key is Qt.Key.Key_Escape:
            self.ended.emit()
        elif key in steps:
            self.moved.emit(steps[key])
        else:
            super().keyPressEvent(event)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.isVisible():
            self.place()
        return False


def beside(control: QRect, bubble: QRect, window: QRect) -> QPoint:
    """Return where a bubble goes: right, below, left or above the control, else in its lower right corner."""
    width, height = bubble.width(), bubble.height()
    inside = window.adjusted(_GAP, _GAP, -_GAP, -_GAP)
    left = min(max(control.left(), inside.left()), inside.right() - width)
    top = min(max(control.top(), inside.top()), inside.bottom() - height)
    if control.right() + _GAP + width <= inside.right():
        return QPoint(control.right() + _GAP, top)
    if control.bottom() + _GAP + height <= inside.bottom():
        return QPoint(left, control.bottom() + _GAP)
    if control.left() - _GAP - width >= inside.left():
        return QPoint(control.left() - _GAP - width, top)
    if control.top() - _GAP - height >= inside.top():
        return QPoint(left, control.top() - _GAP - height)
    return QPoint(inside.right() - width, inside.bottom() - height)
