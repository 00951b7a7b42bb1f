"""A few things that only a real window with a window manager shows; skipped where there is no Xvfb."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

import pytest
from repositories import global_settings

pytestmark = [
    pytest.mark.real_window,
    pytest.mark.skipif(
        sys.platform != "linux" or not shutil.which("Xvfb") or not shutil.which("openbox"),
        reason="needs Xvfb and openbox",
    ),
]

BEGIN = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk

def until(is_true):
    end = time.monotonic() + 40
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(20)

application, translators = make_application(sys.argv[:1])
assert application.platformName() == "xcb"
desk = Desk(application)
"""
WINDOWS = """
first = desk.open(Path(sys.argv[1]))
assert QTest.qWaitForWindowActive(first, 40_000), "a new window takes the keyboard"
QTest.keyClick(first, Qt.Key.Key_7, Qt.KeyboardModifier.ControlModifier)
assert first.page.accessibleName() == "Compare", "a key of the menu bar works"
QTest.keyClick(first, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
second = desk.open(Path(sys.argv[2]))
assert QTest.qWaitForWindowActive(second, 40_000)
assert desk.open(Path(sys.argv[1])) is first
assert QTest.qWaitForWindowActive(first, 40_000), "opening again brings the window to the front"
first.do("copy_report")
assert "PySide6" in QGuiApplication.clipboard().text()
first.do("full_screen")
until(first.isFullScreen)
first.do("full_screen")
until(lambda: not first.isFullScreen())
picture = first.grab()
assert picture.width() >= 1100
first.document.set_dial("quick")
QTest.keyClick(first, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
assert first.document.project.dial == "good", "Undo works with its key"
for window in (first, second):
    window.close()
print("all is well")
"""
KEYS = """
def press(key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(application.focusWidget(), key, modifier)

window = desk.open(Path(sys.argv[1]))
assert QTest.qWaitForWindowActive(window, 40_000)
control = Qt.KeyboardModifier.ControlModifier
press(Qt.Key.Key_2, control)
page = window.page
press(Qt.Key.Key_F, control)
assert application.focusWidget() is page.filter, "the filter takes the keys"
QTest.keyClicks(application.focusWidget(), "triage")
assert page.model.shown_count == 3
page.filter.clear()
page.tree.choose("compositional_skills/writing/support_triage")
page.tree.setFocus()
press(Qt.Key.Key_Return)
until(lambda: application.focusWidget() is not page.tree)
QTest.keyClicks(application.focusWidget(), "sorting")
press(Qt.Key.Key_Return)
until(lambda: page.chosen == "compositional_skills/writing/sorting")
press(Qt.Key.Key_Z, control)
until(lambda: page.chosen == "compositional_skills/writing/support_triage")
press(Qt.Key.Key_T, control)
until(lambda: application.activeWindow() is not window)
QTest.keyClicks(application.focusWidget(), "falk")
press(Qt.Key.Key_Return)
until(lambda: page.chosen == "knowledge/engineering/falkirk_wheel")
until(lambda: application.activeWindow() is window)
window.do("new_leaf")
until(lambda: application.activeModalWidget() is not None)
until(lambda: application.activeWindow() is application.activeModalWidget())
press(Qt.Key.Key_Escape)
until(lambda: application.activeModalWidget() is None and application.activeWindow() is window)
field = page.editor.form.fields["created_by",].edit
field.setFocus()
field.selectAll()
press(Qt.Key.Key_C, control)
assert QGuiApplication.clipboard().text() == "espalier-app"
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


def run(script: str, display: str, *projects: Path) -> None:
    run_program(["-c", BEGIN + script, *map(str, projects)], display)


def run_program(arguments: list[str], display: str, **variables: str) -> None:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", **variables}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "all is well"


def test_windows_take_the_keyboard_and_come_to_the_front(display: str, fresh_root: Path, lived_in_root: Path) -> None:
    run(WINDOWS, display, fresh_root, lived_in_root)


def test_the_tree_is_filtered_renamed_and_gone_through_with_keys_alone(display: str, fresh_root: Path) -> None:
    run(KEYS, display, fresh_root)


@pytest.mark.skipif(not find_library("Xtst"), reason="needs libXtst, which moves the pointer of an X server")
def test_a_new_user_gets_from_an_empty_project_to_a_committed_leaf(
    display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in global_settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    path = os.pathsep.join(str(Path(__file__).parents[2] / name) for name in ("core", "desktop", "tests"))
    run_program([str(Path(__file__).with_name("first_leaf.py")), str(tmp_path)], display, PYTHONPATH=path)
