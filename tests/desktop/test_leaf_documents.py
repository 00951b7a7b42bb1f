"""Documents of a knowledge leaf, contexts picked from them, its sources, and what the student knows already."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from desktop.lived_in import make_model
from desktop.test_accessibility import unnamed
from made_files import Words, docx, pdf, prose, word_paragraph
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from repositories import make_repository, run_git
from taxonomy_texts import MODES

from espalier.documents.chunks import chunks, token_counter
from espalier.models.folder import models_folder
from espalier.project import create, open_project, write_settings
from espalier.taxonomy import splice
from espalier.taxonomy.checker import examine_text
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.generate.page import GeneratePage
from espalier_desktop.pages.taxonomy.correct_sheet import CorrectSheet
from espalier_desktop.pages.taxonomy.fetch_sheet import FetchSheet
from espalier_desktop.pages.taxonomy.import_sheet import ImportSheet
from espalier_desktop.pages.taxonomy.license_edit import LicenseEdit
from espalier_desktop.pages.taxonomy.new_leaf import NewLeafSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.widgets.sheet import Sheet

WHEEL = "knowledge/engineering/falkirk_wheel"
SKILL = "compositional_skills/writing/support_triage"
LONG = 60_000
Key, Ctrl, Shift = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Open = Callable[[Path], MainWindow]


@pytest.fixture
def window(fresh_root: Path, open_window: Open) -> MainWindow:
    return prepared(open_window(fresh_root))


@pytest.fixture
def page(window: MainWindow) -> TaxonomyPage:
    assert isinstance(window.page, TaxonomyPage)
    return window.page


@pytest.fixture
def canal(tmp_path: Path) -> Path:
    """A PDF of two pages."""
    file = tmp_path / "canal.pdf"
    first = [Words(72, 720, "The Union Canal", 20, "Helvetica-Bold"), *prose(["The canal was opened in 1822."])]
    second = [Words(72, 720, "Its locks", 20, "Helvetica-Bold"), *prose(["Eleven locks joined the two canals."])]
    file.write_bytes(pdf([first, second]))
    return file


def prepared(window: MainWindow) -> MainWindow:
    window.resize(1280, 800)
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    page.tree.choose(WHEEL)
    return window


def press(widget: QWidget, name: str) -> None:
    found = [each for each in widget.findChildren(QPushButton) if each.text() == name and each.isVisible()]
    assert found, f"no button {name}"
    found[0].click()


def drop(widget: QWidget, *files: Path) -> bool:
    """Drop files on a widget, and return whether it took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(widget, over)
    if over.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    return over.isAccepted()


def add(page: TaxonomyPage, qtbot: QtBot, file: Path) -> ImportSheet:
    """Drop a file and wait until it was read."""
    assert drop(page.editor, file)
    sheet = page.editor.importer.sheet
    assert sheet
    wait_until_read(sheet, qtbot)
    return sheet


def wait_until_read(sheet: ImportSheet, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: sheet.is_ready, timeout=LONG)


def wait_for_sentence(sheet: ImportSheet, words: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: words in sheet._state.text(), timeout=LONG)


def titles(page: TaxonomyPage) -> list[str]:
    shown = page.editor.documents.list
    return [shown.item(row).text().split("\n")[0] for row in range(shown.count())]


def select(page: TaxonomyPage, words: str) -> None:
    """Select words in the reader with keys, as a person does without a mouse."""
    reader = page.editor.documents.reader
    start = reader.toPlainText().index(words)
    caret = reader.textCursor()
    caret.setPosition(start)
    reader.setTextCursor(caret)
    for _ in words:
        QTest.keyClick(reader, Key.Key_Right, Shift)


