"""One run of the worker process, seen from the GUI thread."""

import time
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QProcess, QTimer, Signal, Slot

from espalier.machine import memory_of
from espalier.messages import Event, Failed, Finished, Progress, Request, Stage, decode, encode
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs import process
from espalier_desktop.jobs.coalesce import coalesce
from espalier_desktop.jobs.record import JobRecord, clear_record, write_record

GRACE = 20_000  # milliseconds for the worker to end by itself after it was asked to
SLICE = 8  # milliseconds of reading at a time, so that a flood of events leaves the window its frames
FRAME = 10  # milliseconds in which events are gathered, so that those with the same meaning become one
BEAT = 1_000  # milliseconds between two looks at the worker's memory
CANCELLED = 130  # exit status of a worker that stopped because somebody asked for it
QUESTIONS = ("ask", "probe")
RESUMABLE = ("generate", "train", "quantize", "evaluate", "tune")  # commands whose work is gone on with later


def is_resumable(command: str) -> bool:
    """Return whether a job of this command leaves work behind that can be gone on with."""
    return command in RESUMABLE


class JobState(Enum):
    """Where a job is; the last four are its ends."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    CRASHED = "crashed"

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will come of the job."""
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.STOPPING)


class Job(QObject):
    """One request in its own worker process.

    Signals:
        reported: an event (Stage, Progress, Note, Text), in order; progress and text are coalesced.
        changed: state, stage, progress or memory is another.
        finished: the job is over; ``state`` says how.

    Attributes:
        request: what was asked of the worker.
        root: the project's folder; the note of an unfinished job is kept there.
        state: where the job is.
        stage: the latest stage, None before the first.
        progress: the latest progress of that stage, None before it.
        memory: bytes that the worker holds.
        result: of a job that is done.
        message: one sentence for a person when the job failed or crashed.
        log: file with everything the worker printed.
    """

    reported = Signal(object)
    changed = Signal()
    finished = Signal()

    def __init__(
        self, command: str, arguments: Mapping[str, Any], root: Path, log: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.request = Request(command, {"project": str(root), **arguments})
        self.root = root
        self.log = log
        self.state = JobState.QUEUED
        self.stage: Stage | None = None
        self.progress: Progress | None = None
        self.memory = 0
        self.result: Mapping[str, Any] = {}
        self.message = ""
        self._outcome: Finished | Failed | None = None
        self._exit: tuple[int, QProcess.ExitStatus] | None = None
        self._record = JobRecord(command, dict(arguments))
        self._is_resumable = is_resumable(command)
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read_soon)
        self._process.started.connect(self._on_started)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._more = QTimer(self, interval=FRAME, singleShot=True)
        self._more.timeout.connect(self._read)
        self._pulse = QTimer(self, interval=BEAT)
        self._pulse.timeout.connect(self._measure)

    @property
    def pid(self) -> int:
        """Return the worker's process id, 0 when it does not run."""
        return self._process.processId()

    def start(self) -> None:
        """Start the worker and hand it the request; its stdin stays open for as long as this window lives."""
        program, *arguments = process.worker_program()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process.setStandardErrorFile(str(self.log))
        self._process.setProcessEnvironment(process.worker_environment(self.request.command))
        self._record = replace(self._record, started=time.strftime("%Y-%m-%d %H:%M"))
        self._set(JobState.RUNNING)
        self._note()
        self._process.start(program, arguments)
        self._process.write(encode(self.request))

    def stop(self) -> None:
        """Ask the worker to stop, and make it stop after a grace period; asked twice, make it stop now."""
        if self.state is JobState.QUEUED:
            self._end(JobState.STOPPED)
        elif self.state is JobState.STOPPING:
            self._process.kill()
        elif self.state is JobState.RUNNING:
            self._set(JobState.STOPPING)
            self._process.terminate()
            QTimer.singleShot(GRACE, self._process, self._process.kill)

    def wind_down(self) -> None:
        """Note that the worker was asked in another way to stop by itself; `stop` makes it stop now."""
        if self.state is JobState.RUNNING:
            self._set(JobState.STOPPING)

    def abandon(self) -> None:
        """End the worker because the window closes; what it was doing is offered again at the next start."""
        self._process.blockSignals(True)
        self._pulse.stop()
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.terminate()
            if not self._process.waitForFinished(3_000):
                self._process.kill()
                self._process.waitForFinished(3_000)

    @Slot()
    def _on_started(self) -> None:
        self._pulse.start()
        keeper = process.awake_program(self.pid)
        if keeper:
            QProcess.startDetached(keeper[0], keeper[1:])

    @Slot()
    def _read_soon(self) -> None:
        if not self._more.isActive():
            self._more.start()

    @Slot()
    def _read(self) -> None:
        """Take in what came for a few milliseconds, and go on later when there is more."""
        clock = QElapsedTimer()
        clock.start()
        events: list[Event] = []
        while self._process.canReadLine() and clock.elapsed() < SLICE:
            try:
                events.append(decode(bytes(self._process.readLine().data())))
            except ValueError:
                continue  # a library that writes past stdout's back; the log has the rest
        for event in coalesce(events):
            self._take(event)
        if events:
            self.changed.emit()
        if self._process.canReadLine():
            self._more.start()
        elif self._exit is not None:
            self._conclude(*self._exit)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished | Failed):
            self._outcome = event
            return
        if isinstance(event, Stage):
            self.stage, self.progress = event, None
            self._record = replace(self._record, stage=event.name)
            self._note()
        elif isinstance(event, Progress):
            self.progress = event
        self.reported.emit(event)

    @Slot()
    def _measure(self) -> None:
        self.memory = memory_of(self.pid)
        self.changed.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.message = tr("The worker could not be started: {reason}. Install Espalier again.").format(
                reason=self._process.errorString()
            )
            self._end(JobState.FAILED)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._exit = (code, status)
        self._pulse.stop()
        self._read()

    def _conclude(self, code: int, status: QProcess.ExitStatus) -> None:
        self._exit = None
        if isinstance(self._outcome, Finished):
            self.result = self._outcome.result
            self._end(JobState.DONE)
        elif self.state is JobState.STOPPING or code == CANCELLED:
            self._end(JobState.STOPPED)
        elif isinstance(self._outcome, Failed):
            self.message = said(self._outcome.message)
            if self._outcome.details:
                with self.log.open("a", encoding="utf-8") as log:
                    log.write(self._outcome.details)
            self._end(JobState.FAILED)
        else:
            is_killed = status is QProcess.ExitStatus.CrashExit and code == 9
            self.message = (
                tr("The system ended the worker, most often for want of memory. Close other programs and try again.")
                if is_killed
                else tr("The worker stopped unexpectedly. Try again: finished work is kept. The log says more.")
            )
            self._end(JobState.CRASHED)

    def _end(self, state: JobState) -> None:
        if self._is_resumable:
            clear_record(self.root)
        self._set(state)
        self.finished.emit()

    def _note(self) -> None:
        if self._is_resumable:
            write_record(self.root, self._record)

    def _set(self, state: JobState) -> None:
        self.state = state
        self.changed.emit()
