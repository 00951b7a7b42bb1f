"""One question to the engine at a time, answered by a worker of its own; the newest question counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from espalier_desktop.home import logs_folder
from espalier_desktop.jobs.job import Job, JobState


class Place(Protocol):
    """What an errand is about: a `Document`, or where there is no project the program's own folder."""

    @property
    def root(self) -> Path:
        """The folder."""


class Errand(QObject):
    """Asks a worker's command about the project.

    Signals:
        changed: an answer or a reason came.

    Attributes:
        result: of the last answer, {} before it.
        problem: why there is none, in a sentence.
    """

    changed = Signal()

    def __init__(self, command: str, document: Place, parent: QObject) -> None:
        super().__init__(parent)
        self._command, self._document = command, document
        self._job: Job | None = None
        self._next: dict[str, Any] | None = None
        self.result: Mapping[str, Any] = {}
        self.problem = ""

    @property
    def is_asking(self) -> bool:
        """Return whether an answer is on its way."""
        return self._job is not None

    def ask(self, **arguments: Any) -> None:
        """Ask; what is asked meanwhile is asked afterwards."""
        if self._job:
            self._next = arguments
            return
        job = Job(self._command, arguments, self._document.root, logs_folder() / f"{self._command}.log", self)
        job.finished.connect(self._conclude)
        self._job = job
        job.start()
        self.changed.emit()

    def close(self) -> None:
        """End what still runs."""
        if self._job:
            self._job.abandon()

    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        is_done = job.state is JobState.DONE
        self.result, self.problem = (job.result, "") if is_done else ({}, job.message)
        job.deleteLater()
        wanted, self._next = self._next, None
        if wanted is not None:
            self.ask(**wanted)
        self.changed.emit()
