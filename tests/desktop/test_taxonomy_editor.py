"""The taxonomy editor through what a person does and sees: keys, clicks and what the file then holds."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from desktop.lived_in import spoil
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QTreeView, QWidget
from pytestqt.qtbot import QtBot

from espalier.taxonomy.blank import blank_leaf
from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.leaf import Kind
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.taxonomy.completion import keys_at
from espalier_desktop.pages.taxonomy.go_to import GoToLeaf
from espalier_desktop.pages.taxonomy.new_leaf import NewLeafSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.pages.taxonomy.popover import ProblemsPopover

SKILL = "compositional_skills/writing/support_triage"
WHEEL = "knowledge/engineering/falkirk_wheel"
OPTICS = "knowledge/science/optics"
Key, Ctrl = Qt.Key, Qt.KeyboardModifier.ControlModifier
LONG = 40_000
Open = Callable[[Path], MainWindow]


@pytest.fixture
def window(fresh_root: Path, open_window: Open) -> MainWindow:
    made = open_window(fresh_root)
    made.resize(1440, 900)
    made.go("taxonomy")
    return made


@pytest.fixture
def page(window: MainWindow) -> TaxonomyPage:
    assert isinstance(window.page, TaxonomyPage)
    window.page.tree.choose(SKILL)
    return window.page


def saved(page: TaxonomyPage, leaf: str) -> str:
    """Return what is on disk once everything is saved."""
    assert page.shell.document.texts.save_all()
    return page.shell.document.texts.file(leaf).read_text(encoding="utf-8")


def press(widget: QWidget, name: str) -> None:
    """Press the button of this text or accessible name, as a person would find it."""
    found = [
        each
        for kind in (QPushButton, QToolButton)
        for each in widget.findChildren(kind)
        if name in (each.text(), each.accessibleName()) and each.isVisible()
    ]
    assert found, f"no button {name}"
    assert isinstance(found[0], QPushButton | QToolButton)
    found[0].click()


def field_text(page: TaxonomyPage, *where: str | int) -> str:
    return page.editor.form.fields[where].edit.words


def test_a_field_changes_only_its_own_lines(page: TaxonomyPage) -> None:
    before = saved(page, SKILL)
    field = page.editor.form.fields["seed_examples", 0, "answer"].edit
    field.setFocus()
    QTest.keyClick(field, Key.Key_End, Ctrl)
    QTest.keyClicks(field, " now")
    old, new = before.splitlines(), saved(page, SKILL).splitlines()
    changed = [line for line, other in zip(old, new, strict=True) if line != other]
    assert [line.strip() for line in changed] == ["answer: 'Team: Billing | Reply within: 4 hours'"]
    assert "4 hours now" in page.editor.source.words
    page.shell.do("undo")
    assert saved(page, SKILL) == before
    assert field_text(page, "seed_examples", 0, "answer") == "Team: Billing | Reply within: 4 hours"
    page.shell.do("redo")
    assert "4 hours now" in saved(page, SKILL)


def test_typing_in_the_source_shows_in_the_form_and_keeps_every_comment(page: TaxonomyPage, qtbot: QtBot) -> None:
    source = page.editor.source
    source.go_to(1)
    QTest.keyClicks(source, "# mine")
    QTest.keyClick(source, Key.Key_Return)
    source.go_to(3, len("created_by: ") + 1)
    QTest.keyClicks(source, "me-and-")
    qtbot.waitUntil(lambda: field_text(page, "created_by") == "me-and-espalier-app", timeout=LONG)
    text = saved(page, SKILL)
    assert text.startswith("# mine\nversion: 3\ncreated_by: me-and-espalier-app\n")


def test_no_break_spaces_and_line_ends_are_kept(page: TaxonomyPage, qtbot: QtBot) -> None:
    document = page.shell.document
    text = document.texts.text(SKILL).replace("Sort a customer", "Ne\u202fsort\u00a0: a customer").replace("\n", "\r\n")
    document.edit(SKILL, text, "Edit")
    source = page.editor.source
    source.go_to(2, len("created_by: ") + 1)
    QTest.keyClicks(source, "x")
    assert document.texts.save_all()
    assert document.texts.file(SKILL).read_bytes().decode() == text.replace("created_by: ", "created_by: x")


def test_a_syntax_error_takes_the_form_away_and_names_the_line(page: TaxonomyPage, qtbot: QtBot) -> None:
    source = page.editor.source
    source.go_to(2, len("created_by: ") + 1)
    QTest.keyClicks(source, "a: b: ")
    qtbot.waitUntil(lambda: not page.editor.form.fields, timeout=LONG)
    (problem,) = page.editor.form._top.problems
    assert problem.line == 2
    (mark,) = source.extraSelections()
    assert mark.format.underlineStyle() is QTextCharFormat.UnderlineStyle.WaveUnderline
    press(page.editor.form, "Fix")
    assert field_text(page, "created_by").startswith("a: b: ")


def test_seed_examples_are_added_moved_and_removed(page: TaxonomyPage) -> None:
    def seeds() -> list[dict[str, str]]:
        found: list[dict[str, str]] = yaml.safe_load(saved(page, SKILL))["seed_examples"]
        return found

    before = seeds()
    press(page.editor.form, "Move seed example 1 down")
    assert seeds() == [before[1], before[0], *before[2:]]
    press(page.editor.form, "Remove seed example 2")
    assert seeds() == [before[1], *before[2:]]
    press(page.editor.form, "Add Seed Example")
    last = len(before) - 1
    assert page.editor.form.fields["seed_examples", last, "question"].edit.hasFocus()
    QTest.keyClicks(page.editor.form.fields["seed_examples", last, "question"].edit, "Why?")
    assert seeds()[-1] == {"question": "Why?", "answer": ""}
    assert [problem.code for problem in page.editor.form.fields["seed_examples", last, "answer"].problems.problems] == [
        "empty-text"
    ]
    for _ in range(4):
        page.shell.do("undo")
    assert seeds() == before


def test_a_new_leaf_is_begun_filled_and_accepted(page: TaxonomyPage, window: MainWindow) -> None:
    window.do("new_leaf")
    sheet = page.findChildren(NewLeafSheet)[0]
    assert not sheet.confirm.isEnabled()
    QTest.keyClicks(sheet.name, "Polite Refusals")
    QTest.keyClicks(sheet.description, "Say no, and keep the friend.")
    assert sheet.note.text() == "It becomes compositional_skills/writing/polite_refusals."
    sheet.confirm.click()
    leaf = "compositional_skills/writing/polite_refusals"
    assert page.chosen == leaf
    assert page.editor.title.text() == "Polite refusals"
    for number in range(5):
        press(page.editor.form, "Add Seed Example")
        for key in ("question", "answer"):
            QTest.keyClicks(page.editor.form.fields["seed_examples", number, key].edit, f"{key} {number}")
    page.editor.form.give()
    page.editor.check()
    text = saved(page, leaf)
    assert not examine_text(text, page.shell.document.texts.file(leaf)).errors
    for _ in range(40):
        window.do("undo")
    assert not page.shell.document.texts.file(leaf).exists()


@pytest.mark.parametrize("kind", ["skill", "grounded skill", "knowledge"])
def test_a_new_leaf_lacks_only_what_the_person_has_to_say(kind: Kind) -> None:
    folder = "knowledge" if kind == "knowledge" else "compositional_skills"
    text = blank_leaf(kind, "About: this", "me", "science")
    found = examine_text(text, Path(folder, "a", "qna.yaml"))
    assert {problem.code for problem in found.errors} <= {"too-few", "empty-text"}
    hints = [problem.code for problem in found.problems if not problem.is_error]
    assert hints == (["local-documents"] if kind == "knowledge" else [])


def test_a_leaf_is_renamed_in_place_with_return(page: TaxonomyPage, qtbot: QtBot) -> None:
    page.tree.setFocus()
    QTest.keyClick(page.tree, Key.Key_Return)
    editor = page.tree.findChildren(QLineEdit)[0]
    editor.selectAll()
    QTest.keyClicks(editor, "Mail Triage")
    QTest.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: page.chosen == "compositional_skills/writing/mail_triage", timeout=LONG)
    assert page.editor.path == page.chosen
    page.shell.do("undo")
    assert page.chosen == SKILL


def test_a_leaf_is_duplicated_and_deleted_and_comes_back(page: TaxonomyPage, window: MainWindow) -> None:
    window.do("duplicate_leaf")
    assert page.chosen == f"{SKILL}_2"
    window.do("delete_leaf")
    assert not (page.shell.document.root / "taxonomy" / f"{SKILL}_2").exists()
    assert page.chosen == "compositional_skills/writing"
    press(window, "Undo")
    assert page.chosen == f"{SKILL}_2"
    assert (page.shell.document.root / "taxonomy" / f"{SKILL}_2").exists()


def test_a_new_leaf_at_the_place_of_a_deleted_one_shows_its_own_text(page: TaxonomyPage, window: MainWindow) -> None:
    window.do("delete_leaf")
    window.document.create_leaf(SKILL, blank_leaf("skill", "Something else", "me"))
    assert page._go_on(SKILL)
    assert field_text(page, "task_description") == "Something else"
    assert "Something else" in page.editor.source.words


def test_the_filter_and_go_to_leaf_find_a_leaf(page: TaxonomyPage, window: MainWindow) -> None:
    QTest.keyClicks(page.filter, "wheel")
    assert not page.tree.choose(SKILL)
    window.do("go_to_leaf")
    dialog = page.findChildren(GoToLeaf)[0]
    QTest.keyClicks(dialog.field, "triage")
    QTest.keyClick(dialog.field, Key.Key_Return)
    assert page.chosen == SKILL
    assert page.filter.text() == ""


def test_a_leaf_is_dragged_into_another_branch(page: TaxonomyPage) -> None:
    page.shell.document.create_branch("compositional_skills/other")
    page.tree.choose(SKILL)
    data = page.model.mimeData([page.model.index_of(SKILL)])
    move, left, none = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    viewport = page.tree.viewport()
    page.tree.setDragDropMode(QTreeView.DragDropMode.DragDrop)  # events that a test makes come from no widget
    for branch, is_taken in (("knowledge/engineering", False), ("compositional_skills/other", True)):
        place = page.tree.visualRect(page.model.index_of(branch)).center()
        over = QDragEnterEvent(place, move, data, left, none)
        QApplication.sendEvent(viewport, over)
        at = QDragMoveEvent(place, move, data, left, none)
        QApplication.sendEvent(viewport, at)
        assert at.isAccepted() is is_taken, branch
    QApplication.sendEvent(viewport, QDropEvent(QPointF(place), move, data, left, none))
    assert page.chosen == page.editor.path == "compositional_skills/other/support_triage"


def test_the_problems_are_listed_gone_to_and_mended_at_once(fresh_root: Path, open_window: Open, qtbot: QtBot) -> None:
    spoil(fresh_root)
    file = fresh_root / "taxonomy" / SKILL / "qna.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("version: 3", "version: 3   "), encoding="utf-8")
    window = open_window(fresh_root)
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    assert page.editor.path == SKILL
    assert "5 errors" in page.problems.text()
    assert page.problems.property("role") == "link error"
    assert not page.problems.icon().isNull()  # not by its colour alone
    page.problems.click()
    popover = page.findChildren(ProblemsPopover)[0]
    texts = [popover.list.item(row).text() for row in range(popover.list.count())]
    row = next(row for row, text in enumerate(texts) if "seed_examples" in text)
    place = popover.list.visualItemRect(popover.list.item(row)).center()
    QTest.mouseClick(popover.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.chosen == OPTICS
    window.do("problems")
    press(page.findChildren(ProblemsPopover)[-1], "Fix All Safe Ones")
    qtbot.waitUntil(lambda: "version: 3\n" in page.shell.document.texts.text(SKILL), timeout=LONG)
    window.do("undo")
    assert "version: 3   \n" in page.shell.document.texts.text(SKILL)


def test_a_problem_stands_beside_its_field(fresh_root: Path, open_window: Open) -> None:
    spoil(fresh_root)
    window = open_window(fresh_root)
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    assert page.editor.path == OPTICS
    (problem,) = page.editor.form.fields["document_outline",].problems.problems
    assert problem.code == "missing-key"
    QTest.keyClicks(page.editor.form.fields["document_outline",].edit, "Light")
    page.editor.form.give()
    page.editor.check()
    assert not page.editor.form.fields["document_outline",].problems.problems
    press(page.editor.form, "Add Seed Example")
    assert len(page.editor.view.seeds) == 1  # type: ignore[union-attr]
    QTest.keyClicks(page.editor.form.fields["document", "repo"].edit, "https://example.org/optics")
    assert yaml.safe_load(saved(page, OPTICS))["document"]["repo"] == "https://example.org/optics"


def test_a_leaf_that_is_no_text_says_so(fresh_root: Path, open_window: Open) -> None:
    (fresh_root / "taxonomy" / SKILL / "qna.yaml").write_bytes(b"version: \xff\n")
    window = open_window(fresh_root)
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    page.tree.choose(SKILL)
    assert not page.editor.source.isEnabled()
    assert "not UTF-8" in page.editor.form._top.problems[0].message


def test_undo_in_a_field_is_the_windows_undo(page: TaxonomyPage, window: MainWindow) -> None:
    window.activateWindow()
    field = page.editor.form.fields["created_by",].edit
    field.setFocus()
    QTest.keyClicks(field, "X")
    page.editor.form.give()
    assert window.document.undo.undoText() == "Typing"
    QTest.keyClick(field, Key.Key_Z, Ctrl)
    assert not window.document.undo.canUndo()


def test_a_narrow_window_shows_one_view_at_a_time(page: TaxonomyPage, window: MainWindow, qapp: QApplication) -> None:
    assert page.editor.form.isVisible()
    assert page.editor.source.isVisible()
    window.resize(1100, 700)
    qapp.processEvents()
    assert not page.editor.source.isVisible()
    window.do("source")
    assert page.editor.source.isVisible()
    assert not page.editor.form.isVisible()
    window.do("source")
    assert page.editor.form.isVisible()


def test_the_source_indents_without_catching_the_keyboard(page: TaxonomyPage) -> None:
    source = page.editor.source
    source.go_to(2)
    QTest.keyClick(source, Key.Key_BracketRight, Ctrl)
    assert source.words.split("\n")[1].startswith("  created_by")
    QTest.keyClick(source, Key.Key_BracketLeft, Ctrl)
    assert source.words.split("\n")[1].startswith("created_by")
    QTest.mouseClick(source.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 10))
    QTest.keyClick(source, Key.Key_Tab)
    assert not source.hasFocus()


def test_keys_are_offered_where_they_may_stand(page: TaxonomyPage, qtbot: QtBot) -> None:
    source = page.editor.source
    for line, column, folder, keys in [
        (1, 1, "knowledge", "version created_by domain document_outline seed_examples document"),
        (8, 5, "compositional_skills", "context question answer"),
        (9, 5, "knowledge", "context questions_and_answers"),
        (4, 5, "knowledge", ""),  # inside the text of the description
    ]:
        source.go_to(line, column)
        assert sorted(keys_at(source.textCursor(), folder)) == sorted(keys.split()), (line, folder)  # type: ignore[arg-type]
    source.go_to(1)
    QTest.keyClick(source, Key.Key_Return)
    source.go_to(1)
    QTest.keyClicks(source, "cre")
    popup = next(
        each for each in QApplication.topLevelWidgets() if each.accessibleName() == "Keys" and each.isVisible()
    )
    QTest.keyClick(popup, Key.Key_Return)
    assert source.words.startswith("created_by: \nversion: 3")


PROGRAM = """
import os, sys
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from espalier_desktop import app, desk

