"""The survey of a project, what is fresh, stale or wrong in it: looked up by a process of its own."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from espalier.status import decode_status
from espalier_desktop.jobs.process import end


class Survey(QObject):
    """One process at a time; one more follows when it was asked for meanwhile.

    Signals:
        begun: everything is told anew from here on.
        told: what was found next, as `decode_status` returns it; the last of a survey is its ProjectStatus.

    Args:
        base: returns what the taxonomy is compared with in Git.
    """

    begun = Signal()
    told = Signal(object)

    def __init__(self, root: Path, base: Callable[[], str], parent: QObject) -> None:
        super().__init__(parent)
        self._root, self._base = root, base
        self._is_stale = False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._on_finished)

    @property
    def is_running(self) -> bool:
        """Return whether a survey is under way."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    @Slot()
    def start(self) -> None:
        """Look everything up; once more afterwards when a survey is under way."""
        if self.is_running:
            self._is_stale = True
            return
        self._is_stale = False
        self.begun.emit()
        self._process.start(sys.executable, ["-m", "espalier.project_survey", str(self._root), self._base()])

    def end(self) -> None:
        """End what is under way; nothing is told any more."""
        end(self._process)

    @Slot()
    def _read(self) -> None:
        while self._process.canReadLine():
            self.told.emit(decode_status(bytes(self._process.readLine().data())))

    @Slot()
    def _on_finished(self) -> None:
        self._read()
        if self._is_stale:
            self.start()
