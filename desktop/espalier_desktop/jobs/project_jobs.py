"""The jobs of one project: start them, follow the current one, and offer again what was cut off."""

import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from espalier.messages import Stage
from espalier.teachers.opening import unallowed
from espalier_desktop.home import logs_folder
from espalier_desktop.jobs.job import Job, JobState, is_resumable
from espalier_desktop.jobs.queue import JobQueue
from espalier_desktop.jobs.record import JobRecord, clear_record, read_record
from espalier_desktop.jobs.story import Story

_KEPT_LOGS = 20
_SENDING = (
    "generate",
    "try",
    "train",
    "evaluate",
    "tune",
    "suggest",
    "explain",
)  # commands that may ask a model


class ProjectJobs(QObject):
    """What a project's window needs of the queue.

    Signals:
        changed: a job of this project came, moved on or ended.
        stage_ended: a stage of the running job has written its output.
        ended: the Story of the job that is over.
        leave_wanted: a job would send text to an Endpoint that the person has not allowed; with what starts it again.
    """

    changed = Signal()
    stage_ended = Signal()
    ended = Signal(object)
    leave_wanted = Signal(object, object)

    def __init__(self, root: Path, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = root
        self._queue = queue
        self._stories: dict[int, Story] = {}
        self.latest: dict[str, Story] = {}
        self.interrupted: JobRecord | None = read_record(root)
        queue.changed.connect(self._on_changed)
        queue.ended.connect(self._on_ended)
        self._on_changed()

    @property
    def jobs(self) -> list[Job]:
        """Return this project's jobs that are not over, the running one first."""
        return [job for job in self._queue.jobs if job.root == self._root and not job.state.is_over]

    @property
    def own_jobs(self) -> list[Job]:
        """Return those that this window was asked for; a plan for the night has jobs that go on without it."""
        return [job for job in self.jobs if not self._stories[id(job)].is_adopted]

    @property
    def current(self) -> Job | None:
        """Return the job that runs or comes next, None when there is none."""
        return next(iter(self.jobs), None)

    @property
    def waits_for_another_project(self) -> bool:
        """Return whether another window's job has the GPU."""
        running = self._queue.running
        return running is not None and running.root != self._root

    def story(self, job: Job) -> Story:
        """Return what a job did so far."""
        return self._stories[id(job)]

    def start(self, command: str, **arguments: object) -> None:
        """Ask for a job; it starts at once when no other runs and nobody has to be asked first."""
        if command in _SENDING and (endpoint := unallowed(self._root)):
            self.leave_wanted.emit(endpoint, partial(self.start, command, **arguments))
            return
        if is_resumable(command):
            self.interrupted = None
        log = logs_folder() / f"worker-{time.strftime('%Y-%m-%dT%H-%M-%S')}-{command}.log"
        for old in sorted(logs_folder().glob("worker-*.log"))[:-_KEPT_LOGS]:
            old.unlink(missing_ok=True)
        job = Job(command, arguments, self._root, log)
        self._follow(job, Story(command, log, arguments))
        self._queue.submit(job)

    def resume(self) -> None:
        """Ask again for the job that was cut off; finished work is not done twice."""
        if self.interrupted:
            self.start(self.interrupted.command, **self.interrupted.arguments)

    def forget_interrupted(self) -> None:
        """Offer the job that was cut off no more."""
        self.interrupted = None
        clear_record(self._root)
        self.changed.emit()

    def stop(self) -> None:
        """Stop the running job, or take the next one out of the queue."""
        if self.current:
            self.current.stop()

    def abandon(self) -> None:
        """End this project's jobs because its window closes; the running one is offered again next time."""
        for job in reversed(self.own_jobs):
            if job.state is JobState.QUEUED:
                job.stop()
            else:
                self._queue.abandon(job)

    def _adopt(self, job: Job) -> None:
        """Follow a job of this project that others submitted."""
        self._follow(job, Story(job.request.command, job.log, job.request.arguments, is_adopted=True))

    def _follow(self, job: Job, story: Story) -> None:
        self._stories[id(job)] = self.latest[story.command] = story
        job.reported.connect(self._on_reported)

    @Slot(object)
    def _on_reported(self, event: object) -> None:
        job = self.sender()
        assert isinstance(job, Job)
        story = self._stories[id(job)]
        is_next_stage = isinstance(event, Stage) and bool(story.stages)
        story.hear(event)  # type: ignore[arg-type]  # a signal's payload has no type
        if is_next_stage:
            self.stage_ended.emit()

    @Slot()
    def _on_changed(self) -> None:
        for job in self.jobs:
            if id(job) not in self._stories:
                self._adopt(job)
            self._stories[id(job)].copy_state(job)
        self.changed.emit()

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        story = self._stories.pop(id(job), None)
        if story:
            story.copy_state(job)
            self.ended.emit(story)
