"""The worker that answers both panes: started with the first question, kept warm, and started again when it dies."""

import time
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QProcess, QTimer, Signal, Slot

from espalier.messages import Answered, Failed, Loaded, Note, Request, Stage, Text, decode, encode
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs import process
from espalier_desktop.jobs.job import SLICE

_IDLE = 15 * 60_000  # milliseconds without a question after which the memory is given back
_KEPT_LOGS = 5


class SessionState(Enum):
    """Where the worker is."""

    OFF = "off"
    LOADING = "loading"
    READY = "ready"
    ANSWERING = "answering"
    DEAD = "dead"


class Session(QObject):
    """One comparison's worker, as `espalier.comparison.service` serves it.

    Signals:
        changed: ``state`` is another.
        loaded: a Loaded: what a pane holds.
        told: a sentence on what is being done, or worth knowing.
        text: a pane, and more of its answer.
        answered: an Answered: a pane's answer is over.
        refused: a sentence: a request was not served; nothing else changed.
        died: a sentence: the worker is gone, and what it was writing ends here.

    Attributes:
        state: where the worker is.
        writing: the panes whose answers are being written.
    """

    changed = Signal()
    loaded = Signal(object)
    told = Signal(str)
    text = Signal(str, str)
    answered = Signal(object)
    refused = Signal(str)
    died = Signal(str)

    def __init__(self, root: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._root = root
        self.state = SessionState.OFF
        self.writing: set[str] = set()
        self.log = Path()
        self._held: list[Mapping[str, str]] = []  # what the panes hold
        self._before: list[Mapping[str, str]] = []  # what they held before the change that is being made
        self._is_starting = False
        self._waiting: Request | None = None  # the question that is asked once the panes are loaded
        self._loading = 0
        self._failure = ""
        self._process: QProcess | None = None
        self._more = QTimer(self, interval=10, singleShot=True)
        self._more.timeout.connect(self._read)
        self._idle = QTimer(self, interval=_IDLE, singleShot=True)
        self._idle.timeout.connect(self.end)

    @property
    def is_busy(self) -> bool:
        """Return whether it loads or answers."""
        return self.state in (SessionState.LOADING, SessionState.ANSWERING)

    @property
    def pid(self) -> int:
        """Return the worker's process id, 0 without one."""
        return self._process.processId() if self._process else 0

    def ask(self, panes: Sequence[Mapping[str, str]], arguments: Mapping[str, Any]) -> None:
        """Put a question to panes that hold these models; they are loaded first where that is needed.

        Args:
            panes: what the left and the right one hold.
            arguments: of the protocol's ``answer``.
        """
        assert not self.is_busy
        self._idle.stop()
        self.writing = set(arguments["panes"])
        self._waiting = Request("answer", arguments)
        self.open(panes)
        if self.state is SessionState.READY:
            self._ask_now()

    def open(self, panes: Sequence[Mapping[str, str]]) -> None:
        """Load models into the panes, unless they hold them already."""
        panes = [dict(pane) for pane in panes]
        if self.state in (SessionState.OFF, SessionState.DEAD):
            self._held = list(panes)
            self._start()
        elif self.state is SessionState.READY and panes != self._held:
            # every pane that is another is told of by one Loaded
            self._loading = sum(new != old for new, old in zip(panes, self._held, strict=True))
            self._before, self._held = self._held, list(panes)
            self._set(SessionState.LOADING)
            self._send(Request("change", {"panes": self._held}))

    def stop(self) -> None:
        """End the answers at the next token; while the models are being loaded, end the worker."""
        if self.state is SessionState.ANSWERING:
            self._send(Request("stop", {}))
        elif self.state is SessionState.LOADING:
            self.end()

    @Slot()
    def end(self) -> None:
        """End the worker and give its memory back; the next question starts it again."""
        self._idle.stop()
        self._drop()
        self._set(SessionState.OFF)

    def _start(self) -> None:
        self._drop(keep_question=True)
        self._loading, self._failure, self._is_starting = len(self._held), "", True
        folder = logs_folder()
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("compare-*.log"))[:-_KEPT_LOGS]:
            old.unlink(missing_ok=True)
        self.log = folder / f"compare-{time.strftime('%Y-%m-%dT%H-%M-%S')}.log"
        made = QProcess(self)
        made.setStandardErrorFile(str(self.log))
        made.setProcessEnvironment(process.worker_environment("compare"))
        made.readyReadStandardOutput.connect(self._read_soon)
        made.finished.connect(self._on_finished)
        made.errorOccurred.connect(self._on_error)
        self._process = made
        self._set(SessionState.LOADING)
        program, *arguments = process.worker_program()
        made.start(program, arguments)
        self._send(Request("compare", {"project": str(self._root), "run": "", "panes": self._held}))

    def _send(self, request: Request) -> None:
        if self._process:
            self._process.write(encode(request))

    def _ask_now(self) -> None:
        request, self._waiting = self._waiting, None
        if request:
            self._set(SessionState.ANSWERING)
            self._send(request)

    @Slot()
    def _read_soon(self) -> None:
        if not self._more.isActive():
            self._more.start()

    @Slot()
    def _read(self) -> None:
        """Take in what came for a few milliseconds, and go on later when there is more."""
        clock = QElapsedTimer()
        clock.start()
        while self._process and self._process.canReadLine() and clock.elapsed() < SLICE:
            try:
                self._take(decode(bytes(self._process.readLine().data())))
            except ValueError:
                continue  # a library that writes past stdout's back; the log has the rest
        if self._process and self._process.canReadLine():
            self._more.start()

    def _take(self, event: object) -> None:
        if isinstance(event, Text):
            self.text.emit(event.pane, event.text)
        elif isinstance(event, Answered):
            self.writing.discard(event.pane)
            self.answered.emit(event)
            if not self.writing and self.state is SessionState.ANSWERING:
                self._rest()
        elif isinstance(event, Loaded):
            self.loaded.emit(event)
            self._loading -= 1
            if self.state is SessionState.LOADING and self._loading <= 0:
                self._is_starting, self._failure = False, ""
                if self._waiting:
                    self._ask_now()
                else:
                    self._rest()
        elif isinstance(event, Stage | Note):
            self.told.emit(said(event.text))
        elif isinstance(event, Failed):
            self._fail(event)

    def _fail(self, event: Failed) -> None:
        """Take a failure: of one request, or of all while the worker starts, for it ends after that."""
        self._failure = said(event.message)
        if self._is_starting or not self.is_busy:
            return
        if self.state is SessionState.LOADING:
            self._held = self._before
        self.writing.clear()
        self._waiting = None
        self._rest()
        self.refused.emit(self._failure)

    def _rest(self) -> None:
        self._idle.start()
        self._set(SessionState.READY)

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process:
            text = tr("The worker could not be started: {reason}. Install Espalier again.")
            self._die(text.format(reason=self._process.errorString()))

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        while self._process and self._process.canReadLine():
            self._read()
        if self._failure and status is QProcess.ExitStatus.NormalExit:
            self._die(self._failure)
        elif status is QProcess.ExitStatus.CrashExit and code == 9:
            self._die(tr("The system ended the worker, most often for want of memory. What was written is kept."))
        else:
            self._die(tr("The worker stopped unexpectedly. What was written is kept. The log says more."))

    def _die(self, sentence: str) -> None:
        was_wanted = self.state is not SessionState.READY
        self._drop()
        self._set(SessionState.DEAD if was_wanted else SessionState.OFF)
        if was_wanted:
            self.died.emit(sentence)

    def _drop(self, *, keep_question: bool = False) -> None:
        self._more.stop()
        if self._process:
            ended, self._process = self._process, None
            ended.blockSignals(True)
            if ended.state() is not QProcess.ProcessState.NotRunning:
                process.end(ended)
            ended.deleteLater()
        if not keep_question:
            self.writing.clear()
            self._waiting = None

    def _set(self, state: SessionState) -> None:
        self.state = state
        self.changed.emit()