def drive():
    try:
        edit()
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(3)

def edit():
    window = next(iter(opened.windows.values()))
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    page = window.page
    page.tree.choose(os.environ["LEAF"])
    field = page.editor.form.fields["created_by",].edit
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_End)
    QTest.keyClicks(field, "-and-me")
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    opened.quit()

class Desk(desk.Desk):
    def __init__(self, application):
        super().__init__(application)
        global opened
        opened = self
        QTimer.singleShot(0, lambda: QTimer.singleShot(500, drive))

app.Desk = Desk
sys.exit(app.main())
"""


def test_the_real_program_edits_a_leaf_and_saves_it(fresh_root: Path) -> None:
    file = fresh_root / "taxonomy" / WHEEL / "qna.yaml"
    before = file.read_text(encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, str(fresh_root)]
    environment = {**os.environ, "LEAF": WHEEL}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert file.read_text(encoding="utf-8") == before.replace("espalier-app\n", "espalier-app-and-me\n", 1)


def test_form_and_source_both_have_room_when_they_come_back_side_by_side(page: TaxonomyPage, qtbot: QtBot) -> None:
    window = page.window()
    for width in (1100, 1400, 1100, 1280):
        window.resize(width, 800)
        qtbot.wait(1)
    page.editor.set_mode("documents")
    page.editor.set_mode("source")
    page.editor.set_mode("both")
    qtbot.wait(1)
    assert page.editor.source.isVisible()
    assert min(page.editor.panes.splitter.sizes()) > 200
