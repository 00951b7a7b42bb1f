"""A model of the project behind an address of this computer, switched on and off in a sheet."""

import time
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QSpinBox, QWidget

from espalier.messages import Failed, Note, Request, Serving, Stage, decode, encode
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs import process
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.segments import Segments

_SIZE = QSize(600, 460)
PORT = 8080


class Server(QObject):
    """The worker that serves a model; it ends with the window.

    Signals:
        changed: it is on, off, on its way, or has something to tell.

    Attributes:
        kind: what is served: base, tuned or quantized.
        port: of this computer.
        serving: where it answers; None while it does not.
        message: what it is doing, or why it ended; "" for nothing.
        is_failed: whether ``message`` says why it ended.
    """

    changed = Signal()

    def __init__(self, root: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._root = root
        self.kind, self.port = "tuned", PORT
        self.serving: Serving | None = None
        self.message, self.is_failed = "", False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._on_finished)

    @property
    def is_on(self) -> bool:
        """Return whether it serves or is about to."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def start(self) -> None:
        """Load the model and serve it."""
        if self.is_on:
            return
        self.serving, self.message, self.is_failed = None, tr("Loading the models…"), False
        folder = logs_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._process.setStandardErrorFile(str(folder / f"serve-{time.strftime('%Y-%m-%d')}.log"))
        program, *arguments = process.worker_program()
        self._process.start(program, arguments)
        request = {"project": str(self._root), "kind": self.kind, "port": self.port}
        self._process.write(encode(Request("serve", request)))
        self.changed.emit()

    def stop(self) -> None:
        """Serve no more."""
        process.end(self._process)
        self._process.blockSignals(False)
        self.serving, self.message, self.is_failed = None, "", False
        self.changed.emit()

    @Slot()
    def _read(self) -> None:
        while self._process.canReadLine():
            try:
                event = decode(bytes(self._process.readLine().data()))
            except ValueError:
                continue  # a library that writes past stdout's back
            if isinstance(event, Serving):
                self.serving, self.message = event, ""
            elif isinstance(event, Stage | Note):
                self.message = said(event.text)
            elif isinstance(event, Failed):
                self.message, self.is_failed = said(event.message), True
        self.changed.emit()

    @Slot()
    def _on_finished(self) -> None:
        self._read()
        self.serving = None
        if not self.is_failed:
            self.message, self.is_failed = tr("The worker stopped unexpectedly. The log says more."), True
        self.changed.emit()


class ServeSheet(QDialog):
    """The switch, what is served, and what another program needs to ask it."""

    def __init__(self, parent: QWidget, server: Server, *, has_quantized: bool) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Serve the model"))
        self.resize(_SIZE)
        self._server = server
        about = tr(
            "Other programs on this Mac can ask the model as they ask OpenAI's service. Nothing can reach it from "
            "outside. It takes memory of its own until you stop it or close the window."
        )
        kinds = {"base": tr("Before"), "tuned": tr("After"), "quantized": tr("4 bits")}
        self.kind = Segments(kinds, tr("What is served"))
        self.kind.choose(server.kind)
        self.kind.buttons["quantized"].setEnabled(has_quantized)
        if not has_quantized:
            self.kind.buttons["quantized"].setToolTip(tr("Quantize first."))
        self.kind.chosen.connect(self._choose)
        self.port = QSpinBox()
        self.port.setAccessibleName(tr("Port"))
        self.port.setRange(1024, 65_535)
        self.port.setGroupSeparatorShown(False)
        self.port.setValue(server.port)
        self.port.lineEdit().setTextMargins(6, 0, 0, 0)
        self.switch = button("", self._turn, role="primary")
        self.state = label(role="muted", wrap=True, selectable=True)
        self.snippet = QPlainTextEdit()
        self.snippet.setAccessibleName(tr("How another program asks it"))
        self.snippet.setReadOnly(True)
        self.snippet.setTabChangesFocus(True)
        self.snippet.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy = button(tr("Copy"), self._copy)
        self.done_ = button(tr("Done"), self.accept)
        for each in (self.switch, self.copy, self.done_):
            each.setAutoDefault(False)
        choice = row(self.kind, None, label(tr("Port"), "muted"), self.port, 8, self.switch)
        layout = column(
            label(tr("Serve the model"), "headline"),
            label(about, "muted", wrap=True),
            choice,
            self.state,
            self.snippet,
            row(self.copy, None, self.done_),
            spacing=10,
        )
        layout.setStretch(4, 1)
        layout.setContentsMargins(24, 20, 24, 20)
        self.setLayout(layout)
        server.changed.connect(self._refresh)
        self._refresh()
        self.switch.setFocus()

    @Slot(str)
    def _choose(self, kind: str) -> None:
        self._server.kind = kind

    def _turn(self) -> None:
        if self._server.is_on:
            self._server.stop()
        else:
            self._server.port = self.port.value()
            self._server.start()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.snippet.toPlainText())

    @Slot()
    def _refresh(self) -> None:
        server, serving = self._server, self._server.serving
        self.switch.setText(tr("Stop Serving") if server.is_on else tr("Serve"))
        for each in (self.kind, self.port):
            each.setEnabled(not server.is_on)
        line = (
            tr("{title} answers at {url}").format(title=serving.title, url=serving.url) if serving else server.message
        )
        set_role(self.state, "error" if server.is_failed else "muted")
        self.state.setText(line or tr("Off"))
        self.snippet.setPlainText(serving.snippet if serving else "")
        self.snippet.setPlaceholderText(tr("What to paste into another program stands here once the model answers."))
        self.copy.setEnabled(serving is not None)
