import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desktop.lived_in import review_some
from made_samples import sample, write_journal
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from espalier.files import read_lines
from espalier.project import open_project
from espalier.synthesis.calibration import rate, read_ratings
from espalier.synthesis.final import State
from espalier.synthesis.later import keep_explanation, later_path
from espalier.synthesis.reviews import Reviews, read_reviews, review
from espalier.synthesis.sample_table import SampleFile, SampleTable
from espalier.synthesis.samples_view import Filter, View
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.review.balance import BalancePane
from espalier_desktop.pages.review.page import ReviewPage
from espalier_desktop.pages.review.rating import RatingSheet, tell_agreement
from espalier_desktop.pages.review.rows_model import RowsModel
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000
Key = Qt.Key


@pytest.fixture
def root(lived_in_root: Path) -> Path:
    """A project with samples of every state."""
    review_some(open_project(lived_in_root))
    return lived_in_root


@pytest.fixture
def page(root: Path, open_window: Open, qtbot: QtBot) -> ReviewPage:
    return open_page(open_window(root), qtbot)


def open_page(window: MainWindow, qtbot: QtBot) -> ReviewPage:
    window.go("review")
    page = window.page
    assert isinstance(page, ReviewPage)
    store, document = page.store, page.shell.document
    qtbot.waitUntil(lambda: not (document.is_surveying or store.is_loading) and page.model.rowCount() > 0, timeout=LONG)
    window.activateWindow()
    page.table.setFocus()
    qtbot.waitUntil(window.isActiveWindow, timeout=LONG)  # keys of the menus reach no other window
    return page


def texts(page: ReviewPage, column: int) -> list[str]:
    return [str(page.model.index(row, column).data()) for row in range(page.model.rowCount())]


def choose(page: ReviewPage, wanted: Filter, row: int = 0) -> None:
    page.filter.choose(wanted)
    page.table.setCurrentIndex(page.model.index(row, 0))


