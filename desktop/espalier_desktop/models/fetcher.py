"""One model on its way at a time, for the whole program: fetched from the Hub, or imported from a GGUF file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from espalier.messages import Progress
from espalier.models.places import home_folder, models_folder
from espalier.models.starter import STARTER
from espalier_desktop.home import logs_folder
from espalier_desktop.jobs.job import Job, JobState


class Fetcher(QObject):
    """Fetches or imports a model in a worker that is none of a project's jobs: it needs the network, not the GPU.

    Signals:
        changed: it began, moved on or ended.
        fetched: name of the model that is there now.

    Attributes:
        name: of the model that is on its way, "" when none is.
        problem: why the last one did not come, in a sentence; "" when it did, or was stopped.
    """

    changed = Signal()
    fetched = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self.name = ""
        self.problem = ""

    @property
    def is_busy(self) -> bool:
        """Return whether a model is on its way."""
        return self._job is not None

    @property
    def is_stopping(self) -> bool:
        """Return whether it was asked to stop."""
        return self._job is not None and self._job.state is JobState.STOPPING

    @property
    def progress(self) -> Progress | None:
        """Return how far it is, None while that is not known."""
        return self._job.progress if self._job else None

    def get(self, name: str) -> None:
        """Fetch a model by its id on the Hub, or the starter; what was begun before is gone on with."""
        if name == STARTER:
            self._start("fetch", name, {})
        else:
            self._start("model_get", name, {"id": name})

    def import_gguf(self, source: Path, name: str) -> None:
        """Make a model of a GGUF file, under a name among our own models."""
        self._start("import", name, {"source": str(source), "destination": str(models_folder() / name)})

    def stop(self) -> None:
        """Stop; what has come is kept for the next time."""
        if self._job:
            self._job.stop()

    def forget(self) -> None:
        """Say no more why the last one did not come."""
        self.problem = ""
        self.changed.emit()

    def close(self) -> None:
        """End what still runs, because the program ends."""
        if self._job:
            self._job.abandon()

    def _start(self, command: str, name: str, arguments: Mapping[str, Any]) -> None:
        if self._job:
            return
        self.name, self.problem = name, ""
        self._job = Job(command, arguments, home_folder(), logs_folder() / "models.log", self)
        self._job.changed.connect(self.changed)
        self._job.finished.connect(self._conclude)
        self._job.start()
        self.changed.emit()

    @Slot()
    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        name, self.name = self.name, ""
        is_done = job.state is JobState.DONE
        self.problem = "" if is_done or job.state is JobState.STOPPED else job.message
        job.deleteLater()
        if is_done:
            self.fetched.emit(name)
        self.changed.emit()
