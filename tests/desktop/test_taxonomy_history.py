"""The taxonomy's history in the window: the strip, the badges, the difference, the commit."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from desktop.lived_in import spoil
from desktop.test_accessibility import unnamed
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot
from repositories import commit_files, global_settings, run_git

from espalier_desktop.home import settings
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.taxonomy.commit_sheet import CommitSheet
from espalier_desktop.pages.taxonomy.contribute_sheet import ContributeSheet
from espalier_desktop.pages.taxonomy.difference_sheet import DifferenceSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.pages.taxonomy.tree_model import BadgeRole
from espalier_desktop.widgets.diff_view import DiffView
from espalier_desktop.widgets.sheet import Sheet

SKILL = "compositional_skills/writing/support_triage"
WHEEL = "knowledge/engineering/falkirk_wheel"
OPTICS = "knowledge/science/optics"
Key, Left = Qt.Key, Qt.MouseButton.LeftButton
LONG = 40_000
Shown = TypeVar("Shown", bound=Sheet)
Open = Callable[[Path], MainWindow]


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in global_settings(tmp_path_factory.mktemp("git")).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def taxonomy(fresh_root: Path) -> Path:
    """The taxonomy of the example as a repository with one commit, which origin/main has too."""
    root = fresh_root / "taxonomy"
    run_git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {})
    run_git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    return root


@pytest.fixture
def open_page(open_window: Open, qtbot: QtBot) -> Callable[[Path], TaxonomyPage]:
    def open_(root: Path) -> TaxonomyPage:
        window = open_window(root)
        window.resize(1280, 800)
        window.go("taxonomy")
        assert isinstance(window.page, TaxonomyPage)
        window.page.tree.choose(SKILL)
        qtbot.wait(1)
        return window.page

    return open_


@pytest.fixture
def page(taxonomy: Path, open_page: Callable[[Path], TaxonomyPage]) -> TaxonomyPage:
    return open_page(taxonomy.parent)


def change_of(page: TaxonomyPage, path: str) -> str:
    return str(page.model.index_of(path).data(BadgeRole).change)


def edit(page: TaxonomyPage, path: str) -> None:
    """Change a leaf as by keys, and save."""
    document = page.shell.document
    document.edit(path, document.texts.text(path).replace("created_by: espalier", "created_by: ada"), "Edit")
    assert document.texts.save_all()


def sheet_of(page: TaxonomyPage, kind: type[Shown]) -> Shown:
    return next(each for each in page.window().findChildren(kind) if each.isVisible())


def test_the_strip_counts_what_changed_and_the_tree_shows_it(page: TaxonomyPage, qtbot: QtBot) -> None:
    strip = page.git
    assert strip.branch.text() == "main"
    assert strip.since.text() == "no change since origin/main"
    assert not strip.difference.isEnabled()
    assert not strip.commit.isEnabled()
    edit(page, SKILL)
    qtbot.waitUntil(lambda: strip.since.text() == "1 change since origin/main", timeout=LONG)
    qtbot.waitUntil(lambda: change_of(page, SKILL) == "changed", timeout=LONG)
    assert change_of(page, "compositional_skills") == "changed"
    assert "changed" in str(page.model.index_of(SKILL).data(Qt.ItemDataRole.AccessibleTextRole))
    page.shell.document.duplicate(WHEEL)
    qtbot.waitUntil(lambda: change_of(page, f"{WHEEL}_2") == "added", timeout=LONG)
    page.shell.document.delete(WHEEL)
    qtbot.waitUntil(lambda: strip.since.text() == "3 changes since origin/main", timeout=LONG)
    for _ in range(3):
        page.shell.do("undo")
    assert page.shell.document.texts.save_all()
    qtbot.waitUntil(lambda: strip.since.text() == "no change since origin/main", timeout=LONG)
    qtbot.waitUntil(lambda: not change_of(page, "knowledge"), timeout=LONG)


def test_signs_of_changes_differ_in_shape(page: TaxonomyPage, qtbot: QtBot) -> None:
    def picture(change: str) -> object:
        statuses = page.shell.document.leaves
        page.model.show_statuses(statuses, {SKILL: change} if change else {})
        tree = page.tree
        place = tree.visualRect(page.model.index_of(SKILL))
        image = tree.viewport().grab(QRect(place)).toImage()
        return image.convertToFormat(image.Format.Format_Grayscale8)

    pictures = [picture(change) for change in ("", "added", "changed", "deleted")]
    assert all(first != other for place, first in enumerate(pictures) for other in pictures[place + 1 :])


def test_the_base_is_chosen_in_a_menu_and_found_again(
    page: TaxonomyPage, taxonomy: Path, open_page: Callable[[Path], TaxonomyPage], qtbot: QtBot
) -> None:
    commit_files(taxonomy, {f"{SKILL}/attribution.txt": "x"}, "one")
    edit(page, SKILL)
    commit_files(taxonomy, {}, "two")
    page.shell.document.refresh()
    qtbot.waitUntil(lambda: page.git.since.text() == "1 change since origin/main", timeout=LONG)
    QTest.mouseClick(page.git.since, Left)
    assert [action.text() for action in page.git.menu.actions()] == ["the last commit", "main", "origin/main"]
    page.git.menu.actions()[0].trigger()
    page.git.menu.close()
    qtbot.waitUntil(lambda: page.git.since.text() == "no change since the last commit", timeout=LONG)
    qtbot.waitUntil(lambda: not change_of(page, SKILL), timeout=LONG)
    page.window().close()
    QApplication.processEvents()
    again = open_page(taxonomy.parent)
    qtbot.waitUntil(lambda: again.git.since.text() == "no change since the last commit")


def test_the_difference_of_each_leaf_is_shown_with_signs(page: TaxonomyPage, qtbot: QtBot) -> None:
    edit(page, SKILL)
    page.shell.document.duplicate(WHEEL)
    qtbot.waitUntil(lambda: page.git.since.text() == "2 changes since origin/main", timeout=LONG)
    page.tree.choose(SKILL)
    QTest.mouseClick(page.git.difference, Left)
    sheet = sheet_of(page, DifferenceSheet)
    qtbot.waitUntil(lambda: "+ created_by: ada" in sheet.view.toPlainText(), timeout=LONG)
    assert "− created_by: espalier" in sheet.view.toPlainText()
    assert "diff --git" not in sheet.view.toPlainText()
    assert sheet.leaves.path == SKILL
    said = str(sheet.leaves.item(0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert said == f"Support triage, changed, {SKILL}"
    QTest.keyClick(sheet.leaves, Key.Key_Down)
    qtbot.waitUntil(lambda: "+ domain: engineering" in sheet.view.toPlainText(), timeout=LONG)
    QTest.keyClick(sheet, Key.Key_Escape)
    assert not sheet.isVisible()


def test_a_sheet_that_was_closed_before_the_answer_hears_nothing(page: TaxonomyPage, qtbot: QtBot) -> None:
    edit(page, SKILL)
    history = page.shell.document.history
    for _ in range(2):
        qtbot.waitUntil(lambda: page.git.difference.isVisible() and page.git.difference.isEnabled(), timeout=LONG)
        QTest.mouseClick(page.git.difference, Left)
        sheet_of(page, DifferenceSheet).reject()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        (page.shell.document.root / "taxonomy" / ".git").rename(page.shell.document.root / "away")
        qtbot.waitUntil(lambda: not history._jobs, timeout=LONG)
        (page.shell.document.root / "away").rename(page.shell.document.root / "taxonomy" / ".git")


def test_ticked_leaves_are_committed_with_a_message_that_was_proposed(
    page: TaxonomyPage, taxonomy: Path, qtbot: QtBot
) -> None:
    edit(page, SKILL)
    page.shell.document.duplicate(WHEEL)
    qtbot.waitUntil(lambda: len(page.shell.document.history.now.uncommitted) == 2, timeout=LONG)  # type: ignore[union-attr]
    QTest.mouseClick(page.git.commit, Left)
    sheet = sheet_of(page, CommitSheet)
    assert sheet.message.words == "1 leaf added, 1 leaf changed"
    assert "Ada Lovelace <ada@example.org>" in sheet.signs.text()
    assert not sheet.name.isVisible()
    sheet.leaves.setFocus()
    sheet.leaves.setCurrentRow(0)
    QTest.keyClick(sheet.leaves, Key.Key_Space)
    assert sheet.message.words == "Add Falkirk wheel 2"
    QTest.keyClick(sheet.leaves, Key.Key_Down)
    QTest.keyClick(sheet.leaves, Key.Key_Space)
    assert not sheet.confirm.isEnabled()
    assert sheet.note.text() == "Tick at least one leaf."
    QTest.keyClick(sheet.leaves, Key.Key_Space)
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: not page.window().findChildren(CommitSheet), timeout=LONG)
    message = run_git(taxonomy, "log", "-1", "--format=%B")
    assert message.startswith("Add Falkirk wheel 2\n")
    assert "Signed-off-by: Ada Lovelace <ada@example.org>" in message
    files = run_git(taxonomy, "show", "--name-only", "--format=").split()
    assert files == [f"{WHEEL}_2/attribution.txt", f"{WHEEL}_2/qna.yaml"]
    qtbot.waitUntil(lambda: list(page.shell.document.history.now.uncommitted) == [SKILL], timeout=LONG)  # type: ignore[union-attr]
    assert page.window()._toast.text.text() == "1 leaf committed."  # type: ignore[attr-defined]


def test_a_leaf_with_errors_is_left_out_and_says_why(
    taxonomy: Path, open_page: Callable[[Path], TaxonomyPage], qtbot: QtBot
) -> None:
    spoil(taxonomy.parent)
    page = open_page(taxonomy.parent)
    edit(page, SKILL)
    qtbot.waitUntil(lambda: len(page.shell.document.history.now.uncommitted) == 2, timeout=LONG)  # type: ignore[union-attr]
    page.shell.do("commit")
    sheet = sheet_of(page, CommitSheet)
    assert sheet.leaves.ticked == [SKILL]
    assert sheet.confirm.isEnabled()
    sheet.leaves.item(1).setCheckState(Qt.CheckState.Checked)
    assert not sheet.confirm.isEnabled()
    assert sheet.note.text() == "Optics has errors. Mend it first, or take away its tick."
    sheet.leaves.item(1).setCheckState(Qt.CheckState.Unchecked)
    sheet.message.selectAll()
    QTest.keyClicks(sheet.message, " ")
    assert sheet.note.text() == "Say in a line what you changed."
    QTest.keyClicks(sheet.message, "My own")
    sheet.leaves.item(1).setCheckState(Qt.CheckState.Checked)
    assert sheet.message.words == " My own", "the person's words are not replaced"


def test_what_was_typed_just_before_comes_into_the_open_sheet(page: TaxonomyPage, qtbot: QtBot) -> None:
    edit(page, SKILL)
    qtbot.waitUntil(page.git.commit.isEnabled, timeout=LONG)
    document = page.shell.document
    document.edit(WHEEL, document.texts.text(WHEEL).replace("engineering", "canals"), "Edit")
    page.shell.do("commit")
    sheet = sheet_of(page, CommitSheet)
    sheet.leaves.item(0).setCheckState(Qt.CheckState.Unchecked)
    qtbot.waitUntil(lambda: sheet.leaves.ticked == [WHEEL], timeout=LONG)
    assert sheet.message.words == "Change Falkirk wheel"


def test_who_is_unknown_to_git_gives_a_name_once(
    page: TaxonomyPage, taxonomy: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    edit(page, SKILL)
    qtbot.waitUntil(page.git.commit.isEnabled, timeout=LONG)
    page.shell.document.refresh()
    qtbot.waitUntil(lambda: page.shell.document.history.now.name == "", timeout=LONG)  # type: ignore[union-attr]
    QTest.mouseClick(page.git.commit, Left)
    sheet = sheet_of(page, CommitSheet)
    assert sheet.name.isVisible()
    assert sheet.note.text().startswith("Give your name and e-mail address.")
    QTest.keyClicks(sheet.name, "Grace")
    QTest.keyClicks(sheet.email, "grace@example.org")
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: not page.window().findChildren(CommitSheet), timeout=LONG)
    assert run_git(taxonomy, "log", "-1", "--format=%an %ae %cn") == "Grace grace@example.org Grace"
    assert settings().value("person/email") == "grace@example.org"


def test_a_commit_that_git_refuses_is_told_in_the_sheet_and_loses_nothing(
    page: TaxonomyPage, taxonomy: Path, qtbot: QtBot
) -> None:
    edit(page, SKILL)
    qtbot.waitUntil(page.git.commit.isEnabled, timeout=LONG)
    QTest.mouseClick(page.git.commit, Left)
    sheet = sheet_of(page, CommitSheet)
    (taxonomy / ".git" / "index.lock").touch()
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: "Another Git is at work" in sheet.note.text(), timeout=LONG)
    (taxonomy / ".git" / "index.lock").unlink()
    QTest.mouseClick(sheet.confirm, Left)
    qtbot.waitUntil(lambda: not page.window().findChildren(CommitSheet), timeout=LONG)


def test_history_begins_with_one_click_where_there_is_none(
    fresh_root: Path, open_page: Callable[[Path], TaxonomyPage], qtbot: QtBot
) -> None:
    page = open_page(fresh_root)
    assert page.git.keep.isVisible()
    assert not page.git.branch.isVisible()
    assert not page.shell.commands["commit"].isEnabled()
    QTest.mouseClick(page.git.keep, Left)
    qtbot.waitUntil(lambda: page.git.since.text() == "2 changes since the last commit", timeout=LONG)
    assert not page.git.keep.isVisible()
    page.shell.do("difference")
    sheet = sheet_of(page, DifferenceSheet)
    qtbot.waitUntil(lambda: "+ created_by" in sheet.view.toPlainText(), timeout=LONG)
    sheet.accept()
    page.shell.do("commit")
    QTest.mouseClick(sheet_of(page, CommitSheet).confirm, Left)
    qtbot.waitUntil(lambda: page.git.since.text() == "no change since the last commit", timeout=LONG)


def test_a_broken_repository_is_one_sentence_in_the_strip(
    taxonomy: Path, open_page: Callable[[Path], TaxonomyPage]
) -> None:
    for file in (taxonomy / ".git" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    page = open_page(taxonomy.parent)
    assert page.git.problem.isVisible()
    assert page.git.problem.toolTip().startswith("Git could not do this in")
    assert not page.git.commit.isVisible()


HEAD = "diff --git a/x/{name} b/x/{name}\nindex 1..2\n--- a/x/{name}\n+++ b/x/{name}\n"


def test_every_control_of_the_sheets_has_a_name_and_the_keyboard_reaches_it(page: TaxonomyPage, qtbot: QtBot) -> None:
    edit(page, SKILL)
    qtbot.waitUntil(page.git.commit.isEnabled, timeout=LONG)
    assert not unnamed(page)
    for command, kind in (("difference", DifferenceSheet), ("commit", CommitSheet), ("contribute", ContributeSheet)):
        page.shell.do(command)
        sheet: Sheet = sheet_of(page, kind)
        if isinstance(sheet, ContributeSheet):
            qtbot.waitUntil(sheet.confirm.isEnabled, timeout=LONG)
        assert not unnamed(sheet)
        sheet.activateWindow()
        qtbot.waitUntil(sheet.isActiveWindow, timeout=LONG)
        wanted: set[QWidget] = {
            each for each in sheet.findChildren(QAbstractButton) if each.isVisible() and each.isEnabled()
        }
        for _ in range(12):
            focus = QApplication.focusWidget()
            assert focus
            wanted.discard(focus)
            QTest.keyClick(focus, Key.Key_Tab)
        assert not wanted
        sheet.reject()


def test_a_diff_reads_as_lines_that_came_and_went(qtbot: QtBot) -> None:
    view = DiffView()
    qtbot.addWidget(view)
    leaf = HEAD.format(name="qna.yaml")
    view.show_diff(f"{leaf}@@ -3,2 +3,2 @@ x\n same\n--- old\n+++ new\n\\ No newline at end of file\n")
    assert view.toPlainText() == "Line 3\n  same\n− -- old\n+ ++ new"
    binary = "diff --git a/p.png b/p.png\nBinary files a/p.png and b/p.png differ\n"
    view.show_diff(f"{leaf}@@ -1 +1 @@\n-x\n{binary}{HEAD.format(name='more.txt')}@@ -0,0 +1,2 @@\n+y\n")
    words = ["qna.yaml", "Line 1", "− x", "A file that holds no text has changed.", "", "more.txt", "+ y"]
    assert view.toPlainText().splitlines() == words
    view.show_diff("@@ -0,0 +1,9999 @@\n" + "+x\n" * 9_999)
    assert view.toPlainText().endswith("5999 more lines are not shown.")
