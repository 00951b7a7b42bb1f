"""A few things that only a real window with a window manager shows; skipped where there is no Xvfb."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("Xvfb") or not shutil.which("openbox"),
    reason="needs Xvfb and openbox",
)

SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk

application, translators = make_application(sys.argv[:1])
assert application.platformName() == "xcb"
desk = Desk(application)
first = desk.open(Path(sys.argv[1]))
assert QTest.qWaitForWindowActive(first, 20_000), "a new window takes the keyboard"
QTest.keyClick(first, Qt.Key.Key_7, Qt.KeyboardModifier.ControlModifier)
assert first.page.accessibleName() == "Compare", "a key of the menu bar works"
QTest.keyClick(first, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
second = desk.open(Path(sys.argv[2]))
assert QTest.qWaitForWindowActive(second, 20_000)
assert desk.open(Path(sys.argv[1])) is first
assert QTest.qWaitForWindowActive(first, 20_000), "opening again brings the window to the front"
first.do("copy_report")
assert "PySide6" in QGuiApplication.clipboard().text()
first.do("full_screen")
QTest.qWait(300)
assert first.isFullScreen()
first.do("full_screen")
QTest.qWait(300)
picture = first.grab()
assert picture.width() >= 1100
first.document.set_dial("quick")
QTest.keyClick(first, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
assert first.document.project.dial == "good", "Undo works with its key"
for window in (first, second):
    window.close()
print("all is well")
"""


@pytest.fixture
def display() -> Iterator[str]:
    """The name of a display with a window manager."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL)
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait()


def test_windows_take_the_keyboard_and_come_to_the_front(display: str, fresh_root: Path, lived_in_root: Path) -> None:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-c", SCRIPT, str(fresh_root), str(lived_in_root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "all is well"
