"""One job at a time on the GPU; the others wait where everyone sees them."""

from PySide6.QtCore import QObject, Signal, Slot

from espalier_desktop.jobs.job import Job, JobState


class JobQueue(QObject):
    """The jobs of all windows, in the order they were asked for.

    Signals:
        changed: a job came, moved on or ended.
        ended: the job that is over.
    """

    changed = Signal()
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Return the running job and those that wait for it."""
        return tuple(self._jobs)

    @property
    def running(self) -> Job | None:
        """Return the job that has the GPU."""
        return next((job for job in self._jobs if job.state in (JobState.RUNNING, JobState.STOPPING)), None)

    def submit(self, job: Job) -> None:
        """Start a job as soon as no other runs."""
        job.setParent(self)
        job.changed.connect(self.changed)
        job.finished.connect(self._next)
        self._jobs.append(job)
        self._start_next()
        self.changed.emit()

    def abandon(self, job: Job) -> None:
        """End a job's worker because its window closes, and let the next job run."""
        job.abandon()
        self._jobs.remove(job)
        job.deleteLater()
        self._start_next()
        self.changed.emit()

    @Slot()
    def _next(self) -> None:
        over = [job for job in self._jobs if job.state.is_over]
        self._jobs = [job for job in self._jobs if not job.state.is_over]
        for job in over:
            self.ended.emit(job)
        self._start_next()
        self.changed.emit()
        for job in over:
            job.deleteLater()

    def _start_next(self) -> None:
        if self._jobs and self.running is None:
            self._jobs[0].start()
