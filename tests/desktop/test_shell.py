import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QLockFile, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QFileOpenEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from espalier.models.folder import home_folder
from espalier.project import open_project
from espalier_desktop.app import open_before
from espalier_desktop.commands import Commands, menus
from espalier_desktop.desk import Desk
from espalier_desktop.help_window import HelpWindow
from espalier_desktop.home import logs_folder, settings
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.record import JobRecord, write_record
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages import page_specs
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.recent import recent_projects
from espalier_desktop.welcome import WelcomeWindow
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]


def press(widget: QWidget, text: str) -> None:
    """Press the button with this text, as a person would find it."""
    found = [button for button in widget.findChildren(QPushButton) if button.text() == text and button.isVisible()]
    assert found, f"no button {text}"
    found[0].click()


def sheets(window: QWidget) -> list[Sheet]:
    return [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]


def page_key(window: MainWindow) -> str:
    return next(spec.key for spec in page_specs() if spec.title == window.page.accessibleName())


def test_a_page_is_chosen_with_the_mouse_the_keys_and_the_menu(
    qtbot: QtBot, fresh_root: Path, open_window: Open
) -> None:
    window = open_window(fresh_root)
    pages = window.sidebar.pages
    item = next(
        index for row in range(pages.model().rowCount()) if (index := pages.model().index(row, 0)).data() == "Train"
    )
    QTest.mouseClick(pages.viewport(), Qt.MouseButton.LeftButton, pos=pages.visualRect(item).center())
    assert page_key(window) == "train"
    QTest.keyClick(pages, Qt.Key.Key_Up)
    assert page_key(window) == "review"
    QTest.keyClick(pages, Qt.Key.Key_Up)
    QTest.keyClick(pages, Qt.Key.Key_Up)
    assert page_key(window) == "taxonomy"
    window.commands["go_compare"].trigger()
    assert page_key(window) == "compare"
    assert pages.currentIndex().data() == "Compare"


