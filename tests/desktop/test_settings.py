import json
from collections.abc import Callable
from pathlib import Path

import pytest
from desktop.test_accessibility import unnamed
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from repositories import run_git

from espalier.models.folder import home_folder, models_folder
from espalier.models.starter import STARTER
from espalier.privacy import hosts
from espalier.project import create
from espalier.settings import change_settings, read_settings, settings_file, usable_settings
from espalier.storage import areas, clear
from espalier.teachers.endpoint import parse_endpoint
from espalier.teachers.permission import allow, is_allowed
from espalier_desktop import theme
from espalier_desktop.desk import Desk
from espalier_desktop.home import logs_folder, settings
from espalier_desktop.main_window import MainWindow
from espalier_desktop.rescue import rescue_files
from espalier_desktop.settings.advanced import AdvancedPanel
from espalier_desktop.settings.general import GeneralPanel
from espalier_desktop.settings.models import ModelsPanel
from espalier_desktop.settings.privacy import PrivacyPanel
from espalier_desktop.settings.storage import StoragePanel
from espalier_desktop.settings.window import SettingsWindow
from espalier_desktop.settings.work import WorkPanel
from espalier_desktop.widgets.sheet import Sheet

SUBJECTS = (GeneralPanel, ModelsPanel, WorkPanel, PrivacyPanel, StoragePanel, AdvancedPanel)
ENDPOINT = parse_endpoint("https://models.example/v1#m")


def shown(desk: Desk) -> SettingsWindow:
    desk.show_settings()
    window = desk.others["settings"]
    assert isinstance(window, SettingsWindow)
    return window


def press(widget: QWidget, text: str) -> None:
    next(each for each in widget.findChildren(QPushButton) if each.text() == text and each.isEnabled()).click()


def sheet_of(widget: QWidget) -> Sheet:
    return next(sheet for sheet in widget.window().findChildren(Sheet) if sheet.isVisible())


def texts(widget: QWidget) -> str:
    return "\n".join(part.text() for part in widget.findChildren(QLabel))


def test_every_subject_is_reached_with_the_keys(desk: Desk) -> None:
    window = shown(desk)
    for place, kind in enumerate(SUBJECTS):
        assert window.subjects.currentRow() == place
        assert isinstance(window.panel, kind)
        assert not unnamed(window)
        QTest.keyClick(window.subjects, Qt.Key.Key_Down)


def test_appearance_and_size_change_at_once(desk: Desk) -> None:
    panel = shown(desk).panel
    assert isinstance(panel, GeneralPanel)
    panel.appearance.buttons["dark"].click()
    assert theme.current() is theme.DARK
    panel.zoom.setCurrentIndex(4)
    panel.zoom.activated.emit(4)
    assert settings().value("zoom") == 1.5


def test_new_projects_begin_with_the_models_that_were_chosen(desk: Desk, fresh_root: Path, tmp_path: Path) -> None:
    window = shown(desk)
    window.subjects.setCurrentRow(1)
    panel = window.panel
    assert isinstance(panel, ModelsPanel)
    change_settings(teacher="owner/large-4bit")
    panel.choices["critic"].setCurrentIndex(panel.choices["critic"].findData(STARTER))
    panel.choices["critic"].activated.emit(1)
    project = create(tmp_path / "made")
    assert (project.student, project.teacher, project.critic) == (STARTER, "owner/large-4bit", STARTER)
    assert "owner/large-4bit" in (tmp_path / "made" / "project.yaml").read_text()


def test_power_and_memory_are_kept_for_the_next_job(desk: Desk) -> None:
    window = shown(desk)
    window.subjects.setCurrentRow(2)
    panel = window.panel
    assert isinstance(panel, WorkPanel)
    panel.battery.buttons["1.0"].click()
    panel.memory.buttons["0.6"].click()
    assert (read_settings().low_battery, read_settings().memory_share) == (1.0, 0.6)


