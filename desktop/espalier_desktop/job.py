"""One run of the worker process, seen from the GUI thread."""

import sys
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from espalier.messages import Failed, Finished, Request, decode, encode

GRACE = 20_000  # milliseconds for the worker to end by itself after it was asked to


class Job(QObject):
    """One request in its own worker process.

    Signals:
        reported: every event, in order.
        finished: Finished, Failed, or None when the person cancelled.
    """

    reported = Signal(object)
    finished = Signal(object)

    def __init__(self, command: str, arguments: Mapping[str, Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._request = Request(command, arguments)
        self._outcome: Finished | Failed | None = None
        self._is_cancelled = False
        self._process = QProcess(self)
        self._process.setStandardErrorFile(QProcess.nullDevice())
        self._process.readyReadStandardOutput.connect(self._read_events)
        self._process.finished.connect(self._on_finished)

    def start(self) -> None:
        """Start the worker and hand it the request; its stdin stays open for as long as this window lives."""
        self._process.start(sys.executable, ["-m", "espalier.worker"])
        self._process.write(encode(self._request))

    def cancel(self) -> None:
        """Ask the worker to stop, and make it stop after a grace period."""
        self._is_cancelled = True
        self._process.terminate()
        QTimer.singleShot(GRACE, self._process, self._process.kill)

    @Slot()
    def _read_events(self) -> None:
        while self._process.canReadLine():
            event = decode(bytes(self._process.readLine().data()))
            if isinstance(event, Finished | Failed):
                self._outcome = event
            self.reported.emit(event)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_events()
        if self._is_cancelled:
            self.finished.emit(None)
        else:
            again = "The worker stopped unexpectedly. Start the job again to go on; finished work is kept."
            self.finished.emit(self._outcome or Failed(again))
