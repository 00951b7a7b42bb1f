"""The sheet in which a teacher or critic behind an OpenAI-compatible endpoint is found, tried and chosen."""

import json
import sys
from collections.abc import Callable

from PySide6.QtCore import QProcess, Slot
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from espalier.errors import EspalierError
from espalier.teachers.endpoint import Endpoint, is_endpoint, parse_endpoint
from espalier.teachers.keys import store_key
from espalier_desktop.endpoints import endpoint_state, verdict_on
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.process import end
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.sheet import Sheet


class EndpointSheet(Sheet):
    """Address, key and model; *Test* asks the endpoint what it offers, then what the chosen model can do.

    The test is a process of its own, so that a slow server never holds up the window.
    """

    def __init__(self, parent: QWidget, current: str, choose: Callable[[Endpoint], object]) -> None:
        super().__init__(
            parent,
            tr("A model behind an endpoint"),
            tr("A server that speaks OpenAI’s protocol: LM Studio, Ollama, vLLM, or a service on the internet."),
        )
        self._choose = choose
        known = parse_endpoint(current) if is_endpoint(current) else None
        self.address = QLineEdit(known.url if known else "")
        self.address.setPlaceholderText("http://127.0.0.1:1234/v1")
        self.address.setAccessibleName(tr("Address"))
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText(tr("Only if it wants one; it is kept in the Keychain"))
        self.key.setAccessibleName(tr("Key"))
        self.model = QComboBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.setAccessibleName(tr("Model"))
        self.model.setCurrentText(known.model if known else "")
        self.test = button(tr("Test"), self._test)
        self.test.setAutoDefault(False)
        self.verdict = label(role="muted", wrap=True, selectable=True)
        self.place = label(role="caption", wrap=True)
        for title, control in ((tr("Address"), self.address), (tr("Key"), self.key)):
            self.body.addLayout(column(label(title, "section"), control, spacing=4))
        choice = row(self.model, self.test)
        choice.setStretch(0, 1)
        self.body.addLayout(column(label(tr("Model"), "section"), choice, spacing=4))
        self.body.addWidget(self.place)
        self.body.addWidget(self.verdict)
        self.add_cancel()
        self.use = button(tr("Use This Model"), self._use, role="primary")
        self.use.setDefault(True)
        self._buttons.addWidget(self.use)
        self._process = QProcess(self)
        self._process.finished.connect(self._on_tested)
        self.address.textChanged.connect(self._refresh)
        self.model.editTextChanged.connect(self._refresh)
        self.finished.connect(self._end)
        self._refresh()
        self.address.setFocus()

    def _endpoint(self) -> Endpoint | None:
        try:
            return parse_endpoint(f"{self.address.text().strip()}#{self.model.currentText().strip()}")
        except EspalierError as error:
            self._say(said(str(error)), "error")
            return None

    @Slot()
    def _refresh(self) -> None:
        is_begun = bool(self.address.text().strip())
        endpoint = self._endpoint() if is_endpoint(self.address.text().strip()) else None
        text, role = endpoint_state(endpoint) if endpoint else ("", "caption")
        self.place.setText(text)
        set_role(self.place, role)
        if endpoint or not is_begun:
            self._say("", "muted")
        self.test.setEnabled(is_begun and self._process.state() is QProcess.ProcessState.NotRunning)
        self.use.setEnabled(endpoint is not None and bool(endpoint.model))

    def _test(self) -> None:
        endpoint = self._endpoint()
        if not endpoint or not self._keep_key(endpoint):
            return
        action = ["info", endpoint.setting] if endpoint.model else ["list", "--endpoint", endpoint.url]
        self.test.setEnabled(False)
        self._say(tr("Asking {host}…").format(host=endpoint.host), "muted")
        self._process.start(sys.executable, ["-m", "espalier.cli", "models", "--json", *action])

    @Slot()
    def _on_tested(self) -> None:
        self.test.setEnabled(True)
        if self._process.exitCode():
            told = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
            self._say(said(told.splitlines()[-1]) if told else tr("The test stopped unexpectedly."), "error")
            return
        lines = bytes(self._process.readAllStandardOutput().data()).decode().splitlines()
        found = [json.loads(line) for line in lines]
        if found and "endpoint" in found[0]:
            self._say(verdict_on(found[0]), "good")
            return
        names = [str(line["model"]) for line in found]
        self.model.addItems(names)
        self.model.setCurrentText(names[0] if len(names) == 1 else "")
        self._say(tr("It offers %n model(s). Choose one and test it.", len(names)), "good")
        if len(names) > 1:
            self.model.showPopup()

    def _keep_key(self, endpoint: Endpoint) -> bool:
        if not self.key.text().strip():
            return True
        try:
            store_key(endpoint, self.key.text())
        except EspalierError as error:
            self._say(said(str(error)), "error")
            return False
        self.key.clear()
        self.key.setPlaceholderText(tr("It is in the Keychain"))
        return True

    def _use(self) -> None:
        endpoint = self._endpoint()
        if endpoint and self._keep_key(endpoint):
            self.accept()
            self._choose(endpoint)

    def _say(self, text: str, role: str) -> None:
        self.verdict.setText(text)
        set_role(self.verdict, role)

    @Slot()
    def _end(self) -> None:
        end(self._process)
