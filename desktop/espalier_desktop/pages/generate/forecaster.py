"""What generating will take, looked up by a worker of its own, so that reading documents holds nothing up."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from espalier.synthesis.forecast import Forecast, Outlook, forecast, told
from espalier.synthesis.pace import Pace
from espalier_desktop.document import Document
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.pages.generate.wording import durations, span


class Forecaster(QObject):
    """The outlook of every leaf with one pipeline.

    Signals:
        changed: something was found, or the lookup failed.

    Attributes:
        outlooks: by path of the leaf; empty while nothing is known.
        problem: why nothing is known, in a sentence.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._job: Job | None = None
        self._next: str | None = None
        self.outlooks: dict[str, Outlook] = {}
        self.paces: dict[str, Pace] = {}
        self.problem = ""

    @property
    def is_looking(self) -> bool:
        """Return whether an answer is on its way."""
        return self._job is not None

    def look(self, pipeline: str) -> None:
        """Look everything up again; what is asked for meanwhile is looked up afterwards."""
        if self._job:
            self._next = pipeline
            return
        job = Job("foretell", {"pipeline": pipeline}, self._document.root, logs_folder() / "foretell.log", self)
        job.finished.connect(self._conclude)
        self._job = job
        job.start()

    def forecast(self, leaves: Iterable[str], per_leaf: int = 0) -> Forecast | None:
        """Return what some leaves will take; None while nothing is known."""
        if not self.outlooks:
            return None
        return forecast([self.outlooks[path] for path in leaves if path in self.outlooks], self.paces, per_leaf)

    def close(self) -> None:
        """End what still runs."""
        if self._job:
            self._job.abandon()

    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        if job.state is JobState.DONE and "leaves" in job.result:
            leaves, self.paces = told(job.result)
            self.outlooks, self.problem = {each.leaf: each for each in leaves}, ""
        else:
            self.outlooks, self.problem = {}, job.message
        job.deleteLater()
        wanted, self._next = self._next, None
        if wanted is not None:
            self.look(wanted)
        self.changed.emit()


def time_words(found: Forecast) -> str:
    """Return about how long a forecast says, "" where it is not known."""
    return tr("about {time}").format(time=durations(found.seconds)) if found.seconds else ""


def rows_words(found: Forecast) -> str:
    """Return how many rows a forecast says, "" where it is not known."""
    return tr("about {count} rows").format(count=span(*found.rows)) if found.rows else ""
