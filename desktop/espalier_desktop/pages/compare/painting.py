"""When answers that are being written are painted: ten times a second, and never both panes in one go."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from espalier_desktop.pages.compare.transcript import Transcript

BEAT = 100  # milliseconds between two paintings
_SOON = 8  # milliseconds until the next slice while something waits


class Painting(QObject):
    """Paints what waits in transcripts, one slice of one of them at a time, so that the window lives in between.

    Signals:
        settled: nothing waits any more.
    """

    settled = Signal()

    def __init__(self, views: Sequence[Transcript], parent: QObject) -> None:
        super().__init__(parent)
        self._views = list(views)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._paint)

    def wake(self, soon: int = BEAT) -> None:
        """Paint what came, within so many milliseconds."""
        if not self._timer.isActive():
            self._timer.start(soon)

    def finish(self) -> None:
        """Paint everything at once."""
        self._timer.stop()
        for view in self._views:
            view.finish()
        self.settled.emit()

    @Slot()
    def _paint(self) -> None:
        view = next((each for each in self._views if each.is_busy), None)
        if view:
            view.paint_some()
            self._views.remove(view)
            self._views.append(view)  # the other one comes first next time
        if any(each.is_busy for each in self._views):
            self._timer.start(_SOON)
        else:
            self.settled.emit()