def test_a_dropped_pdf_is_compared_corrected_and_saved(
    page: TaxonomyPage, window: MainWindow, canal: Path, qtbot: QtBot
) -> None:
    folder = window.document.project.documents / WHEEL
    before = {file.name for file in folder.glob("*")}
    sheet = add(page, qtbot, canal)
    assert sheet.page == 0
    qtbot.waitUntil(lambda: not sheet.picture.pixmap().isNull(), timeout=LONG)
    first = sheet.picture.pixmap().toImage()
    sheet.next.click()
    assert sheet.place.text() == "Page 2 of 2"
    assert sheet.text.textCursor().block().text() == "# Its locks"
    qtbot.waitUntil(lambda: sheet.picture.pixmap().toImage() != first, timeout=LONG)
    QTest.keyClick(sheet.text, Key.Key_Home, Ctrl)
    assert sheet.page == 0
    QTest.keyClick(sheet.text, Key.Key_End)
    QTest.keyClicks(sheet.text, " in Scotland")
    QTest.keyClick(sheet.text, Key.Key_Down)
    QTest.keyClick(sheet.text, Key.Key_Z, Ctrl)
    assert "Scotland" not in sheet.text.words
    QTest.keyClick(sheet.text, Key.Key_Home, Ctrl)
    QTest.keyClick(sheet.text, Key.Key_End)
    QTest.keyClicks(sheet.text, " in Scotland")
    QTest.keyClick(sheet.text, Key.Key_End, Ctrl)
    assert sheet.page == 1, "the pages moved with the text that was typed before them"
    assert {file.name for file in folder.glob("*")} == before, "nothing is kept before it is saved"
    sheet.save.click()
    assert page.editor.importer.sheet is None
    assert page.editor.documents.current
    assert page.editor.documents.current.title == "canal.pdf"
    assert "2 pages" in page.editor.documents.list.currentItem().text()
    saved = (folder / "canal.md").read_text(encoding="utf-8")
    assert saved.startswith("# The Union Canal in Scotland\n")
    record = json.loads((folder / "canal.json").read_text(encoding="utf-8"))
    assert (record["name"], record["pages"], record["bytes"]) == ("canal.pdf", 2, canal.stat().st_size)
    window.do("undo")
    assert {file.name for file in folder.glob("*")} == before
    assert "canal.pdf" not in titles(page)
    window.do("redo")
    assert (folder / "canal.md").read_text(encoding="utf-8") == saved
    assert "canal.pdf" in titles(page)


