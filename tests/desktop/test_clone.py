"""A project around a taxonomy from elsewhere, from the welcome to the open window."""

import socket
from pathlib import Path

import pytest
from desktop.test_accessibility import unnamed
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from repositories import commit_files, global_settings, make_repository, put

from espalier.project import open_project
from espalier_desktop.clone_sheet import CloneSheet
from espalier_desktop.desk import Desk
from espalier_desktop.welcome import WelcomeWindow

SKILL = "compositional_skills/writing/support_triage"
WHEEL = "knowledge/engineering/falkirk_wheel"
Key, Left = Qt.Key, Qt.MouseButton.LeftButton
LONG = 40_000


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in global_settings(tmp_path_factory.mktemp("git")).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def upstream(tmp_path: Path, fresh_root: Path) -> Path:
    """A repository of a taxonomy, as on another machine."""
    root = fresh_root / "taxonomy"
    make_repository(
        tmp_path / "canals.git", {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.yaml")}
    )
    return tmp_path / "canals.git"


def clone_sheet(desk: Desk) -> CloneSheet:
    """Open the sheet from the welcome, as a person would."""
    desk.show_welcome()
    welcome = desk.others["welcome"]
    assert isinstance(welcome, WelcomeWindow)
    QTest.mouseClick(welcome.clone, Left)
    return next(each for each in welcome.findChildren(CloneSheet) if each.isVisible())


def fill(sheet: CloneSheet, address: str, folder: Path) -> None:
    sheet.address.setFocus()
    QTest.keyClicks(sheet.address, address)
    sheet.folder.selectAll()
    QTest.keyClicks(sheet.folder, str(folder))


def test_a_taxonomy_is_cloned_from_the_welcome_and_opened(
    desk: Desk, upstream: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    sheet = clone_sheet(desk)
    assert not unnamed(sheet)
    assert not sheet.confirm.isEnabled()
    QTest.keyClicks(sheet.address, f"file://{upstream}")
    assert Path(sheet.folder.text()).name == "canals", "the folder takes its name from the address"
    sheet.folder.selectAll()
    QTest.keyClicks(sheet.folder, str(tmp_path / "deep" / "My Canals"))
    QTest.keyClick(sheet.address, Key.Key_Return)
    assert sheet.progress.isVisible()
    qtbot.waitUntil(lambda: bool(desk.windows), timeout=LONG)
    [window] = desk.windows.values()
    assert window.document.root == tmp_path / "deep" / "My Canals"
    assert set(window.document.leaves) == {SKILL, WHEEL}
    qtbot.waitUntil(lambda: window.document.history.now is not None, timeout=LONG)
    assert window.document.history.now.base == "origin/main"  # type: ignore[union-attr]


def test_a_folder_of_this_machine_can_be_chosen(
    desk: Desk, upstream: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = clone_sheet(desk)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(upstream))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "Mine"), ""))
    QTest.mouseClick(sheet.pick, Left)
    QTest.mouseClick(sheet.pick_folder, Left)
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: bool(desk.windows), timeout=LONG)
    assert open_project(tmp_path / "Mine").taxonomy.is_dir()


@pytest.mark.parametrize(
    ("address", "folder", "sentence"),
    [
        ("file://{here}/none", "new", "There is no Git repository at"),
        ("{here}/none", "new", "There is no"),
        ("http://127.0.0.1:9/x.git", "new", "cannot be reached"),
        ("ext::sh -c id", "new", "is not an address Espalier fetches from"),
        ("file://{here}/plain", "new", "is no taxonomy"),
        ("{here}/plain", "Fresh", "is not empty"),
    ],
)
def test_a_clone_that_fails_says_why_and_leaves_nothing(
    desk: Desk, fresh_root: Path, tmp_path: Path, qtbot: QtBot, address: str, folder: str, sentence: str
) -> None:
    make_repository(tmp_path / "plain", {"README.md": "Nothing here.\n"})
    before = sorted(tmp_path.iterdir())
    sheet = clone_sheet(desk)
    fill(sheet, address.format(here=tmp_path), tmp_path / folder)
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: sentence in sheet.note.text(), timeout=LONG)
    assert sheet.note.isVisible()
    assert sheet.confirm.isEnabled(), "the address can be mended and tried again"
    assert sheet.address.text() == address.format(here=tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_clone_can_be_stopped_and_leaves_nothing(desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sheet = clone_sheet(desk)
        fill(sheet, f"git://127.0.0.1:{silent.getsockname()[1]}/x.git", tmp_path / "new")
        before = sorted(tmp_path.iterdir())
        QTest.mouseClick(sheet.confirm, Left)
        qtbot.waitUntil(lambda: len(list(tmp_path.iterdir())) > len(before), timeout=LONG)
        QTest.keyClick(sheet, Key.Key_Escape)
        qtbot.waitUntil(sheet.confirm.isEnabled, timeout=LONG)
        assert not sheet.note.isVisible()
        assert sorted(tmp_path.iterdir()) == before
        QTest.keyClick(sheet, Key.Key_Escape)
        assert not sheet.isVisible()


def test_a_clone_whose_window_goes_tidies_up(desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sheet = clone_sheet(desk)
        fill(sheet, f"git://127.0.0.1:{silent.getsockname()[1]}/x.git", tmp_path / "new")
        before = sorted(tmp_path.iterdir())
        QTest.mouseClick(sheet.confirm, Left)
        qtbot.waitUntil(lambda: len(list(tmp_path.iterdir())) > len(before), timeout=LONG)
        desk.others["welcome"].close()
        qtbot.waitUntil(lambda: sorted(tmp_path.iterdir()) == before, timeout=LONG)


def test_a_large_clone_shows_how_far_it_is(desk: Desk, upstream: Path, tmp_path: Path, qtbot: QtBot) -> None:
    put(upstream, {f"knowledge/many/leaf_{number}/qna.yaml": f"version: {number}\n" * 50 for number in range(400)})
    commit_files(upstream, {})
    sheet = clone_sheet(desk)
    fill(sheet, f"file://{upstream}", tmp_path / "new")
    seen: list[int] = []
    sheet.progress.valueChanged.connect(seen.append)
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: bool(desk.windows), timeout=LONG)
    assert seen == sorted(seen)
    assert max(seen) > 50
