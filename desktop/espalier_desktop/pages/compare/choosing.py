"""What a pane holds, as a person chooses it: from the list, from a folder, or behind an address."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from espalier.comparison.panes import choices
from espalier.errors import EspalierError
from espalier.project import Project
from espalier.teachers.endpoint import Endpoint, parse_endpoint
from espalier.teachers.permission import allow, is_allowed
from espalier.training.run import all_runs, latest_trained
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.comparison import Comparison
from espalier_desktop.pages.compare.pane import OTHER_ADAPTER, OTHER_ENDPOINT
from espalier_desktop.pages.compare.wording import choice_title
from espalier_desktop.pages.page import Shell
from espalier_desktop.widgets.sheet import Sheet


class Choosing(QObject):
    """Takes a choice over into the comparison, and asks first where text would leave this Mac.

    Signals:
        chosen: a pane holds something else, or the person thought better of it.
    """

    chosen = Signal()

    def __init__(self, comparison: Comparison, shell: Shell, page: QWidget) -> None:
        super().__init__(page)
        self._comparison, self._shell, self._page = comparison, shell, page

    def take(self, pane: str, choice: object) -> None:
        """Let a pane hold what was chosen in its list."""
        if choice == OTHER_ADAPTER:
            folder = QFileDialog.getExistingDirectory(self._page, tr("Choose a folder with an adapter"))
            if folder:
                self._comparison.choose(pane, {"kind": "adapter", "model": folder})
        elif choice == OTHER_ENDPOINT:
            self._ask_endpoint(pane)
        elif isinstance(choice, dict) and choice.get("kind") == "endpoint":
            self.take_endpoint(pane, str(choice["endpoint"]))
        elif isinstance(choice, dict):
            self._comparison.choose(pane, choice)
        self.chosen.emit()

    def take_endpoint(self, pane: str, setting: str) -> None:
        """Let a pane be answered by an endpoint, once the person has allowed what leaves this Mac."""
        try:
            endpoint = parse_endpoint(setting)
            if not endpoint.model:
                raise EspalierError(tr("The address names no model. Write it behind a #."))
            may_send = is_allowed(endpoint)
        except EspalierError as error:
            self._fail(error)
            return
        if may_send:
            self._use(pane, endpoint)
            return
        text = tr(
            "{model} is not on this Mac. What you ask, the conversation, and documents in view are sent to {host}."
        )
        if endpoint.is_readable:
            text += " " + tr("The connection is not encrypted: others on the way can read it.")
        line = tr("Send your questions to {host}?").format(host=endpoint.host)
        sheet = Sheet(self._page, line, text.format(model=endpoint.model, host=endpoint.host))
        sheet.add_cancel().add(tr("Allow"), lambda: self._permit(pane, endpoint), is_primary=True).open()

    def _ask_endpoint(self, pane: str) -> None:
        text = tr("Write its address and the model's name as https://host/v1#model. Your questions are sent there.")
        sheet = Sheet(self._page, tr("Another endpoint"), text)
        field = QLineEdit()
        field.setAccessibleName(tr("Address of the endpoint"))
        field.setPlaceholderText("https://host/v1#model")
        sheet.body.addWidget(field)
        sheet.add_cancel().add(tr("Use It"), lambda: self.take_endpoint(pane, field.text()), is_primary=True).open()
        field.setFocus()

    def _permit(self, pane: str, endpoint: Endpoint) -> None:
        try:
            allow(endpoint)
        except (EspalierError, OSError) as error:
            self._fail(error)
            return
        self._use(pane, endpoint)

    def _use(self, pane: str, endpoint: Endpoint) -> None:
        self._comparison.choose(pane, {"kind": "endpoint", "endpoint": endpoint.setting})
        self.chosen.emit()

    def _fail(self, error: EspalierError | OSError) -> None:
        self._shell.tell(tr("Espalier could not do that"), sentence_of(error))


def checkpoints(project: Project, chosen: Mapping[str, str]) -> list[tuple[dict[str, str], str]]:
    """Return what the run of a pane's choice has kept, each with its title, its result last; [] where it is no run."""
    if chosen.get("kind") != "tuned":
        return []
    try:
        run = chosen.get("run") or latest_trained(project).folder.name
    except EspalierError:
        return []
    kept = [dict(choice.pane) for choice in choices(project) if choice.pane.get("run") == run]
    kept = [pane for pane in kept if pane["kind"] == "tuned"]
    if not chosen.get("run"):
        kept = [{"kind": "tuned"} if not pane.get("checkpoint") else pane for pane in kept]
    return [(pane, choice_title(pane, run)) for pane in reversed(kept)]


def run_folder(project: Project, chosen: Mapping[str, str]) -> Path | None:
    """Return the folder of the run of a pane's choice, that of the newest where it names none; None without one."""
    runs, name = all_runs(project), chosen.get("run", "")
    if name:
        return next((run.folder for run in runs if run.folder.name == name), None)
    return next((run.folder for run in reversed(runs) if run.adapter), None)
