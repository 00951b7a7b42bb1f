"""The curves of the run that is looked at, read on from its record a few milliseconds at a time."""

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from espalier.training.curves import Curves, CurvesReader
from espalier.training.run import Run

BEAT = 400  # milliseconds between two looks at a record that grows
SLICE = 0.008  # seconds of reading at a time, so that a long record leaves the window its frames


class RunFeed(QObject):
    """Follows one run.

    Signals:
        changed: ``curves`` are others.

    Attributes:
        run: that is followed, None for none.
        curves: what it has told; empty until all that is there was read once.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.run: Run | None = None
        self.curves = Curves()
        self._reader: CurvesReader | None = None
        self._known = (0, 0, 0, 0)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._read)
        self._is_live = False

    @property
    def is_reading(self) -> bool:
        """Return whether there is more in the record than was read."""
        return self._timer.isActive() and not self._is_live

    def follow(self, run: Run | None, *, is_live: bool) -> None:
        """Read a run's record; one that is ``is_live`` is read on as it grows."""
        same = self.run and run and self.run.folder == run.folder
        if not same:
            self._reader = CurvesReader(run) if run else None
            self._known = (-1, 0, 0, 0)
            self.curves = Curves()
        self.run = run
        if not same or is_live != self._is_live:
            self._is_live = is_live
            self._read()

    def stop(self) -> None:
        """Read no more."""
        self._timer.stop()

    @Slot()
    def _read(self) -> None:
        if self._reader is None:
            self.changed.emit()
            return
        is_more = self._reader.read(SLICE)
        curves = self._reader.curves
        known = (len(curves.steps), len(curves.scores), len(curves.told), len(curves.probed))
        if known != self._known and not is_more:
            self._known, self.curves = known, curves
            self.changed.emit()
        if is_more:
            self._timer.start(0)
        elif self._is_live:
            self._timer.start(BEAT)
