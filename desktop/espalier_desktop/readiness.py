"""Is everything ready? What this machine has and lacks, each with what can be done about it."""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from espalier.machine import Machine, this_machine
from espalier.models import starter
from espalier.models.places import models_folder
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.models.fetch_bar import FetchBar
from espalier_desktop.models.questions import NoProject
from espalier_desktop.widgets.basics import button, card, clear, column, label, line, picture, row
from espalier_desktop.widgets.formats import memory, number, size

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk

_LEAST_DISK = 3_000_000_000  # bytes: a model and a run
_LEAST_MEMORY = 7_500_000_000  # bytes: a machine sold with 8 GB


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        is_ready: whether nothing needs doing; None where that was not looked at yet.
        action: on its button, "" without one.
    """

    icon: str
    title: str
    sentence: str
    is_ready: bool | None
    action: str = ""
    do: Callable[[], object] | None = None


class ReadinessWindow(QWidget):
    """What was looked at, in the order of how much it matters; shown at the first start, and from the Help menu."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Is everything ready?"))
        self.setMinimumWidth(640)
        self._network = Errand("model_search", NoProject(), self)
        self._network.changed.connect(self.refresh)
        self.headline = label(role="title")
        self.sentence = label(role="muted", wrap=True)
        self._rows: QVBoxLayout = column(spacing=10)
        holder = QWidget()
        holder.setLayout(self._rows)
        again = button(tr("Check Again"), self.refresh)
        self.done = button(tr("Done"), self.close, role="primary")
        bar = FetchBar(desk.fetcher)
        items = column(
            self.headline, self.sentence, 8, card(holder, margin=20), bar, None, row(again, None, self.done), spacing=8
        )
        items.setContentsMargins(28, 24, 28, 20)
        self.setLayout(items)
        desk.fetcher.changed.connect(self.refresh)
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        self.refresh()
        self.done.setFocus()

    @Slot()
    def refresh(self) -> None:
        """Look again, and show what was found."""
        clear(self._rows)
        found = self.checks()
        for place, check in enumerate(found):
            if place:
                self._rows.addWidget(line())
            self._rows.addWidget(_shown(check))
        missing = sum(check.is_ready is False for check in found)
        self.headline.setText(tr("%n thing(s) to look at", missing) if missing else tr("Everything is ready"))
        self.sentence.setText(
            tr("You can begin at once; what is missing is asked for when it is needed.")
            if missing
            else tr("Try the example: a small model learns in a few minutes.")
        )

    def checks(self) -> list[Check]:
        """Return what there is and what is missing, now."""
        machine = this_machine(models_folder())
        return [_system(machine), _memory(machine), self._disk(machine), self._starter(), self._net(), self._git()]

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._network.close()
        super().closeEvent(event)

    def _disk(self, machine: Machine) -> Check:
        free = size(machine.disk_free)
        if machine.disk_free < _LEAST_DISK:
            text = tr("{size} free. Make room: a model and a run need about 3 GB.").format(size=free)
            return Check("disk", tr("Disk"), text, False, tr("Models"), self._desk.show_models)
        return Check("disk", tr("Disk"), tr("{size} free").format(size=free), True)

    def _starter(self) -> Check:
        title, fetcher = tr("Starter model"), self._desk.fetcher
        if starter.is_ready():
            return Check("student", title, tr("It is on this machine."), True)
        text = tr("Not here yet. 93 MB are fetched when it is first needed, or now.")
        if fetcher.is_busy:
            return Check("student", title, text, False)
        return Check("student", title, text, False, tr("Get"), lambda: fetcher.get(starter.STARTER))

    def _net(self) -> Check:
        title, asked = tr("Network"), self._network
        if asked.is_asking:
            return Check("network", title, tr("Asking Hugging Face…"), None)
        if asked.problem:
            return Check("network", title, asked.problem, False, tr("Check Now"), self._ask_network)
        if asked.result:
            return Check("network", title, tr("Hugging Face can be reached."), True)
        text = tr("Only needed to fetch models and to publish. Nothing is sent until you do.")
        return Check("network", title, text, None, tr("Check Now"), self._ask_network)

    def _git(self) -> Check:
        if shutil.which("git"):
            return Check("branch", "Git", tr("It is on this machine."), True)
        text = tr("Not here. Only a taxonomy’s history and clones need it.")
        if sys.platform == "darwin":
            return Check("branch", "Git", text, False, tr("Install…"), _install_git)
        return Check("branch", "Git", text, False)

    def _ask_network(self) -> None:
        self._network.ask(query="")


def _system(machine: Machine) -> Check:
    is_known = (platform.system(), platform.machine()) in {("Darwin", "arm64"), ("Linux", "x86_64")}
    text = machine.chip if is_known else tr("Espalier needs a Mac with Apple silicon.")
    return Check("chip", tr("Chip"), text, is_known)


def _memory(machine: Machine) -> Check:
    largest, has = machine.largest_model(4), memory(machine.memory)
    if machine.memory < _LEAST_MEMORY or not largest:
        text = tr("{size}. Enough for the starter model; larger ones need 8 GB or more.").format(size=has)
        return Check("memory", tr("Memory"), text, False)
    billions = number(largest, 0 if largest == int(largest) else 1)
    text = tr("{size}. Models up to about {count} B in 4 bits can be trained.").format(size=has, count=billions)
    return Check("memory", tr("Memory"), text, True)


def _shown(check: Check) -> QWidget:
    states = {True: ("check", "good"), False: ("warning", "warning"), None: ("dot", "muted")}
    icon, token = states[check.is_ready]
    words = column(label(check.title, "strong"), label(check.sentence, "caption", wrap=True), spacing=2)
    items = row(picture(check.icon, 24), words, picture(icon, 18, token), spacing=12)
    items.setStretch(1, 1)
    if check.action and check.do:
        do = button(check.action, check.do)
        do.setAccessibleName(f"{check.title}: {check.action}")
        items.insertWidget(2, do)
    made = QWidget()
    made.setLayout(items)
    state = {True: tr("ready"), False: tr("needs a look"), None: tr("not looked at")}[check.is_ready]
    made.setAccessibleName(f"{check.title}: {state}")
    return made


def _install_git() -> None:
    QProcess.startDetached("/usr/bin/xcode-select", ["--install"])
