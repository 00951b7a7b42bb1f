"""Check for Updates: asked for in the menu, or at the first start of a day where a person switched that on."""

import datetime
import json
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from espalier import __version__
from espalier.releases import feed
from espalier.settings import usable_settings
from espalier_desktop.home import settings
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.process import end
from espalier_desktop.widgets.sheet import Sheet, tell

_LAST = "updates/last"


def is_due() -> bool:
    """Return whether the start of the program should ask: it was allowed, and today nobody asked yet."""
    return usable_settings().seeks_updates and bool(feed()) and settings().value(_LAST) != _today()


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


class Updates(QObject):
    """Asks for the newest release, in a process of its own, and shows the answer in the window at the front.

    Signals:
        answered: the answer was shown, or there was nothing to show.

    Args:
        front: returns the window to show it in, None while there is none.
    """

    answered = Signal()

    def __init__(self, front: Callable[[], QWidget | None], parent: QObject) -> None:
        super().__init__(parent)
        self._front = front
        self._is_quiet = False
        self._process = QProcess(self)
        self._process.finished.connect(self._show)

    def ask(self, *, quietly: bool = False) -> None:
        """Ask, if nobody has; quietly: say only that there is something newer."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            return
        self._is_quiet = quietly
        if feed():
            self._process.start(sys.executable, ["-m", "espalier.releases"])
            return
        sentence = tr("This copy of Espalier knows no list of releases. Update it in the way it was installed.")
        self._tell(tr("Updates cannot be looked up"), sentence)
        self.answered.emit()

    def close(self) -> None:
        """Want no answer any more."""
        end(self._process)

    @Slot()
    def _show(self) -> None:
        try:
            told = json.loads(bytes(self._process.readAllStandardOutput().data()))
        except ValueError:
            told = {"problem": tr("The list of releases could not be read. Try again later.")}
        settings().setValue(_LAST, _today())
        if told.get("is_newer"):
            self._offer(told["version"], told["page"])
        elif "problem" in told:
            self._tell(tr("Updates cannot be looked up"), said(told["problem"]))
        else:
            line = tr("Espalier {version} is the newest").format(version=__version__)
            self._tell(line, tr("There is nothing to update."))
        self.answered.emit()

    def _tell(self, line: str, sentence: str) -> None:
        window = self._front()
        if window and not self._is_quiet:
            tell(window, line, sentence)

    def _offer(self, version: str, page: str) -> None:
        window = self._front()
        if window is None:
            return
        line = tr("Espalier {version} is out").format(version=version)
        sentence = tr("You have {version}. Download opens the page of the release in your browser.")
        sheet = Sheet(window, line, sentence.format(version=__version__))
        sheet.add(tr("Later")).add(tr("Download…"), lambda: QDesktopServices.openUrl(QUrl(page)), is_primary=True)
        sheet.open()
