"""A short result at the foot of the window, which goes away by itself; never an error that needs an answer."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QWidget
from typing_extensions import override

from espalier_desktop.widgets.basics import button, label, row

STAYS = 5_000  # milliseconds
_ABOVE = 96  # px from the window's foot: what a page has there are the buttons that are wanted next


class Toast(QFrame):
    """One line over the window's foot; the next one takes its place."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setProperty("role", "toast")
        self.text = label()
        self.action = button("")
        self._do: Callable[[], object] | None = None
        layout = row(self.text, self.action, spacing=12)
        layout.setContentsMargins(16, 10, 16, 10)
        self.setLayout(layout)
        self._timer = QTimer(self, interval=STAYS, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.action.clicked.connect(self._act)
        window.installEventFilter(self)
        self.hide()

    def show_text(self, text: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        """Show a result, with something to do about it where there is."""
        self.text.setText(text)
        self.action.setText(action)
        self.action.setAccessibleName(action)
        self.action.setVisible(bool(action))
        self._do = do
        self.show()
        self._place()
        self.raise_()
        self._timer.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _act(self) -> None:
        self.hide()
        if self._do:
            self._do()

    def _place(self) -> None:
        self.adjustSize()
        window = self._window
        self.move((window.width() - self.width()) // 2, window.height() - self.height() - _ABOVE)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