def test_the_switch_stops_what_was_allowed_and_every_host_is_listed(
    desk: Desk, lived_in_root: Path, open_window: Callable[[Path], MainWindow]
) -> None:
    allow(ENDPOINT)
    taxonomy = lived_in_root / "taxonomy"
    run_git(taxonomy, "init", "-q")
    run_git(taxonomy, "remote", "add", "origin", "git@code.example:me/taxonomy.git")
    open_window(lived_in_root)
    window = shown(desk)
    window.subjects.setCurrentRow(3)
    panel = window.panel
    assert isinstance(panel, PrivacyPanel)
    for host in ("models.example", "huggingface.co", "code.example"):
        assert host in texts(panel)
    assert panel.remote.isChecked()
    panel.remote.click()
    assert not is_allowed(ENDPOINT)
    panel.remote.click()
    assert is_allowed(ENDPOINT)
    press(panel, "Withdraw")
    assert not is_allowed(ENDPOINT)
    assert not read_settings().allowed_endpoints


def test_remote_models_are_off_at_first() -> None:
    assert not read_settings().uses_remote
    assert {host.purpose for host in hosts([])} == {"hub", "package index"}


def test_cleaning_up_asks_and_leaves_models_and_projects_alone(desk: Desk, fresh_root: Path) -> None:
    left = models_folder() / ".half.unfinished"
    left.mkdir()
    (left / "weights").write_bytes(b"0" * 5000)
    log = logs_folder() / "worker-1.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("noise")
    in_use = logs_folder() / "window.log"
    in_use.write_text("mine")
    sizes = {area.name: area.bytes for area in areas(logs_folder())}
    assert sizes["leftovers"] == 5000
    assert sizes["models"] > 1_000_000
    window = shown(desk)
    window.subjects.setCurrentRow(4)
    panel = window.panel
    assert isinstance(panel, StoragePanel)
    press(panel, "Clean Up…")
    assert left.exists()
    press(sheet_of(panel), "Delete")
    assert not left.exists()
    assert (models_folder() / STARTER / "config.json").exists()
    assert clear("logs", logs_folder()) == 5
    assert in_use.exists()
    assert not log.exists()


def test_everything_goes_back_to_what_it_was(desk: Desk) -> None:
    change_settings(student="other", memory_share=0.6)
    allow(ENDPOINT)
    settings().setValue("appearance", "dark")
    window = shown(desk)
    window.subjects.setCurrentRow(5)
    press(window.panel, "Reset All Settings…")
    press(sheet_of(window.panel), "Reset")
    assert read_settings() == type(read_settings())()
    assert not is_allowed(ENDPOINT)
    assert settings().value("appearance") is None


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_settings_that_cannot_be_read_are_kept_beside(desk: Desk, qtbot: QtBot, content: bytes) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_bytes(content)
    (home_folder() / "window.ini").write_bytes(b"\x00\xff[broken\n=\n")
    assert usable_settings().student == STARTER
    rescued = rescue_files()
    assert [file.name for file in rescued] == ["settings.json.unreadable", "window.ini.unreadable"]
    assert rescued[0].read_bytes() == content
    desk.tell_rescued(rescued)
    sheet = sheet_of(desk.others["welcome"])
    assert "could not be read, so the usual ones hold" in sheet.sentence.text()
    assert rescue_files() == []
    settings_file().write_bytes(content)
    assert [file.name for file in rescue_files()] == ["settings.json.unreadable-2"]


def test_values_that_cannot_be_meant_have_their_default() -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    odd = {"student": 7, "teacher": "", "memory_share": 9, "low_battery": True, "allowed_endpoints": "x", "later": 1}
    settings_file().write_text(json.dumps(odd))
    assert read_settings() == type(read_settings())()
    change_settings(critic="c")
    assert json.loads(settings_file().read_text())["later"] == 1
    settings().setValue("zoom", "large")
    settings().setValue("appearance", "purple")