def test_the_page_follows_the_text_that_is_in_sight(page: TaxonomyPage, tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "long.pdf"
    pages = ("Boats", "Locks", "Wheels", "Canals")
    texts = ([f"{name} have line {line} to themselves." for line in range(40)] for name in pages)
    file.write_bytes(pdf([prose([each for line in lines for each in (line, "")], top=760) for lines in texts]))
    sheet = add(page, qtbot, file)
    QTest.keyClick(sheet.text, Key.Key_End, Ctrl)
    assert sheet.page == 3
    bar = sheet.text.verticalScrollBar()
    bar.setValue(0)
    assert sheet.page == 0
    bar.setValue(bar.maximum())
    assert sheet.page == 3
    sheet.show_page(2)
    assert sheet.text.textCursor().block().text().startswith("Wheels have line 0")
    assert sheet.text.cursorRect().top() < sheet.text.fontMetrics().height(), "its text is at the top"
    sheet.reject()


def test_a_file_dropped_on_a_field_is_a_document_too(page: TaxonomyPage, canal: Path) -> None:
    field = page.editor.form.fields["domain",].edit
    words = field.words
    assert drop(field.viewport(), canal)
    assert field.words == words
    assert page.editor.importer.sheet
    page.editor.importer.sheet.reject()


def test_a_document_that_another_program_puts_there_is_shown(
    page: TaxonomyPage, window: MainWindow, qtbot: QtBot
) -> None:
    page.editor.set_mode("documents")
    (window.document.project.documents / WHEEL / "theirs.md").write_text("# Theirs\n", encoding="utf-8")
    qtbot.waitUntil(lambda: "theirs.md" in titles(page), timeout=LONG)


def test_several_files_come_one_after_the_other(
    page: TaxonomyPage, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, window: MainWindow
) -> None:
    (tmp_path / "wheel.docx").write_bytes(docx(word_paragraph("The wheel turns.")))
    (tmp_path / "notes.html").write_text("<h1>Notes</h1><p>It turns slowly.</p>")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    files = [str(tmp_path / name) for name in ("wheel.docx", "bad.pdf", "notes.html")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (files, ""))
    window.do("add_document")
    importer = page.editor.importer
    for name in ("wheel.docx", "bad.pdf", "notes.html"):
        sheet = importer.sheet
        assert sheet
        assert name in sheet.windowTitle()
        if name == "bad.pdf":
            wait_for_sentence(sheet, "damaged or not a PDF", qtbot)
            press(sheet, "Close")
            continue
        wait_until_read(sheet, qtbot)
        assert not sheet.next.isVisible(), "no pages without a PDF"
        sheet.save.click()
    assert importer.sheet is None
    assert titles(page) == ["falkirk_wheel.md", "notes.html", "wheel.docx"]


def test_corrections_are_not_lost_by_escape(page: TaxonomyPage, canal: Path, qtbot: QtBot) -> None:
    sheet = add(page, qtbot, canal)
    QTest.keyClicks(sheet.text, "Mine. ")
    QTest.keyClick(sheet, Key.Key_Escape)
    assert sheet.isVisible()
    (question,) = sheet.findChildren(Sheet)
    press(question, "Go On Correcting")
    assert sheet.text.words.startswith("Mine. ")
    QTest.keyClick(sheet, Key.Key_Escape)
    press(next(each for each in sheet.findChildren(Sheet) if each.isVisible()), "Leave It Out")
    assert page.editor.importer.sheet is None
    assert "canal.pdf" not in titles(page)


def test_a_reader_that_crashes_is_one_sentence(
    page: TaxonomyPage, canal: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert drop(page.editor, canal)
    sheet = page.editor.importer.sheet
    assert sheet
    wait_for_sentence(sheet, "makes its reader fail", qtbot)
    sheet.reject()


def test_a_skill_takes_no_document(page: TaxonomyPage, canal: Path) -> None:
    page.tree.choose(SKILL)
    assert not drop(page.editor, canal)
    assert not page.editor.panes.modes.buttons["documents"].isVisible()


def test_a_removed_document_comes_back(page: TaxonomyPage, window: MainWindow) -> None:
    file = window.document.project.documents / WHEEL / "falkirk_wheel.md"
    text = file.read_text(encoding="utf-8")
    page.editor.set_mode("documents")
    press(page.editor, "Remove Document")
    assert not file.exists()
    assert page.editor.documents.first.isVisible(), "the empty view says what to do"
    press(window, "Undo")
    assert file.read_text(encoding="utf-8") == text
    assert titles(page) == ["falkirk_wheel.md"]


def test_a_file_added_again_takes_the_place_of_its_earlier_import(
    page: TaxonomyPage, window: MainWindow, canal: Path, qtbot: QtBot
) -> None:
    add(page, qtbot, canal).save.click()
    assert window._toast.text.text() == "“canal.pdf” was added."
    canal.write_bytes(pdf([prose(["The canal has no locks on its way to Edinburgh."])]))
    add(page, qtbot, canal).save.click()
    assert window._toast.text.text() == "“canal.pdf” took the place of its earlier import."
    assert titles(page).count("canal.pdf") == 1
    assert "no locks" in page.editor.documents.reader.words
    window.do("undo")
    assert "opened in 1822" in (window.document.project.documents / WHEEL / "canal.md").read_text(encoding="utf-8")


def test_the_text_of_a_document_is_corrected_and_that_is_undone(page: TaxonomyPage, window: MainWindow) -> None:
    page.editor.set_mode("documents")
    file = window.document.project.documents / WHEEL / "falkirk_wheel.md"
    before = file.read_text(encoding="utf-8")
    press(page.editor.documents, "Correct Text…")
    sheet = QApplication.activeModalWidget()
    assert isinstance(sheet, CorrectSheet)
    assert not sheet.save.isEnabled(), "nothing was corrected yet"
    QTest.keyClicks(sheet.text, "Corrected. ")
    sheet.reject()
    asked = QApplication.activeModalWidget()
    assert isinstance(asked, Sheet), "what was typed is not lost by Escape"
    press(asked, "Go On Correcting")
    sheet.save.click()
    assert file.read_text(encoding="utf-8") == f"Corrected. {before}"
    assert page.editor.documents.reader.words.startswith("Corrected.")
    window.do("undo")
    assert file.read_text(encoding="utf-8") == before
    assert page.editor.documents.reader.words == before
    window.do("redo")
    assert file.read_text(encoding="utf-8").startswith("Corrected.")


def test_documents_come_from_the_repository_that_the_leaf_names(
    page: TaxonomyPage, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    files: dict[str, str | bytes] = {"docs/locks.md": "# Locks\n\nEleven locks.\n", "docs/picture.bin": b"no"}
    commit = make_repository(tmp_path / "canals", files)
    run_git(tmp_path / "canals", "config", "uploadpack.allowFilter", "true")
    text = window.document.texts.text(WHEEL)
    for where, value in ((("document", "repo"), f"file://{tmp_path / 'canals'}"), (("document", "commit"), commit)):
        text = splice.set_value(text, where, value)
    text = splice.set_value(text, ("document", "patterns", 0), "docs/*")
    window.document.edit(WHEEL, text, "Typing")
    page.editor.check()
    page.editor.set_mode("documents")
    assert not page.editor.documents.fetch.isVisible(), "there are documents"
    press(page.editor.documents, "Remove Document")
    press(page.editor.documents, "Fetch from the Leaf’s Repository")
    qtbot.waitUntil(lambda: window._toast.text.text() == "1 document fetched.", timeout=LONG)
    qtbot.waitUntil(lambda: titles(page) == ["locks.md"], timeout=LONG)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None, timeout=LONG)
    told = QApplication.activeModalWidget()
    assert isinstance(told, Sheet), "what was left out is said"
    assert ".bin" in told.sentence.text()
    press(told, "OK")
    assert "Eleven locks." in page.editor.documents.reader.words


def test_a_repository_that_cannot_be_reached_is_one_sentence_and_fetching_can_be_stopped(
    page: TaxonomyPage, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page.editor.set_mode("documents")
    press(page.editor.documents, "Remove Document")
    text = window.document.texts.text(WHEEL)
    window.document.edit(WHEEL, splice.set_value(text, ("document", "repo"), str(tmp_path / "none")), "Typing")
    page.editor.check()
    press(page.editor.documents, "Fetch from the Leaf’s Repository")
    sheet = QApplication.activeModalWidget()
    assert isinstance(sheet, FetchSheet)
    qtbot.waitUntil(sheet.note.isVisible, timeout=LONG)
    assert str(tmp_path / "none") in sheet.note.text()
    press(sheet, "Close")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/canals.git"
        window.document.edit(WHEEL, splice.set_value(text, ("document", "repo"), address), "Typing")
        page.editor.check()
        press(page.editor.documents, "Fetch from the Leaf’s Repository")
        sheet = QApplication.activeModalWidget()
        assert isinstance(sheet, FetchSheet)
        press(sheet, "Cancel")
        qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None, timeout=LONG)


def test_a_context_is_picked_for_the_seed_example_that_asked(page: TaxonomyPage, window: MainWindow) -> None:
    before = window.document.texts.text(WHEEL)
    press(page.editor.form.seeds.cards[1], "Pick from Document…")
    documents = page.editor.documents
    assert documents.isVisible()
    assert documents.context.seeds.currentIndex() == 1
    assert not documents.context.use.isEnabled()
    select(page, "The Falkirk Wheel is 35 metres high.")
    assert documents.context.counter.text() == "7 of 500 words"
    documents.context.use.click()
    assert page.editor.form.isVisible()
    field = page.editor.form.fields["seed_examples", 1, "context"].edit
    assert field.words == "The Falkirk Wheel is 35 metres high."
    assert field.hasFocus()
    seeds = yaml.safe_load(window.document.texts.text(WHEEL))["seed_examples"]
    assert seeds[1]["context"].strip() == "The Falkirk Wheel is 35 metres high."
    assert not page.editor.view.errors  # type: ignore[union-attr]
    window.do("undo")
    assert window.document.texts.text(WHEEL) == before


def test_a_context_begins_a_new_seed_example_and_a_long_one_is_told(page: TaxonomyPage, window: MainWindow) -> None:
    (window.document.project.documents / WHEEL / "long.md").write_text("word " * 600 + "\n", encoding="utf-8")
    page.editor.set_mode("documents")
    documents = page.editor.documents
    documents.choose_name("long.md")
    documents.reader.selectAll()
    assert documents.context.counter.text() == "600 of 500 words"
    assert documents.context.counter.property("role") == "warning"
    documents.choose_name("falkirk_wheel.md")
    select(page, "The Falkirk Wheel lifts boats by 24 metres.")
    assert documents.context.seeds.currentText() == "New seed example"
    documents.context.use.click()
    assert documents.isVisible(), "the next passage can be picked"
    seeds = yaml.safe_load(window.document.texts.text(WHEEL))["seed_examples"]
    assert len(seeds) == 6
    assert seeds[5]["context"] == "The Falkirk Wheel lifts boats by 24 metres."
    assert len(seeds[5]["questions_and_answers"]) == 3
    press(window, "Show")
    assert page.editor.form.fields["seed_examples", 5, "context"].edit.hasFocus()


def test_a_first_knowledge_leaf_is_ready_for_the_teacher_without_git(
    tmp_path: Path, open_window: Open, qtbot: QtBot
) -> None:
    make_model(models_folder().parent)
    create(tmp_path / "Canals")
    window = open_window(tmp_path / "Canals")
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    press(page, "New Leaf")
    [asked] = page.findChildren(NewLeafSheet)
    press(asked, "Knowledge")
    for edit, words in ((asked.name, "Union canal"), (asked.description, "Its course"), (asked.domain, "engineering")):
        QTest.keyClicks(edit, words)
    asked.confirm.click()
    assert page.chosen == "knowledge/union_canal"
    facts = [f"Lock {number} of the canal is {number} metres deep." for number in range(2, 7)]
    file = tmp_path / "canal.md"
    file.write_text(" ".join(facts), encoding="utf-8")
    add(page, qtbot, file).save.click()
    assert not page.editor.documents.fetch.isVisibleTo(page.editor.documents)
    for fact in facts:
        select(page, fact)
        page.editor.documents.context.use.click()
    page.editor.set_mode("form")
    form = page.editor.form
    for number in range(len(facts)):
        form.go_to(("seed_examples", number))
        for pair, ask in enumerate(("How", "Why", "When")):
            for key, words in (("question", f"{ask} is lock {number}?"), ("answer", f"{ask}ever, {number}.")):
                where = ("seed_examples", number, "questions_and_answers", pair, key)
                QTest.keyClicks(form.fields[where].edit, words)
                form.fields[where].give()
    page.editor.check()
    assert page.editor.view
    assert page.editor.view.errors == 0
    assert "before you contribute" in form.fields["document", "repo"].problems.problems[0].message
    for mode in MODES:
        text = window.document.texts.text(page.chosen)
        assert not examine_text(text, window.document.texts.file(page.chosen), mode).errors
    window.document.texts.save_all()
    window.go("generate")
    generate = window.page
    assert isinstance(generate, GeneratePage)
    qtbot.waitUntil(generate.head.plan.isEnabled, timeout=LONG)
    assert generate.model.chosen == ["knowledge/union_canal"]


def test_a_leaf_that_names_no_repository_is_kept_in_the_project_by_a_click(
    page: TaxonomyPage, window: MainWindow
) -> None:
    form = page.editor.form
    for key in ("repo", "commit"):
        form.go_to(("document", key))
        form.fields["document", key].edit.selectAll()
        QTest.keyClick(form.fields["document", key].edit, Key.Key_Delete)
    form.give()
    page.editor.check()
    assert page.editor.view
    assert page.editor.view.errors == 2
    press(form, "Keep in This Project")
    assert page.editor.view.errors == 0
    document = yaml.safe_load(window.document.texts.text(WHEEL))["document"]
    assert (document["repo"], document["commit"]) == ("local", "local")
    window.do("undo")
    assert page.editor.view.errors == 2


def test_chunks_have_the_tokens_of_the_student(
    fresh_root: Path, tiny_folder: Path, open_window: Open, qtbot: QtBot
) -> None:
    write_settings(replace(open_project(fresh_root), student=str(tiny_folder)))
    text = "# One\n\n" + "A short sentence stands here. " * 30 + "\n\n" + "endless" * 300 + "\n"
    (fresh_root / "documents" / WHEEL / "a.md").write_text(text, encoding="utf-8")
    page = prepared(open_window(fresh_root)).page
    assert isinstance(page, TaxonomyPage)
    page.editor.set_mode("documents")
    documents = page.editor.documents
    documents.choose_name("a.md")
    press(documents, "Chunks")
    model = documents.chunks.model()
    qtbot.waitUntil(lambda: model.rowCount() > 0, timeout=LONG)
    expected = chunks(text, token_counter(tiny_folder))
    shown = [str(model.index(row, 2).data()) for row in range(model.rowCount())]
    assert len(shown) == len(expected)
    assert [("▲" in each) for each in shown] == [bool(chunk.cut) or chunk.tokens > 500 for chunk in expected]
    assert any("▲" in each for each in shown)
    assert not all("▲" in each for each in shown)
    assert shown[0] == str(expected[0].tokens)
    documents.chunks.setCurrentIndex(model.index(1, 0))
    assert documents.reader.toPlainText() == expected[1].text


def test_without_the_students_tokenizer_tokens_are_said_to_be_estimates(page: TaxonomyPage, qtbot: QtBot) -> None:
    page.editor.set_mode("documents")
    documents = page.editor.documents
    press(documents, "Chunks")
    qtbot.waitUntil(lambda: documents.chunks.model().rowCount() > 0, timeout=LONG)
    assert "estimated" in documents.chunk_facts.text()
    assert str(documents.chunks.model().index(0, 2).data()).startswith("≈")


def test_sources_are_typed_into_a_form_and_other_lines_stay(page: TaxonomyPage, window: MainWindow) -> None:
    file = window.document.attribution_file(WHEEL)
    before = file.read_text(encoding="utf-8")
    form = page.editor.attribution
    fields = form.blocks[0].fields
    QTest.keyClick(fields["creators"].edit, Key.Key_End)
    QTest.keyClicks(fields["creators"].edit, " and me")
    window.document.texts.save_all()
    assert file.read_text(encoding="utf-8") == before.replace("contributors\n", "contributors and me\n")
    press(form, "Add Source")
    assert len(form.blocks) == 2
    assert form.blocks[1].fields["title"].edit.hasFocus()
    assert form.blocks[1].fields["title"].problem.text().startswith("Name the work")
    QTest.keyClicks(form.blocks[1].fields["link"].edit, "nowhere")
    form.give()
    assert "no address" in form.blocks[1].fields["link"].problem.text()
    licence = form.blocks[1].fields["license"].edit
    licence.setFocus()
    QTest.keyClicks(licence, "share alike 4")
    assert isinstance(licence, LicenseEdit)
    popup = licence.completer().popup()
    assert popup
    assert popup.isVisible()
    QTest.keyClick(popup, Key.Key_Down)
    QTest.keyClick(popup, Key.Key_Return)
    form.give()
    assert licence.text() == "CC-BY-SA-4.0"
    assert not form.blocks[1].fields["license"].problem.text()
    assert "License of the work: CC-BY-SA-4.0" in file.read_text(encoding="utf-8")
    for _ in range(10):
        window.do("undo")
    assert file.read_text(encoding="utf-8") == before
    assert len(form.blocks) == 1


def test_what_is_typed_into_several_fields_at_once_is_all_taken(page: TaxonomyPage, window: MainWindow) -> None:
    """As when the words are pasted faster than they are handed over."""
    form = page.editor.attribution
    press(form, "Add Source")
    for name, words in (("title", "Notes"), ("license", "CC-BY-4.0"), ("creators", "Ada")):
        edit = form.blocks[1].fields[name].edit
        assert isinstance(edit, QLineEdit)
        edit.setText(words)
    window.document.texts.save_all()
    written = window.document.attribution_file(WHEEL).read_text(encoding="utf-8")
    assert "Title of work: Notes" in written
    assert "License of the work: CC-BY-4.0" in written
    assert "Creator names: Ada" in written


def test_what_is_typed_is_on_disk_a_moment_after_the_last_key(
    page: TaxonomyPage, window: MainWindow, qtbot: QtBot
) -> None:
    edit = page.editor.attribution.blocks[0].fields["creators"].edit
    QTest.keyClick(edit, Key.Key_End)
    QTest.keyClicks(edit, " and me")
    file = window.document.attribution_file(WHEEL)
    qtbot.waitUntil(lambda: "contributors and me" in file.read_text(encoding="utf-8"))
    assert isinstance(edit, QLineEdit)
    assert edit.text().endswith(" and me")


def test_a_leaf_without_sources_gets_its_file_and_loses_it_by_undo(page: TaxonomyPage, window: MainWindow) -> None:
    file = window.document.attribution_file(WHEEL)
    file.unlink()
    page.editor.attribution.reload()
    assert not page.editor.attribution.blocks
    press(page.editor.attribution, "Add Source")
    assert file.exists()
    window.do("undo")
    assert not file.exists()


def test_sources_that_another_program_wrote_are_not_overwritten_by_undo(
    page: TaxonomyPage, window: MainWindow, qtbot: QtBot
) -> None:
    file = window.document.attribution_file(WHEEL)
    press(page.editor.attribution, "Remove Source")
    assert file.read_text(encoding="utf-8") == ""
    file.write_text("Title of work: Theirs\n", encoding="utf-8")
    with qtbot.waitSignal(window.document.failed) as failed:
        window.do("undo")
    assert "changed by another program" in failed.args[0]
    assert file.read_text(encoding="utf-8") == "Title of work: Theirs\n"


def test_the_student_is_asked_a_seed_question_on_the_spot(
    fresh_root: Path, tiny_folder: Path, open_window: Open, qtbot: QtBot
) -> None:
    write_settings(replace(open_project(fresh_root), student=str(tiny_folder)))
    page = prepared(open_window(fresh_root)).page
    assert isinstance(page, TaxonomyPage)
    card = page.editor.form.seeds.cards[0]
    press(card, "Does the Student Know This?")
    notes = list(card.notes.values())
    assert notes[0].verdict.text() == "Loading the student…"
    assert card.ask.text() == "Stop Asking"
    qtbot.waitUntil(lambda: card.ask.text() == "Does the Student Know This?", timeout=LONG)
    assert all(note.isVisible() and note.expected.isVisible() for note in notes)
    assert notes[0].verdict.text() == "The student does not know this yet, so it is worth teaching."
    assert notes[0].expected.text() == page.editor.form.fields[(*next(iter(card.notes)), "answer")].edit.words
    assert not (fresh_root / ".job.json").exists()


def test_a_question_waits_for_the_running_job_and_can_be_given_up(
    page: TaxonomyPage, window: MainWindow, fake_worker: Callable[[str], None], qtbot: QtBot
) -> None:
    fake_worker("wait")
    window.do("tune")
    qtbot.waitUntil(lambda: window.jobs.current is not None and window.jobs.current.stage is not None, timeout=LONG)
    card = page.editor.form.seeds.cards[0]
    card.ask.click()
    note = next(iter(card.notes.values()))
    assert note.verdict.text() == "Waiting until the running job is done…"
    assert len(window.jobs.jobs) == 2
    press(card, "Stop Asking")
    assert len(window.jobs.jobs) == 1
    assert not note.isVisible()
    window.jobs.stop()
    window.jobs.stop()
    qtbot.waitUntil(lambda: not window.jobs.jobs, timeout=LONG)


def test_a_missing_student_is_told_at_once(fresh_root: Path, open_window: Open) -> None:
    write_settings(replace(open_project(fresh_root), student="someone/else"))
    window = prepared(open_window(fresh_root))
    page = window.page
    assert isinstance(page, TaxonomyPage)
    window.do("ask_student")
    assert all(card.is_open for card in page.editor.form.seeds.cards)
    note = next(iter(page.editor.form.seeds.cards[4].notes.values()))
    assert note.verdict.text().startswith("someone/else is not on this Mac.")
    assert not window.jobs.jobs


def test_a_failure_of_the_worker_is_told_beside_the_question(
    page: TaxonomyPage, fake_worker: Callable[[str], None], qtbot: QtBot
) -> None:
    fake_worker("fail")
    card = page.editor.form.seeds.cards[0]
    card.ask.click()
    note = next(iter(card.notes.values()))
    qtbot.waitUntil(lambda: note.verdict.text() == "The disk is full. Make room and try again.", timeout=LONG)
    assert not page.window().findChildren(Sheet)


def test_every_control_has_a_name_and_none_catches_the_keyboard(
    page: TaxonomyPage, window: MainWindow, canal: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    window.activateWindow()
    page.editor.set_mode("documents")
    for view in ("Text", "Chunks"):
        press(page.editor.documents, view)
        assert not unnamed(window), view
        walk(window, qapp)
    press(page.editor.documents, "Text")
    page.editor.set_mode("form")
    press(page.editor.attribution, "Add Source")
    assert not unnamed(window)
    sheet = add(page, qtbot, canal)
    assert not unnamed(sheet)
    sheet.activateWindow()
    walk(sheet, qapp)
    sheet.reject()


def walk(window: QWidget, qapp: QApplication) -> None:
    """Go on by Tab until the first control comes again, and miss none on the way."""
    window.setFocus()
    QTest.keyClick(window, Key.Key_Tab)
    seen: list[QWidget] = []
    while (focus := qapp.focusWidget()) is not None and focus not in seen:
        seen.append(focus)
        QTest.keyClick(focus, Key.Key_Tab)
    assert focus is seen[0], f"caught at {focus}"
    inside = window if isinstance(window, QDialog) else window.findChild(TaxonomyPage)
    assert inside
    wanted = {
        each
        for each in inside.findChildren(QWidget)
        if each.isVisible()
        and each.isEnabled()
        and each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not each.focusProxy()
    }
    assert wanted <= set(seen)


def test_the_window_loads_no_tokenizer_for_its_documents() -> None:
    modules = "documents_view, import_sheet, chunk_table, attribution_form, student_note, editor"
    code = (
        f"from espalier_desktop.pages.taxonomy import {modules}; import sys; "
        "print([name for name in ('tokenizers', 'transformers', 'mlx', 'pypdfium2', 'mammoth') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr


def test_closing_the_window_ends_what_reads_a_document(
    page: TaxonomyPage, window: MainWindow, canal: Path, qtbot: QtBot
) -> None:
    assert drop(page.editor, canal)
    sheet = page.editor.importer.sheet
    assert sheet
    process = sheet._preview._process
    qtbot.waitUntil(lambda: process.processId() > 0, timeout=LONG)
    if not Path("/proc").is_dir():
        pytest.skip("only Linux lists processes as folders")
    reader = Path(f"/proc/{process.processId()}")
    folder = Path(sheet._preview._folder.name)
    assert reader.exists()
    window.close()
    assert not reader.exists()
    assert not folder.exists()
