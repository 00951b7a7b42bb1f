import sys
from collections.abc import Callable, Iterator
from functools import partialmethod
from pathlib import Path

import pytest
from desktop.lived_in import make_lived_in, make_model
from PySide6.QtCore import QCoreApplication, QEvent, QStandardPaths, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from espalier.demo import create_example
from espalier.models.folder import models_folder
from espalier_desktop import i18n
from espalier_desktop.application import Application
from espalier_desktop.desk import Desk
from espalier_desktop.jobs import process
from espalier_desktop.jobs.job import Job
from espalier_desktop.main_window import MainWindow

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")
PATIENCE = 40_000  # milliseconds: what has not happened by then will not, however busy the machine is


class PatientBot(QtBot):
    """Waits for the thing itself."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=PATIENCE)  # noqa: N815  # Qt's way of writing
    waitSignal = partialmethod(QtBot.waitSignal, timeout=PATIENCE)  # noqa: N815


@pytest.fixture(scope="session")
def qapp_cls() -> type[Application]:
    """Make pytest-qt's application ours."""
    return Application


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Make pytest-qt wait longer."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def english(qapp: QApplication) -> Iterator[None]:
    """Speak English, whatever the system speaks, and follow the Mac's way of reaching every control by Tab."""
    QStandardPaths.setTestModeEnabled(True)
    qapp.setStyle("Fusion")
    translators: list[QTranslator] = i18n.install("en")
    yield
    for translator in translators:
        QCoreApplication.removeTranslator(translator)


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes every job run the fake worker, which behaves as the word given says."""

    def behave(manner: str) -> None:
        monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE_WORKER), manner])

    return behave


@pytest.fixture
def make_job(tmp_path: Path, qapp: QApplication) -> Callable[..., Job]:
    """Return a function that makes a job in an empty project folder."""

    def make(command: str = "tune", **arguments: object) -> Job:
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        return Job(command, arguments, root, tmp_path / "logs" / "worker.log")

    return make


@pytest.fixture
def desk(qapp: Application) -> Iterator[Desk]:
    """The windows of a program that was just started; all are closed afterwards and leave nothing behind."""
    made = Desk(qapp)
    yield made
    for window in list(made.windows.values()):
        window.setProperty("closing", True)
        window.close()
    for widget in QApplication.topLevelWidgets():
        widget.close()
    QGuiApplication.clipboard().clear()
    made.setParent(None)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def fresh_root(tmp_path: Path) -> Path:
    """The example as it is when it was just made, with the starter model in place."""
    make_model(models_folder().parent)
    root = tmp_path / "Fresh"
    create_example(root)
    return root


@pytest.fixture
def lived_in_root(tmp_path: Path) -> Path:
    """The example after a whole loop."""
    root = tmp_path / "Lived In"
    make_lived_in(root, make_model(models_folder().parent))
    return root


@pytest.fixture
def open_window(desk: Desk, qtbot: QtBot) -> Callable[[Path], MainWindow]:
    """Return a function that opens a project and waits until it was looked through."""

    def open_(root: Path) -> MainWindow:
        window = desk.open(root)
        assert window
        qtbot.waitUntil(lambda: window.document.status is not None)
        return window

    return open_
