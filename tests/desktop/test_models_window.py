"""The window of the models, the sheet of a role, and what is missing at the first start; with a Hub on loopback."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_faults import slow, status
from hub_server import Serving, hub_serving
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from espalier.models.found import found_models
from espalier.models.hub_cache import repo_folder
from espalier.models.places import models_folder
from espalier.models.starter import STARTER
from espalier.project import open_project
from espalier_desktop.desk import Desk
from espalier_desktop.home import settings
from espalier_desktop.main_window import MainWindow
from espalier_desktop.models.fetch_bar import FetchBar
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.models.manager import ModelsWindow, _free_name
from espalier_desktop.models.rows import GET, HERE, Row
from espalier_desktop.pages.overview.model_sheet import ModelSheet
from espalier_desktop.pages.overview.page import OverviewPage
from espalier_desktop.readiness import ReadinessWindow
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
SUGGESTED = "mlx-community/Qwen3-4B-Instruct-2507-4bit"
FACTS: dict[str, Any] = {"tags": ["mlx", "text-generation", "license:apache-2.0"], "downloads": 7}


@pytest.fixture
def hub(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """A Hub that workers of the window reach, with one of the suggested models and another."""
    with hub_serving() as served:
        for name, value in served.environment(tmp_path / "hf").items():
            if name.startswith("HF_") or name == "NO_PROXY":
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(tmp_path / "person"))
        files = {path.name: path.read_bytes() for path in tiny_folder.iterdir()}
        size = len(files["model.safetensors"])
        weights: dict[str, Any] = {"safetensors": {"parameters": {"F32": size // 4}, "total": size // 4}}
        served.add_repo(SUGGESTED, files, **FACTS, **weights)
        served.add_repo("alice/gated", files, gated=True, **FACTS, **weights)
        yield served


@pytest.fixture
def window(desk: Desk, hub: Serving, qtbot: QtBot) -> ModelsWindow:
    desk.show_models()
    found = desk.others["models"]
    assert isinstance(found, ModelsWindow)
    qtbot.waitUntil(lambda: bool(found._survey.result))
    return found


def rows(window: ModelsWindow) -> dict[str, Row]:
    return {row.name: row for row in window.list.rows}


def choose(window: ModelsWindow, name: str) -> None:
    place = [row.name for row in window.list.rows].index(name)
    window.list.setCurrentIndex(window.list.model().index(place, 0))


def press(sheet: Sheet, text: str) -> None:
    [found] = [child for child in sheet.findChildren(QPushButton) if child.text() == text]
    found.click()


def test_a_model_is_searched_weighed_fetched_and_removed(
    window: ModelsWindow, desk: Desk, qtbot: QtBot, fresh_root: Path, open_window: Open
) -> None:
    window.go("suggested")
    assert rows(window)[SUGGESTED].state == GET
    assert "4.0 B" in window.list.rows[5].facts or len(window.list.rows) > 10
    window.go("hub")
    window.words.setText("qwen3")
    window.words.returnPressed.emit()
    qtbot.waitUntil(lambda: list(rows(window)) == [SUGGESTED])
    assert "apache-2.0" in window.details.facts.text()
    qtbot.waitUntil(lambda: window._check.result.get("id") == SUGGESTED)
    assert window.details.get.text() == f"Get, {_size(window._check.result['missing'])}"
    assert window.details.fits["student"].verdict.text() == "Student: Fits"
    with qtbot.waitSignal(desk.fetcher.fetched):
        window.details.get.click()
        assert not window.details.get.isEnabled()
    window.go("here")
    qtbot.waitUntil(lambda: SUGGESTED in rows(window))
    choose(window, SUGGESTED)
    assert window.details.remove.isVisibleTo(window)
    assert window.details.title.text() == "Qwen3 4B Instruct"
    open_window(fresh_root).document.set_teacher(SUGGESTED)
    window.details.remove.click()
    [sheet] = window.findChildren(Sheet)
    assert "Fresh would have to choose another." in sheet.sentence.text()
    press(sheet, "Remove")
    qtbot.waitUntil(lambda: SUGGESTED not in rows(window))
    assert not repo_folder(SUGGESTED).exists()


def _size(count: int) -> str:
    from espalier_desktop.widgets.formats import size

    return size(count)


def test_a_download_is_stopped_and_a_gated_one_says_what_to_do(
    window: ModelsWindow, desk: Desk, hub: Serving, qtbot: QtBot
) -> None:
    hub.fail("GET /blobs/", slow(30), times=100)
    desk.fetcher.get(SUGGESTED)
    qtbot.waitUntil(lambda: desk.fetcher.progress is not None and desk.fetcher.progress.done > 0)
    assert window.bar.isVisible()
    assert " of " in window.bar.figures.text()
    window.bar.stop.click()
    qtbot.waitUntil(lambda: not desk.fetcher.is_busy)
    assert desk.fetcher.problem == ""
    assert not window.bar.isVisible()
    hub.heal()
    window.go("hub")
    qtbot.waitUntil(lambda: "alice/gated" in rows(window))
    choose(window, "alice/gated")
    qtbot.waitUntil(lambda: "accepted its terms" in window.details.access.text())
    desk.fetcher.get("alice/gated")
    qtbot.waitUntil(lambda: "accepted its terms" in window.bar.problem.text())
    assert window.bar.isVisible()
    desk.fetcher.forget()
    assert not window.bar.isVisible()


def test_a_search_that_finds_nothing_or_fails_says_so(window: ModelsWindow, hub: Serving, qtbot: QtBot) -> None:
    window.go("hub")
    window.words.setText("nothing like this")
    window.words.returnPressed.emit()
    qtbot.waitUntil(lambda: "Try fewer" in window.note.text())
    hub.fail("GET /api/models", status(404), times=100)
    window.words.returnPressed.emit()
    qtbot.waitUntil(lambda: "Hub" in window.note.text() and not window._search.is_asking)


def test_models_that_other_programs_have_are_listed(
    desk: Desk, hub: Serving, qtbot: QtBot, tmp_path: Path, tiny_folder: Path
) -> None:
    studio = tmp_path / "person" / ".lmstudio" / "models" / "community" / "tiny-MLX"
    shutil.copytree(tiny_folder, studio)
    desk.show_models()
    window = desk.others["models"]
    assert isinstance(window, ModelsWindow)
    qtbot.waitUntil(lambda: str(studio) in rows(window))
    shown = rows(window)[str(studio)]
    assert (shown.state, shown.title, shown.can_remove) == (HERE, "tiny-MLX", False)
    assert "LM Studio" in shown.facts
    choose(window, str(studio))
    assert not window.details.remove.isVisibleTo(window)
    assert not window.details.page.isVisibleTo(window)
    assert window.storage.text().startswith("1 model, ")


def test_a_role_gets_a_model_that_is_fetched_first(
    hub: Serving, fresh_root: Path, open_window: Open, qtbot: QtBot
) -> None:
    window = open_window(fresh_root)
    assert isinstance(window.page, OverviewPage)
    window.page.models.teacher.change.click()
    [sheet] = window.findChildren(ModelSheet)
    qtbot.waitUntil(lambda: SUGGESTED in [row.name for row in sheet.models.rows])
    place = [row.name for row in sheet.models.rows].index(SUGGESTED)
    sheet.models.setCurrentIndex(sheet.models.model().index(place, 0))
    assert sheet.use.text().startswith("Get, ")
    assert "memory" in sheet.why.text()
    with qtbot.waitSignal(window.fetcher.fetched):
        sheet.use.click()
    qtbot.waitUntil(lambda: sheet.use.text() == "Use This Model")
    assert sheet.models.row
    assert sheet.models.row.name == SUGGESTED
    sheet.use.click()
    assert open_project(fresh_root).teacher == SUGGESTED
    assert "On this machine: llama" in window.page.models.teacher.state.text()


def test_what_is_missing_is_said_at_the_first_start_only(desk: Desk, hub: Serving, qtbot: QtBot) -> None:
    desk.greet()
    window = desk.others["readiness"]
    assert isinstance(window, ReadinessWindow)
    found = {check.title: check for check in window.checks()}
    assert found["Starter model"].is_ready is False
    assert found["Starter model"].action == "Get"
    assert found["Network"].is_ready is None
    assert "to look at" in window.headline.text()
    assert hub.asked == []
    [check] = [each for each in window.findChildren(QPushButton) if each.accessibleName() == "Network: Check Now"]
    check.click()
    qtbot.waitUntil(lambda: {c.title: c for c in window.checks()}["Network"].is_ready is True)
    window.close()
    qtbot.waitUntil(lambda: "readiness" not in desk.others)
    desk.greet()
    assert "readiness" not in desk.others
    assert settings().value("greeted")


def test_nothing_is_said_where_everything_is_there(desk: Desk, fresh_root: Path) -> None:
    desk.greet()
    assert "readiness" not in desk.others
    desk.show_readiness()
    window = desk.others["readiness"]
    assert isinstance(window, ReadinessWindow)
    assert {check.title: check for check in window.checks()}["Starter model"].is_ready


def test_a_gguf_file_that_is_none_is_refused_in_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"nothing")
    fetcher = Fetcher()
    bar = FetchBar(fetcher)
    qtbot.addWidget(bar)
    fetcher.import_gguf(file, "broken")
    qtbot.waitUntil(lambda: not fetcher.is_busy)
    assert bar.problem.text().startswith("broken.gguf is not a GGUF file.")
    assert not (models_folder() / "broken").exists()
    assert found_models() == []


def test_an_imported_file_gets_a_name_that_is_free() -> None:
    (models_folder() / "llama-3.2").mkdir(parents=True)
    assert _free_name("Llama 3.2") == "llama-3.2-2"
    assert _free_name("../..") == "model"
    assert _free_name(STARTER) == STARTER
