"""Leaves given back from the window: the sheet, with the real worker and a real remote on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desktop.test_taxonomy_history import LONG, SKILL, WHEEL, Left, edit, sheet_of
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot
from repositories import commit_files, global_settings, run_git

from espalier_desktop.home import settings
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.taxonomy.contribute_sheet import ContributeSheet
from espalier_desktop.pages.taxonomy.contributed_sheet import ContributedSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage


@pytest.fixture
def git_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("git")
    for name, value in global_settings(folder).items():
        monkeypatch.setenv(name, value)
    return folder / "gitconfig"


@pytest.fixture
def remote(git_settings: Path, fresh_root: Path, tmp_path: Path) -> Path:
    """The repository that the example's taxonomy is a clone of."""
    root = fresh_root / "taxonomy"
    run_git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {})
    run_git(tmp_path, "clone", "--quiet", "--bare", str(root), "remote.git")
    run_git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    run_git(root, "fetch", "--quiet", "origin")
    return tmp_path / "remote.git"


@pytest.fixture
def page(remote: Path, fresh_root: Path, open_window: Callable[[Path], MainWindow], qtbot: QtBot) -> TaxonomyPage:
    window = open_window(fresh_root)
    window.resize(1280, 800)
    window.go("taxonomy")
    assert isinstance(window.page, TaxonomyPage)
    qtbot.waitUntil(window.page.git.contribute.isVisible, timeout=LONG)
    return window.page


def asked(page: TaxonomyPage, qtbot: QtBot) -> ContributeSheet:
    """Return the sheet once the engine said what there is."""
    QTest.mouseClick(page.git.contribute, Left)
    sheet = sheet_of(page, ContributeSheet)
    qtbot.waitUntil(lambda: bool(sheet.title.text() or sheet.note.text()), timeout=LONG)
    return sheet


def done(page: TaxonomyPage, qtbot: QtBot) -> ContributedSheet:
    qtbot.waitUntil(lambda: bool(page.window().findChildren(ContributedSheet)), timeout=LONG)
    return sheet_of(page, ContributedSheet)


def test_ticked_leaves_are_pushed_in_the_persons_words(
    page: TaxonomyPage, remote: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(page, SKILL)
    page.shell.document.duplicate(WHEEL)
    sheet = asked(page, qtbot)
    assert sheet.line.text() == "Contribute to origin/main"
    assert sheet.leaves.ticked == [SKILL, f"{WHEEL}_2"]
    assert sheet.place.currentText() == f"origin · {remote}"
    assert "Not measured" in sheet.text.words
    item = sheet.leaves.item(1)
    item.setCheckState(item.checkState().Unchecked)
    qtbot.waitUntil(lambda: sheet.title.text() == "Change skills: support triage", timeout=LONG)
    sheet.title.selectAll()
    QTest.keyClicks(sheet.title, "Sort better")
    sheet.text.setPlainText("My own words.")
    QTest.mouseClick(sheet.confirm, Left)
    told = done(page, qtbot)
    commit = run_git(remote, "rev-parse", "espalier/sort-better")
    assert run_git(remote, "diff-tree", "-r", "--name-only", "--no-commit-id", commit) == f"{SKILL}/qna.yaml"
    assert str(remote) in told.sentence.text()  # whose host has no page that compares
    QTest.mouseClick(told.copy, Left)
    assert QGuiApplication.clipboard().text() == "My own words."
    assert run_git(page.shell.document.project.taxonomy, "branch", "--show-current") == "main"


def test_what_stands_against_a_contribution_is_told_and_stops_it(
    page: TaxonomyPage, remote: Path, qtbot: QtBot
) -> None:
    sheet = asked(page, qtbot)
    assert "nothing to contribute" in sheet.note.text()
    assert not sheet.confirm.isEnabled()
    sheet.reject()
    qtbot.waitUntil(lambda: not page.window().findChildren(ContributeSheet), timeout=LONG)
    edit(page, SKILL)
    (page.shell.document.project.taxonomy / SKILL / "attribution.txt").unlink()
    sheet = asked(page, qtbot)
    assert sheet.leaves.ticked == []
    assert "no leaf without its sources" in sheet.about.text()
    assert not sheet.confirm.isEnabled()
    item = sheet.leaves.item(0)
    item.setCheckState(item.checkState().Checked)
    assert "has errors" in sheet.note.text()
    sheet.reject()
    assert run_git(remote, "branch", "--list", "espalier/*") == ""


def test_a_push_that_fails_is_a_patch_file_and_a_reason(
    page: TaxonomyPage, remote: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    edit(page, SKILL)
    sheet = asked(page, qtbot)
    sheet.place.setCurrentIndex(1)
    assert "Give the address" in sheet.note.text()
    QTest.keyClicks(sheet.address, "/nowhere/at/all")
    QTest.mouseClick(sheet.confirm, Left)
    told = done(page, qtbot)
    assert "There is no Git repository" in told.problem.text()
    next(each for each in told.findChildren(QPushButton) if each.text() == "Show in Folder").click()
    assert opened == [str(page.shell.document.root / "contributions")]
    assert list((page.shell.document.root / "contributions").glob("*.patch"))


def test_a_patch_is_saved_where_the_person_wants_it_signed_with_the_name_that_was_typed(
    page: TaxonomyPage, git_settings: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_settings.write_text("")
    file = tmp_path / "mine.patch"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    edit(page, SKILL)
    sheet = asked(page, qtbot)
    for field in (sheet.name, sheet.email):
        field.clear()
    assert "Give your name" in sheet.note.text()
    QTest.keyClicks(sheet.name, "Grace")
    QTest.keyClicks(sheet.email, "grace@example.org")
    sheet.place.setCurrentIndex(2)
    assert sheet.confirm.text() == "Save Patch…"
    QTest.mouseClick(sheet.confirm, Left)
    assert "holds the branch" in done(page, qtbot).sentence.text()
    assert "Signed-off-by: Grace <grace@example.org>" in file.read_text()
    assert settings().value("person/name") == "Grace"
    settings().remove("person")
