"""A document being read in a process of its own, seen from the GUI thread; it may crash, and nothing else does."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from espalier.documents.convert import Conversion
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.process import end


class Preview(QObject):
    """The conversion of one file, and pictures of its pages.

    Signals:
        converted: the Conversion.
        refused: one sentence: the file cannot be read.
        drawn: page, from 0, and the path of its picture; "" when it cannot be drawn.
    """

    converted = Signal(object)
    refused = Signal(str)
    drawn = Signal(int, str)

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._folder = tempfile.TemporaryDirectory(prefix="espalier-pages-")
        self._is_read = False
        self._waiting: set[int] = set()
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        program = ["-P", "-m", "espalier.documents.preview", str(file), self._folder.name]
        self._process.start(sys.executable, program)

    def draw(self, page: int, width: int) -> None:
        """Ask for the picture of a page, so many pixels wide."""
        self._waiting.add(page)
        if self._process.state() is QProcess.ProcessState.NotRunning:
            self._on_finished()
        else:
            self._process.write(f"{page} {width}\n".encode())

    def close(self) -> None:
        """End the process; nothing is told any more."""
        self.blockSignals(True)
        end(self._process)
        self._folder.cleanup()

    @Slot()
    def _read(self) -> None:
        while self._process.canReadLine():
            answer: dict[str, Any] = json.loads(bytes(self._process.readLine().data()))
            if "page" in answer:
                self._waiting.discard(answer["page"])
                self.drawn.emit(answer["page"], answer.get("picture", ""))
                continue
            self._is_read = True
            if "refused" in answer:
                self.refused.emit(answer["refused"])
            else:
                self.converted.emit(Conversion(**answer))

    @Slot()
    def _on_finished(self) -> None:
        self._read()
        self._fail()
        for page in sorted(self._waiting):
            self.drawn.emit(page, "")
        self._waiting.clear()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._fail()

    def _fail(self) -> None:
        if not self._is_read:
            self._is_read = True
            text = tr("{name} makes its reader fail. Open it, save it again and add that.")
            self.refused.emit(text.format(name=self._file.name))
