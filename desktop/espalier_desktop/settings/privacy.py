"""What leaves this machine: every host that may be contacted, why, and what was allowed."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from espalier.errors import EspalierError
from espalier.privacy import Host, hosts
from espalier.settings import change_settings, usable_settings
from espalier.teachers.endpoint import parse_endpoint
from espalier.teachers.permission import forbid
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.widgets.basics import button, clear, column, label, row
from espalier_desktop.widgets.sheet import tell

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk


class PrivacyPanel(Panel):
    """One switch for everything that reads a project's text elsewhere, and the list of all hosts."""

    def __init__(self, desk: "Desk") -> None:
        self._roots = [window.document.root for window in desk.windows.values()]
        self.remote = QCheckBox(tr("Models outside this machine may be used"))
        self.remote.setChecked(usable_settings().uses_remote)
        warning = tr(
            "Off as long as you have allowed none. A teacher, critic or answering model behind an endpoint reads the "
            "text of your documents and questions. You are asked once for each address; switched off, none is asked."
        )
        self.updates = QCheckBox(tr("Look for a newer Espalier once a day"))
        self.updates.setChecked(usable_settings().seeks_updates)
        nothing = tr(
            "Espalier collects nothing: no telemetry, no crash reports, no account. Projects, models and reports stay "
            "on this machine unless you publish or contribute them."
        )
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        self._rows.setContentsMargins(0, 0, 0, 0)
        listed = QWidget()
        listed.setLayout(self._rows)
        super().__init__(
            group(tr("Privacy"), label(nothing, wrap=True)),
            group(tr("Models elsewhere"), self.remote, label(warning, "caption", wrap=True)),
            group(tr("Updates"), self.updates),
            group(tr("Hosts that Espalier may contact"), listed),
        )
        self._show_hosts()
        self.remote.toggled.connect(lambda is_on: self._change(uses_remote=is_on))
        self.updates.toggled.connect(lambda is_on: self._change(seeks_updates=is_on))

    def _change(self, **values: bool) -> None:
        try:
            change_settings(**values)
        except (EspalierError, OSError) as error:
            tell(self, tr("Espalier could not do that"), sentence_of(error))
        self._show_hosts()

    def _show_hosts(self) -> None:
        clear(self._rows)
        for host in hosts(self._roots):
            made = QWidget()
            made.setLayout(self._row(host))
            self._rows.addWidget(made)

    def _row(self, host: Host) -> QHBoxLayout:
        why = {
            "endpoint": tr("Reads the text of documents and questions, when a project's teacher or critic is there"),
            "hub": tr("Models that you look for or get, and what you publish"),
            "package index": tr("The starter model, fetched once by pip when it is first needed"),
            "releases": tr("Whether a newer Espalier is out; nothing is sent but the question"),
            "git remote": tr("The taxonomy's history and the documents that leaves name, when you fetch or contribute"),
        }[host.purpose]
        name = host.name or tr("The package index that pip is set to")
        states = {True: tr("Allowed"), False: tr("Switched off"), None: tr("Only when you ask for it")}
        words = column(label(name, "strong", selectable=True), label(why, "caption", wrap=True), spacing=2)
        made = row(words, label(states[host.is_allowed], "muted"), spacing=12)
        made.setStretch(0, 1)
        if host.origin:
            take_back = button(tr("Withdraw"), lambda: self._forbid(host.origin))
            take_back.setAccessibleName(tr("Send nothing to {host} any more").format(host=host.name))
            made.addWidget(take_back)
        return made

    def _forbid(self, origin: str) -> None:
        try:
            forbid(parse_endpoint(origin))
        except (EspalierError, OSError) as error:
            tell(self, tr("Espalier could not do that"), sentence_of(error))
        self._show_hosts()