def test_pages_are_built_when_they_are_shown(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    assert list(window._pages) == ["overview"]


def test_window_page_and_choices_are_found_again(fresh_root: Path, open_window: Open, qapp: QApplication) -> None:
    window = open_window(fresh_root)
    window.resize(1180, 720)
    window._splitter.setSizes([280, 900])
    window.go("compare")
    window.page.restore_state({"question": "How high is it?"})
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    page._splitter.setSizes([340, 560])
    before, tree = window._splitter.sizes(), page._splitter.sizes()
    window.close()
    qapp.processEvents()
    again = open_window(fresh_root)
    assert page_key(again) == "taxonomy"
    assert again.height() == 720
    assert again._splitter.sizes()[0] == before[0]
    assert isinstance(again.page, TaxonomyPage)
    qapp.processEvents()
    assert again.page._splitter.sizes()[0] == pytest.approx(tree[0], abs=3)
    assert tree[0] > 300
    again.go("compare")
    assert again.page.save_state()["question"] == "How high is it?"


def test_a_window_that_was_off_every_screen_comes_back(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    window.move(90_000, 90_000)
    window.close()
    again = open_window(fresh_root)
    screens = QGuiApplication.screens()
    assert any(screen.availableGeometry().intersects(again.geometry()) for screen in screens)


def test_a_project_has_one_window(desk: Desk, fresh_root: Path, open_window: Open) -> None:
    assert open_window(fresh_root) is open_window(fresh_root)
    link = fresh_root.with_name("link")
    link.symlink_to(fresh_root)
    assert open_window(link) is open_window(fresh_root)
    assert len(desk.windows) == 1


def test_a_project_that_another_program_has_open_is_not_opened(
    desk: Desk, fresh_root: Path, open_window: Open, qapp: QApplication
) -> None:
    open_window(fresh_root)
    lock = next((home_folder() / "locks").glob("*.lock"))
    code = "import sys; from PySide6.QtCore import QLockFile; lock = QLockFile(sys.argv[1]); print(lock.tryLock(0))"
    done = subprocess.run([sys.executable, "-c", code, lock], capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    desk.windows[fresh_root.resolve()].close()
    qapp.processEvents()
    other = QLockFile(str(lock))
    assert other.tryLock(0)
    desk.show_welcome()
    assert desk.open(fresh_root) is None
    [sheet] = sheets(desk.others["welcome"])
    assert "already open" in sheet.line.text()
    other.unlock()


def test_recent_projects_are_remembered_and_those_that_are_gone_are_not(
    desk: Desk, fresh_root: Path, lived_in_root: Path, open_window: Open
) -> None:
    open_window(fresh_root)
    window = open_window(lived_in_root)
    assert recent_projects() == [lived_in_root, fresh_root]
    file_menu = window.commands.menus["file"]
    file_menu.aboutToShow.emit()
    recent = next(action.menu() for action in file_menu.actions() if action.text() == "Open Recent")
    assert isinstance(recent, QMenu)
    assert [action.text() for action in recent.actions()] == [lived_in_root.name, fresh_root.name]
    (fresh_root / "project.yaml").unlink()
    assert recent_projects() == [lived_in_root]


def test_a_folder_that_is_no_project_is_explained(
    desk: Desk, fresh_root: Path, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(fresh_root)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").touch()
    assert desk.open(tmp_path / "other") is None
    assert desk.open(tmp_path / "nothing") is None
    texts = [sheet.sentence.text() for sheet in sheets(window)]
    assert any("no project.yaml" in text for text in texts)
    assert any("not there any more" in text for text in texts)


def test_an_empty_folder_becomes_a_project_when_the_person_says_so(desk: Desk, tmp_path: Path) -> None:
    desk.show_welcome()
    (tmp_path / "empty").mkdir()
    desk.open(tmp_path / "empty")
    [sheet] = sheets(desk.others["welcome"])
    press(sheet, "Make a Project")
    assert open_project(tmp_path / "empty").dial == "good"
    assert len(desk.windows) == 1


def test_a_spoiled_project_is_one_sentence(desk: Desk, tmp_path: Path) -> None:
    desk.show_welcome()
    (tmp_path / "project.yaml").write_text("version: 9\n")
    assert desk.open(tmp_path) is None
    [sheet] = sheets(desk.others["welcome"])
    assert "version 9" in sheet.sentence.text()


def drop(window: QWidget, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(50, 50).toPoint(), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, data, left, none))


def test_a_folder_dropped_on_a_window_is_opened_and_a_file_is_not(
    desk: Desk, fresh_root: Path, lived_in_root: Path, open_window: Open
) -> None:
    window = open_window(fresh_root)
    drop(window, fresh_root / "project.yaml")
    assert len(desk.windows) == 1
    drop(window, lived_in_root)
    assert set(desk.windows) == {fresh_root.resolve(), lived_in_root.resolve()}


def test_a_project_opened_from_the_dock_is_opened(desk: Desk, fresh_root: Path, qapp: QApplication) -> None:
    QApplication.sendEvent(qapp, QFileOpenEvent(QUrl.fromLocalFile(str(fresh_root))))
    assert list(desk.windows) == [fresh_root.resolve()]


def test_the_welcome_opens_the_example(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, qapp: QApplication
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "Wheel"), ""))
    desk.show_welcome()
    welcome = desk.others["welcome"]
    assert isinstance(welcome, WelcomeWindow)
    QTest.mouseClick(welcome.example, Qt.MouseButton.LeftButton)
    assert (tmp_path / "Wheel" / "questions.jsonl").exists()
    assert len(desk.windows) == 1
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert "welcome" not in desk.others


def test_the_welcome_lists_recent_projects(
    desk: Desk, fresh_root: Path, open_window: Open, qtbot: QtBot, qapp: QApplication
) -> None:
    open_window(fresh_root).close()
    qapp.processEvents()
    desk.show_welcome()
    welcome = desk.others["welcome"]
    assert isinstance(welcome, WelcomeWindow)
    index = welcome.recent.model().index(0, 0)
    place = welcome.recent.visualRect(index).center()
    QTest.mouseClick(welcome.recent.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert list(desk.windows) == [fresh_root.resolve()]


def test_a_project_cannot_be_made_where_something_is(
    desk: Desk, fresh_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.show_welcome()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(fresh_root), ""))
    desk.new_project()
    [sheet] = sheets(desk.others["welcome"])
    assert "not empty" in sheet.sentence.text()


def test_every_command_is_in_the_menu_bar_once_and_no_key_is_given_twice(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    pages = [(spec.key, spec.title) for spec in page_specs()]
    wanted = [command.key for menu in menus(pages) for command in menu.commands]
    assert len(set(wanted)) == len(wanted)
    shown = [action.objectName() for menu in window.commands.menus.values() for action in menu.actions()]
    assert sorted(name for name in shown if name) == sorted(wanted)
    keys = [key.toString() for name in wanted for key in window.commands[name].shortcuts()]
    assert len(set(keys)) == len(keys)
    assert window.commands["settings"].menuRole() is QAction.MenuRole.PreferencesRole
    assert window.commands["quit"].menuRole() is QAction.MenuRole.QuitRole
    assert window.commands["about"].menuRole() is QAction.MenuRole.AboutRole


def test_without_a_project_its_commands_are_off(desk: Desk) -> None:
    desk.show_welcome()
    welcome = desk.others["welcome"]
    assert isinstance(welcome, WelcomeWindow)
    commands: Commands = welcome.commands
    assert not any(commands[key].isEnabled() for key in ("tune", "reveal", "go_train", "undo"))
    assert all(commands[key].isEnabled() for key in ("new", "open", "settings", "help", "quit"))


def test_text_becomes_larger_and_smaller_within_limits(fresh_root: Path, open_window: Open, qapp: QApplication) -> None:
    window = open_window(fresh_root)
    for _ in range(4):
        window.do("bigger")
    assert qapp.font().pixelSize() == 20
    window.do("actual_size")
    assert qapp.font().pixelSize() == 13
    window.do("smaller")
    assert qapp.font().pixelSize() == 11
    window.do("actual_size")


def test_the_sidebar_hides_and_comes_back(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    window.do("sidebar")
    assert not window.sidebar.isVisible()
    window.do("sidebar")
    assert window.sidebar.isVisible()


def test_closing_a_window_with_a_job_asks_first(
    qtbot: QtBot, fresh_root: Path, open_window: Open, fake_worker: Behave, desk: Desk
) -> None:
    fake_worker("wait")
    window = open_window(fresh_root)
    window.do("train")
    qtbot.waitUntil(lambda: window.jobs.current is not None and window.jobs.current.progress is not None)
    window.close()
    assert window.isVisible()
    [sheet] = sheets(window)
    press(sheet, "Stop and Close")
    assert not desk.windows
    assert not desk.queue.jobs
    again = open_window(fresh_root)
    assert again._banner.isVisible()
    assert "“Train”" in again._banner.text.text()
    fake_worker("done")
    press(again._banner, "Resume")
    assert again.jobs.current
    assert again.jobs.current.request.command == "train"
    qtbot.waitUntil(lambda: again.jobs.current is None)


def test_an_interrupted_job_can_be_forgotten(fresh_root: Path, open_window: Open, qapp: QApplication) -> None:
    write_record(fresh_root, JobRecord("tune", {}, "2026-11-21 16:05", "train"))
    window = open_window(fresh_root)
    press(window._banner, "Dismiss")
    window.close()
    qapp.processEvents()
    assert not open_window(fresh_root)._banner.isVisible()


def test_a_failed_job_shows_its_sentence_and_a_stopped_one_a_toast(
    qtbot: QtBot, fresh_root: Path, open_window: Open, fake_worker: Behave
) -> None:
    fake_worker("fail")
    window = open_window(fresh_root)
    window.do("tune")
    qtbot.waitUntil(lambda: bool(sheets(window)))
    [sheet] = sheets(window)
    assert sheet.sentence.text() == "The disk is full. Make room and try again."
    press(sheet, "OK")
    fake_worker("wait")
    window.do("tune")
    qtbot.waitUntil(lambda: window.jobs.current is not None and window.jobs.current.progress is not None)
    window.do("stop")
    qtbot.waitUntil(lambda: window._toast.isVisible())
    assert "stopped" in window._toast.text.text()


def test_the_job_card_follows_the_job_and_leads_to_its_page(
    qtbot: QtBot, fresh_root: Path, lived_in_root: Path, open_window: Open, fake_worker: Behave
) -> None:
    fake_worker("wait")
    first, second = open_window(fresh_root), open_window(lived_in_root)
    assert not first.sidebar.job_card.isVisible()
    first.do("train")
    second.do("train")
    qtbot.waitUntil(lambda: first.jobs.current is not None and first.jobs.current.progress is not None)
    card = first.sidebar.job_card
    assert card.title.text() == "Training"
    assert "1 of 4 updates" in card.detail.text()
    assert "about 1 min left" in card.detail.text()
    assert (card.bar.value(), card.bar.maximum()) == (1, 4)
    assert second.sidebar.job_card.title.text() == "Waiting"
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert page_key(first) == "train"
    QTest.mouseClick(second.sidebar.job_card.stop, Qt.MouseButton.LeftButton)
    assert second.jobs.current is None
    QTest.mouseClick(card.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: first.jobs.current is None)
    assert first.jobs.latest["train"].state is JobState.STOPPED


def test_the_job_card_says_what_training_waits_for(
    qtbot: QtBot, fresh_root: Path, open_window: Open, fake_worker: Behave
) -> None:
    fake_worker("hot")
    window = open_window(fresh_root)
    window.do("train")
    card = window.sidebar.job_card
    qtbot.waitUntil(lambda: card.title.text() == "Training waits")
    assert card.detail.text() == "Training waits until the machine has cooled. Give it air."
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None)


def test_the_report_names_versions_and_goes_to_the_clipboard(fresh_root: Path, open_window: Open) -> None:
    logs_folder().mkdir(parents=True, exist_ok=True)
    (logs_folder() / "crash-last.txt").write_text("Fatal Python error: Segmentation fault")
    open_window(fresh_root).do("copy_report")
    text = QGuiApplication.clipboard().text()
    assert "PySide6-Essentials 6." in text
    assert "Segmentation fault" in text


def test_the_settings_take_effect_at_once(desk: Desk, qapp: QApplication) -> None:
    desk.show_settings()
    press(desk.others["settings"], "Dark")
    assert qapp.property("appearance") == "dark"
    assert settings().value("appearance") == "dark"
    press(desk.others["settings"], "Light")
    assert qapp.property("appearance") == "light"


def test_help_is_found_and_searched(desk: Desk, qtbot: QtBot) -> None:
    desk.show_help("glossary")
    window = desk.others["glossary"]
    assert isinstance(window, HelpWindow)
    QTest.keyClick(window.words, Qt.Key.Key_R)
    window.words.setText("seed example")
    assert window.text.textCursor().selectedText() == "Seed example"


def test_a_project_on_a_disk_that_cannot_be_written_says_so(
    qtbot: QtBot, fresh_root: Path, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(30, "Read-only file system", str(fresh_root))

    window = open_window(fresh_root)
    monkeypatch.setattr("espalier_desktop.document.write_settings", refuse)
    window.document.set_dial("quick")
    [sheet] = sheets(window)
    assert "Read-only file system" in sheet.sentence.text()
    assert window.document.project.dial == "good"


def test_the_program_starts_by_itself_and_imports_no_engine(tmp_path: Path) -> None:
    environment = {**os.environ, "ESPALIER_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "espalier_desktop", "--self-test"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["forbidden_imports"] == []
    assert told["leaves"] == 2
    assert told["document"]
    assert len(told["losses"]) == 2
    assert told["learned"]
    assert told["architectures"] > 100


def test_an_error_that_nothing_caught_is_logged_and_offered(tmp_path: Path) -> None:
    code = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from espalier_desktop import crash
application = QApplication([])
told = []
print(crash.install(told.append), flush=True)
def fail():
    raise ZeroDivisionError("by nothing")
QTimer.singleShot(0, fail)
QTimer.singleShot(50, application.quit)
application.exec()
print(told, flush=True)
if len(sys.argv) > 1:
    import ctypes
    ctypes.string_at(0)
"""
    environment = {**os.environ, "ESPALIER_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    run = [sys.executable, "-c", code]
    first = subprocess.run([*run, "fall"], capture_output=True, text=True, timeout=300, env=environment)
    assert first.returncode < 0
    assert first.stdout.splitlines() == ["False", "['ZeroDivisionError: by nothing']"]
    assert "by nothing" in (tmp_path / "logs" / "window.log").read_text()
    second = subprocess.run(run, capture_output=True, text=True, timeout=300, env=environment)
    assert second.stdout.startswith("True")
    assert "Segmentation fault" in (tmp_path / "logs" / "crash-last.txt").read_text()


def test_what_was_open_at_quit_is_opened_again_and_what_was_closed_is_not(
    desk: Desk, fresh_root: Path, lived_in_root: Path, open_window: Open
) -> None:
    open_window(fresh_root)
    open_window(lived_in_root).close()
    assert open_before() == [fresh_root]
    desk.quit()
    assert not desk.windows
    assert open_before() == [fresh_root]


def test_memory_does_not_grow_with_windows_that_were_closed(
    desk: Desk, fresh_root: Path, open_window: Open, qapp: QApplication
) -> None:
    before, dead = len(qapp.allWidgets()), []
    for _ in range(3):
        window = open_window(fresh_root)
        for spec in page_specs():
            window.go(spec.key)
        window.go("taxonomy")
        window.page.tree.choose("knowledge/engineering/falkirk_wheel")  # type: ignore[attr-defined]
        dead.append(window)
        window.close()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not any(isValid(window) for window in dead)
    assert len(qapp.allWidgets()) <= before
