"""A teacher behind an endpoint, from the window."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fault_server import Script, serving
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from espalier.project import open_project, write_settings
from espalier.teachers.endpoint import parse_endpoint
from espalier.teachers.permission import is_allowed
from espalier_desktop import i18n
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.overview.endpoint_sheet import EndpointSheet
from espalier_desktop.pages.overview.model_sheet import ModelSheet
from espalier_desktop.pages.overview.page import OverviewPage
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
LONG = 40_000
FAR = "https://api.example.invalid/v1#big-model"


def overview(window: MainWindow) -> OverviewPage:
    window.go("overview")
    assert isinstance(window.page, OverviewPage)
    return window.page


def press(sheet: Sheet, text: str) -> None:
    [found] = [child for child in sheet.findChildren(QPushButton) if child.text() == text]
    found.click()


def sheet_named(window: MainWindow, line: str) -> Sheet:
    [found] = [sheet for sheet in window.findChildren(Sheet) if sheet.windowTitle() == line]
    return found


def open_sheet(window: MainWindow) -> EndpointSheet:
    overview(window).models.teacher.change.click()
    [models] = window.findChildren(ModelSheet)
    press(models, "Endpoint…")
    [sheet] = window.findChildren(EndpointSheet)
    return sheet


def test_an_endpoint_is_tried_and_chosen(
    fresh_root: Path, open_window: Open, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(fresh_root)
    sheet = open_sheet(window)
    assert not sheet.use.isEnabled()
    with serving(script := Script(models=("small", "large"))):
        sheet.address.setText(script.url)
        assert "on this machine" in sheet.place.text()
        monkeypatch.setattr(sheet.model, "showPopup", lambda: None)  # a popup would wait for the person
        sheet.test.click()
        qtbot.waitUntil(lambda: "offers 2 models" in sheet.verdict.text(), timeout=LONG)
        assert [sheet.model.itemText(place) for place in range(2)] == ["small", "large"]
        assert not sheet.use.isEnabled()
        sheet.model.setCurrentText("large")
        sheet.test.click()
        qtbot.waitUntil(lambda: "It answers." in sheet.verdict.text(), timeout=LONG)
        sheet.use.click()
        assert open_project(fresh_root).teacher == f"{script.url}#large"
    teacher = overview(window).models.teacher
    assert teacher.name.text() == "large"
    assert "Served on this machine, at 127.0.0.1" in teacher.state.text()
    window.do("undo")
    assert teacher.name.text() == "smollm2-135m-instruct"


def test_what_is_wrong_with_an_endpoint_is_said_in_the_sheet(fresh_root: Path, open_window: Open, qtbot: QtBot) -> None:
    sheet = open_sheet(open_window(fresh_root))
    sheet.address.setText("http://127.0.0.1:9/v1")
    sheet.test.click()
    qtbot.waitUntil(lambda: "Nothing answers at 127.0.0.1:9" in sheet.verdict.text(), timeout=LONG)
    assert sheet.test.isEnabled()
    sheet.address.setText("https://me:secret@host/v1")
    sheet.test.click()
    assert "models key" in sheet.verdict.text()
    sheet.address.setText("https://host/v1")
    sheet.key.setText("sk-secret")
    sheet.test.click()
    assert "environment variable" in sheet.verdict.text()  # this machine has no keychain
    assert "sk-secret" not in sheet.verdict.text()


def test_a_remote_teacher_is_marked_and_nothing_starts_before_it_is_allowed(
    fresh_root: Path, open_window: Open, fake_worker: Callable[[str], None], qtbot: QtBot
) -> None:
    fake_worker("done")
    write_settings(replace(open_project(fresh_root), teacher=FAR))
    window = open_window(fresh_root)
    teacher = overview(window).models.teacher
    assert teacher.state.text() == "Not allowed yet: nothing is sent to api.example.invalid"
    window.do("generate")
    line = "Send your text to api.example.invalid?"
    assert window.jobs.current is None
    press(sheet_named(window, line), "Cancel")
    assert not is_allowed(parse_endpoint(FAR))
    qtbot.waitUntil(lambda: not [s for s in window.findChildren(Sheet) if s.windowTitle() == line], timeout=LONG)
    window.do("generate")
    with qtbot.waitSignal(window.jobs.ended, timeout=LONG):
        press(sheet_named(window, line), "Allow")
    assert is_allowed(parse_endpoint(FAR))
    overview(window).refresh()
    assert teacher.state.text() == "Leaves this Mac: your text is sent to api.example.invalid"
    assert teacher.state.property("role") == "warning"


@pytest.fixture
def french() -> Iterator[None]:
    translators = i18n.install("fr")
    yield
    for translator in translators:
        QCoreApplication.removeTranslator(translator)


def test_choosing_a_remote_teacher_asks_at_once_in_french_too(
    french: None, fresh_root: Path, open_window: Open
) -> None:
    window = open_window(fresh_root)
    page = overview(window)
    page._use_endpoint(parse_endpoint(FAR), window.document.set_teacher)
    press(sheet_named(window, "Envoyer votre texte à api.example.invalid\u00a0?"), "Autoriser")
    assert page.models.teacher.state.text() == "Quitte ce Mac\u00a0: votre texte est envoyé à api.example.invalid"
