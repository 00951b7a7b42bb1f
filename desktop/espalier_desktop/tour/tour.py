"""The tour of one window: which stop it is at, and that it was seen."""

from PySide6.QtCore import QObject, Signal

from espalier_desktop.home import settings
from espalier_desktop.main_window import MainWindow
from espalier_desktop.tour.bubble import Bubble
from espalier_desktop.tour.stops import control_of, stops

_SEEN = "tour_seen"


def was_seen() -> bool:
    """Return whether the person took the tour, or did not want it."""
    return str(settings().value(_SEEN, "")) == "true"


def note_seen() -> None:
    """Offer the tour no more; Help has it for ever."""
    settings().setValue(_SEEN, "true")


class Tour(QObject):
    """Goes from stop to stop and ends where it began.

    Signals:
        over: the bubble is gone.
    """

    over = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._stops = stops()
        self.place = 0
        self.bubble = Bubble(window)
        self.bubble.moved.connect(self.move)
        self.bubble.ended.connect(self.end)
        note_seen()
        self._show()

    def move(self, steps: int) -> None:
        """Go to another stop; after the last one the tour is over."""
        self.place = max(0, self.place + steps)
        if self.place < len(self._stops):
            self._show()
        else:
            self.end()

    def end(self) -> None:
        """Take the bubble away."""
        for part in (self.bubble, self.bubble.frame):
            part.hide()
            part.deleteLater()
        self._window.page.setFocus()
        self.over.emit()
        self.deleteLater()

    def _show(self) -> None:
        stop = self._stops[self.place]
        self._window.go(stop.page)
        self.bubble.show_stop(stop, self.place, len(self._stops), control_of(stop, self._window.page))