def press(page: ReviewPage, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(page.table, key, modifier)


def sheet(window: QWidget) -> Sheet:
    return next(found for found in window.findChildren(Sheet) if found.isVisible())


def click(parent: QWidget, text: str) -> None:
    next(found for found in parent.findChildren(QPushButton) if found.text() == text).click()


def test_every_sample_is_in_the_table_with_its_state_and_what_decided(page: ReviewPage) -> None:
    assert page.model.rowCount() == len(page.store.view.table) > 50
    states = texts(page, 0)
    assert {"Accepted", "Rejected", "Kept", "Dropped", "Edited"} <= set(states)
    place = states.index("Rejected")
    assert texts(page, 4)[place].partition(" ")[0] in ("Round", "Fits", "Stands")
    counts = page.store.view.counts()
    assert page.list.summary.text().startswith(f"{counts['all']} samples · {counts['learned']} in training · ")


def test_the_model_keeps_qts_rules_through_filters_sorting_and_decisions(page: ReviewPage) -> None:
    model = RowsModel(page.store)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for wanted in (Filter(), Filter(kind="rejected"), Filter(text="wheel"), Filter(text="nowhere"), Filter()):
        model.show_rows(wanted)
    for column in range(5):
        model.sort(column, Qt.SortOrder.DescendingOrder)
    model.sort(-1)
    page.decide("drop")
    model.show_rows(Filter(kind="rejected"))
    assert tester


def test_one_hand_goes_through_the_queue_and_everything_can_be_undone(page: ReviewPage, root: Path) -> None:
    choose(page, Filter(kind="rejected"))
    before = page.model.rowCount()
    first, second = texts(page, 2)[:2]
    press(page, Key.Key_Y)
    assert page.model.rowCount() == before - 1
    assert str(page.table.currentIndex().siblingAtColumn(2).data()) == second
    press(page, Key.Key_Right)
    third = str(page.table.currentIndex().siblingAtColumn(2).data())
    press(page, Key.Key_Left)
    press(page, Key.Key_D)
    assert str(page.table.currentIndex().siblingAtColumn(2).data()) == third
    lines = read_lines(root / "reviews.jsonl")[-2:]
    assert [(line["decision"], line["asked"]) for line in lines] == [("keep", first), ("drop", second)]
    page.shell.do("undo")
    page.shell.do("undo")
    assert texts(page, 2)[:2] == [first, second]
    assert read_reviews(open_project(root)).about(page.store.finals([int(page.model.rows[0])])[0].drawn) is None
    page.shell.do("redo")
    assert page.model.rowCount() == before - 1


def test_a_decision_made_while_files_are_read_again_never_goes_out_of_sight(page: ReviewPage, qtbot: QtBot) -> None:
    choose(page, Filter(kind="rejected"))
    before = page.model.rowCount()
    journal = next(leaf.journal for leaf in page.shell.document.leaves.values() if leaf.journal)
    os.utime(page.shell.document.project.samples / journal, (1, 1))
    page.store.look()
    assert page.store.is_loading
    page.decide("keep")
    shown = [page.model.rowCount()]
    page.store.replaced.connect(lambda: shown.append(page.model.rowCount()))
    qtbot.waitUntil(lambda: not page.store.is_loading, timeout=LONG)
    assert shown == [before - 1] * 2


def test_several_rows_are_decided_at_once(page: ReviewPage) -> None:
    choose(page, Filter(kind="rejected"))
    before = page.model.rowCount()
    press(page, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    press(page, Key.Key_Y)
    assert page.model.rowCount() == before - 2
    assert page.shell.document.undo.undoText() == "Keep"


def test_a_sample_is_put_into_other_words(page: ReviewPage, root: Path) -> None:
    choose(page, Filter(kind="rejected", check="round trip"))
    asked = page.model.index(0, 2).data()
    press(page, Key.Key_E)
    assert page.reader.is_editing
    assert page.reader.question.words == asked
    page.reader.question.selectAll()
    QTest.keyClicks(page.reader.question, "Why does the Falkirk Wheel turn?")
    click(page.reader, "Save")
    page.filter.choose(Filter(text="why does the falkirk wheel turn"))
    assert texts(page, 0) == ["Edited"]
    assert "Before your edit" in page.reader.words.toPlainText()
    assert str(asked) in page.reader.words.toPlainText()
    window = page.window()
    assert isinstance(window, MainWindow)
    assert "other row" in window._toast.text.text()


def test_words_that_did_not_change_are_a_yes_and_empty_ones_are_not_taken(page: ReviewPage) -> None:
    choose(page, Filter(kind="rejected"))
    press(page, Key.Key_E)
    page.reader.answer.selectAll()
    QTest.keyClick(page.reader.answer, Key.Key_Delete)
    page.reader.save.click()
    assert page.reader.is_editing
    page.reader.cancel.click()
    assert not page.reader.is_editing
    press(page, Key.Key_E)
    page.reader.save.click()
    assert page.shell.document.undo.undoText() == "Keep"


def test_words_being_typed_outlive_what_comes_in_and_are_kept_when_the_person_goes_on(
    page: ReviewPage, root: Path
) -> None:
    choose(page, Filter(kind="learned"))
    press(page, Qt.Key.Key_E)
    edited = page.list.shown
    page.reader.question.selectAll()
    QTest.keyClicks(page.reader.question, "Who drew it?")
    page.store.replaced.emit()  # a job wrote new rows
    page.shell.document.status_changed.emit()
    assert page.reader.is_editing
    assert page.reader.question.words == "Who drew it?"
    page.table.setCurrentIndex(page.model.index(2, 0))
    assert not page.reader.is_editing
    assert edited
    found = read_reviews(open_project(root)).about(edited.drawn)
    assert found
    assert (found.decision, found.question) == ("edit", "Who drew it?")
    assert page.model.place_of(page.list.current) == 2


def test_a_yes_to_ones_own_words_leaves_them_and_goes_on(page: ReviewPage, root: Path) -> None:
    choose(page, Filter(kind="edited"))
    edited = page.list.shown
    page.filter.reset()
    choose_row = page.model.place_of(page.list.current)
    press(page, Qt.Key.Key_Y)
    assert edited
    found = read_reviews(open_project(root)).about(edited.drawn)
    assert found
    assert found.decision == "edit"
    assert page.model.place_of(page.list.current) == choose_row + 1


def test_letters_typed_into_a_field_decide_nothing(page: ReviewPage, root: Path) -> None:
    before = (root / "reviews.jsonl").read_text()
    page.filter.text.setFocus()
    QTest.keyClicks(page.filter.text, "ydre")
    assert page.filter.text.text() == "ydre"
    assert (root / "reviews.jsonl").read_text() == before
    page.shell.go("overview")
    QTest.keyClicks(page.window(), "yd")
    assert (root / "reviews.jsonl").read_text() == before


def test_the_sample_stands_beside_its_passage_with_the_sentence_marked(page: ReviewPage) -> None:
    choose(page, Filter(leaf="knowledge/engineering/falkirk_wheel", kind="learned", check="round trip"), 4)
    shown = page.store.finals([int(page.model.rows[page.table.currentIndex().row()])])[0]
    text = page.reader.passage.toPlainText()
    assert shown.drawn.source
    assert " ".join(shown.drawn.source.split()[:4]) in " ".join(text.replace("*", "").split())
    checks = page.reader.checks.toPlainText()
    assert all(check.reason in checks for check in shown.sample.verdict)
    assert "at least 0.30" in checks


def test_the_filter_finds_as_one_types_and_says_when_nothing_is_there(page: ReviewPage, qtbot: QtBot) -> None:
    every = page.model.rowCount()
    QTest.keyClicks(page.filter.text, "Which Union")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    assert texts(page, 2) == ["Which union does the wheel join?"]
    assert page.list.summary.text().startswith(f"1 of {every} samples")
    page.filter.text.setText("zzz")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0)
    click(page, "Clear Filter")
    assert page.model.rowCount() == every


def test_a_range_of_scores_is_offered_for_a_check_that_has_scores(page: ReviewPage, qtbot: QtBot) -> None:
    field = page.filter.check
    field.setCurrentIndex(field.findData("round trip"))
    field.activated.emit(field.currentIndex())
    assert page.filter.range.isVisible()
    page.filter.low.setValue(0.6)
    qtbot.waitUntil(lambda: "Accepted" in texts(page, 0) and "Rejected" not in texts(page, 0))
    field.setCurrentIndex(field.findData("form"))
    field.activated.emit(field.currentIndex())
    assert not page.filter.range.isVisible()


def test_a_threshold_shows_its_effect_before_it_is_applied_and_can_be_undone(
    page: ReviewPage, root: Path, qtbot: QtBot
) -> None:
    page.panes.segments.buttons["thresholds"].click()
    slider, field = page.thresholds.sliders["round trip"], page.thresholds.fields["round trip"]
    learned = page.store.view.counts()["learned"]
    slider.setFocus()
    for _ in range(60):
        QTest.keyClick(slider, Key.Key_Right)
    assert field.value() > 0.4
    turned = int(page.panes._effect().turned.sum())
    assert turned > 0
    assert page.thresholds.effects["round trip"].text() == f"+0  −{turned}"
    assert f"{turned} would be turned away" in page.thresholds.sentence.text()
    click(page.thresholds, "Show These Rows")
    assert page.model.rowCount() == turned
    assert not open_project(root).thresholds
    value = field.value()
    click(page.thresholds, "Apply")
    assert open_project(root).thresholds == {"round trip": value}
    assert page.store.view.counts()["learned"] == learned - turned
    assert not page.thresholds.draft
    page.shell.do("undo")
    assert not open_project(root).thresholds
    assert page.store.view.counts()["learned"] == learned
    assert abs(field.value() - 0.3) < 0.01


def test_rated_rows_tell_how_far_the_critic_agrees_and_offer_thresholds(page: ReviewPage, root: Path) -> None:
    page.panes.show_pane("thresholds")
    click(page.thresholds, "Rate 20 Rows…")
    asked = sheet(page.window())
    assert isinstance(asked, RatingSheet)
    assert asked.progress.text() == "1 of 20"
    while asked.isVisible():
        if not asked.question.text().startswith("Why is it so"):
            QTest.keyClick(asked, Key.Key_Y)
        else:
            asked.no.click()
    told = sheet(page.window())
    assert told.sentence.text().startswith("The critic agrees with you on 100 % of 20 rows.")
    assert len(read_ratings(root / "ratings.jsonl")) == 20


def test_thresholds_that_agree_better_are_tried_or_used_with_one_click(page: ReviewPage, root: Path) -> None:
    rows = [each for each in page.store.finals(range(page.model.rowCount())) if each.state is State.ACCEPTED]
    for each in rows:
        trip = next((check.score for check in each.sample.verdict if check.name == "round trip"), None)
        rate(root / "ratings.jsonl", each.drawn, (trip or 0) > 0.6)
    page.panes.show_pane("thresholds")
    samples = [each.sample for each in rows]
    ratings = read_ratings(root / "ratings.jsonl")
    for choice in ("Try First", "Use These Thresholds"):
        told = tell_agreement(page.window(), samples, ratings, page.thresholds.try_thresholds, page._use_thresholds)
        told.open()
        click(told, choice)
        if choice == "Try First":
            assert page.thresholds.draft["round trip"] == pytest.approx(0.61, abs=0.02)
            assert "round trip" not in page.shell.document.project.thresholds
    assert page.shell.document.project.thresholds["round trip"] == pytest.approx(0.61, abs=0.02)
    assert page.thresholds.draft == {}
    page.shell.document.take_back()
    assert "round trip" not in page.shell.document.project.thresholds


def test_a_draft_can_be_taken_back(page: ReviewPage) -> None:
    page.panes.show_pane("thresholds")
    page.thresholds.fields["round trip"].setValue(0.5)
    assert page.thresholds.apply.isEnabled()
    page.thresholds.reset.click()
    assert not page.thresholds.draft
    assert not page.thresholds.apply.isEnabled()


def test_a_group_of_rejections_is_seen_and_decided_with_one_action(page: ReviewPage, qtbot: QtBot) -> None:
    page.panes.segments.buttons["groups"].click()
    groups = dict(page.store.view.groups())
    page.panes.groups.list.setFocus()
    page.panes.groups.list.setCurrentIndex(page.panes.groups.list.model().index(0, 0))
    check, count = next(iter(groups.items()))
    assert page.model.rowCount() == count
    assert set(texts(page, 0)) == {"Rejected"}
    click(page.panes.groups, "Keep All")
    assert check not in dict(page.store.view.groups())
    window = page.window()
    assert isinstance(window, MainWindow)
    window._toast.action.click()
    assert dict(page.store.view.groups())[check] == count


def test_balance_names_what_is_short_and_leads_to_its_rows(page: ReviewPage) -> None:
    page.panes.segments.buttons["balance"].click()
    page.panes.balance.leaves.setCurrentIndex(page.panes.balance.leaves.model().index(0, 0))
    leaf = page.panes.balance.leaves.current
    assert {str(page.model.index(row, 1).data()) for row in range(page.model.rowCount())}
    assert page.filter.wanted.leaf == leaf
    page.panes.balance.sources.setCurrentIndex(page.panes.balance.sources.model().index(0, 0))
    assert page.filter.wanted.source == page.panes.balance.sources.current
    page.filter.reset()
    assert page.panes.balance.leaves.current == ""


def test_balance_tells_of_branches_and_a_branch_leads_to_the_rows_below_it(tmp_path: Path, qapp: QApplication) -> None:
    paths = ("knowledge/arts/a", "knowledge/arts/b", "knowledge/c")
    rows = [sample(number, leaf=path) for number, path in enumerate(paths)]
    write_journal(tmp_path / "a.jsonl", rows)
    table = SampleTable([SampleFile(tmp_path / "a.jsonl")], Reviews(tmp_path / "reviews.jsonl"))
    assert list(table.load())
    pane, wanted = BalancePane(), list[tuple[str, str]]()
    pane.wanted.connect(lambda leaf, source: wanted.append((leaf, source)))
    pane.show_view(View(table))
    model = pane.leaves.model()
    names = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    assert names == ["Knowledge / arts · 2 leaves", "A", "B", "C"]
    pane.leaves.setCurrentIndex(model.index(0, 0))
    assert wanted == [("knowledge/arts", "")]
    assert "Choose a leaf" in pane.source_sentence.text()


def test_a_suggestion_is_used_or_dismissed(page: ReviewPage) -> None:
    choose(page, Filter(kind="suggested"))
    assert "How does the wheel turn" in page.reader.words.toPlainText()
    click(page.reader, "Use Suggestion")
    assert not page.store.view.counts()["suggested"]
    page.filter.choose(Filter(kind="edited"))
    assert "How does the wheel turn with so little power?" in texts(page, 2)
    page.shell.do("undo")
    choose(page, Filter(kind="suggested"))
    click(page.reader, "Dismiss")
    assert not page.store.view.counts()["suggested"]


def test_the_teacher_is_asked_for_other_words_and_what_it_writes_appears(
    page: ReviewPage, root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("done")
    choose(page, Filter(kind="rejected", check="stands alone"))
    drawn = page.store.finals([int(page.model.rows[0])])[0].drawn
    press(page, Key.Key_R)
    job = page.shell.jobs.current
    assert job
    assert job.request.command == "suggest"
    assert job.request.arguments["leaf"] == drawn.leaf
    assert job.request.arguments["keys"] == [drawn.key]
    read_reviews(open_project(root)).add([review(drawn, "suggest", "What is new?", "This.", "teacher")])
    qtbot.waitUntil(lambda: page.shell.jobs.current is None, timeout=LONG)
    choose(page, Filter(kind="suggested", check="stands alone"))
    assert "What is new?" in page.reader.words.toPlainText()


def test_the_teacher_is_asked_to_rewrite_a_group_like_the_edit(
    page: ReviewPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("done")
    choose(page, Filter(kind="rejected", check="fits its fact"))
    example = page.store.finals([int(page.model.rows[0])])[0].drawn
    page.edit()
    page.reader.question.show_words("Why is it so, exactly?")
    page.reader.save.click()
    page.panes.show_pane("groups")
    names = [name for name, _ in page.store.view.groups()]
    page.panes.groups.list.setCurrentIndex(page.panes.groups.list.model().index(names.index("fits its fact"), 0))
    click(page.panes.groups, "Rewrite Like My Edit")
    job = page.shell.jobs.current
    assert job
    assert job.request.arguments["like"] == example.key
    assert example.key not in job.request.arguments["keys"]
    qtbot.waitUntil(lambda: page.shell.jobs.current is None, timeout=LONG)


def test_a_persons_own_rows_are_imported_and_lines_that_are_none_are_told(
    page: ReviewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    mine = tmp_path / "own.jsonl"
    mine.write_text('{"prompt": "Who painted my boat?", "completion": "My aunt did."}\nbroken\n')
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(mine), ""))
    page.bring.click()
    asked = sheet(page.window())
    assert "own.jsonl" in asked.sentence.text()
    click(asked, "Import")
    asked.deleteLater()
    qtbot.waitUntil(lambda: any(found.isVisible() for found in page.window().findChildren(Sheet)), timeout=LONG)
    told = sheet(page.window())
    assert told.line.text() == "1 row imported: 1 in training."
    assert "Line 2: It is no JSON object." in told.sentence.text()
    told.accept()
    qtbot.waitUntil(lambda: not page.store.is_loading)
    page.filter.choose(Filter(text="painted my boat"))
    assert texts(page, 0) == ["Accepted"]


def test_rows_are_exported_from_a_sheet(
    page: ReviewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    target = tmp_path / "out.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    page.take.click()
    click(sheet(page.window()), "Export…")
    qtbot.waitUntil(lambda: target.exists() and not page.transfer.is_running, timeout=LONG)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(rows) == page.store.view.counts()["learned"]
    assert list(rows[0]) == ["id", "messages", "metadata", "unmask"]


def test_rows_that_are_asked_for_while_others_are_on_their_way_come_after_them(
    page: ReviewPage, tmp_path: Path, qtbot: QtBot
) -> None:
    wanted = [tmp_path / f"{form}.jsonl" for form in ("messages", "csv")]
    written: list[str] = []
    page.transfer.exported.connect(written.append)
    for file in wanted:
        page.transfer.take(file.stem, str(file))
    qtbot.waitUntil(lambda: len(written) == 2, timeout=LONG)
    assert written == [str(file) for file in wanted]
    assert all(file.read_text() for file in wanted)


def test_a_decision_that_cannot_be_written_is_told_and_changes_nothing(
    page: ReviewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    choose(page, Filter(kind="rejected"))
    before = page.model.rowCount()
    monkeypatch.setattr("espalier.synthesis.reviews.append_lines", refuse)
    press(page, Key.Key_Y)
    assert page.model.rowCount() == before
    assert "No space left on device" in sheet(page.window()).sentence.text()
    assert not page.shell.document.undo.canUndo()


def test_without_samples_the_page_says_what_to_do(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    window.go("review")
    page = window.page
    assert isinstance(page, ReviewPage)
    assert page.start.isVisible()
    assert not page.table.isVisible()
    press(page, Key.Key_Y)
    assert not window.document.undo.canUndo()


def test_the_commands_are_in_the_menu_and_letters_belong_to_this_page(page: ReviewPage) -> None:
    assert page.shell.commands["keep_sample"].isEnabled()
    choose(page, Filter(kind="rejected"))
    before = page.model.rowCount()
    page.shell.do("keep_sample")
    assert page.model.rowCount() == before - 1
    page.shell.do("next_sample")
    page.shell.go("overview")
    assert not page.shell.commands["keep_sample"].isEnabled()


def test_model_output_is_never_taken_for_html(page: ReviewPage, root: Path) -> None:
    shown = page.store.finals([0])[0]
    wild = "<b>bold</b><img src='file:///etc/passwd'>?"
    page._push("edit", [shown], [(wild, "<script>")])
    page.filter.reset()
    page.table.setCurrentIndex(page.model.index(page.model.place_of(0), 0))
    assert wild in page.reader.words.toPlainText()


def test_focus_comes_back_to_the_table_after_an_edit(page: ReviewPage, qapp: QApplication) -> None:
    choose(page, Filter(kind="learned"))
    press(page, Key.Key_E)
    assert qapp.focusWidget() is page.reader.question
    page.reader.cancel.click()
    assert qapp.focusWidget() is page.table


def test_the_bench_of_the_page_runs(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from espalier_desktop.pages.review.bench import measure_review\n"
        "print(len(measure_review(Path(sys.argv[1]), 600)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15


def test_the_judge_explains_a_check_when_it_is_asked_to(page: ReviewPage, fake_worker: Behave, qtbot: QtBot) -> None:
    fake_worker("done")
    choose(page, Filter(kind="rejected", check="round trip"))
    shown = page.store.finals([int(page.model.rows[0])])[0]
    assert page.reader.explain.text() == "Explain “Round trip”"
    page.reader.explain.click()
    job = page.shell.jobs.current
    assert job
    assert job.request.arguments["check"] == "round trip"
    journal = page.shell.document.project.samples / page.shell.document.leaves[shown.drawn.leaf].journal
    keep_explanation(later_path(journal), shown.drawn, "round trip", "It names another wheel.")
    qtbot.waitUntil(lambda: page.shell.jobs.current is None and not page.store.is_loading, timeout=LONG)
    qtbot.waitUntil(lambda: "It names another wheel." in page.reader.checks.toPlainText(), timeout=LONG)
    assert not page.reader.explain.isEnabled()
