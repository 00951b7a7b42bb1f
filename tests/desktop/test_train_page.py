"""The Train page through what a person does with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desktop.lived_in import spoil
from desktop.trained import QUESTIONS, record, write_record
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from espalier.files import append_lines
from espalier.power import SENTENCES, Need
from espalier.project import open_project
from espalier_desktop.jobs.job import JobState
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.train.page import TrainPage
from espalier_desktop.pages.train.probes_sheet import ProbesSheet
from espalier_desktop.pages.train.stop_sheet import StopSheet
from espalier_desktop.widgets.chart import Chart, Series, thinned, ticks

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000


@pytest.fixture
def open_page(open_window: Open, qtbot: QtBot) -> Callable[[Path], tuple[MainWindow, TrainPage]]:
    """Return a function that opens a project's Train page and waits until its run is read."""

    def open_(root: Path) -> tuple[MainWindow, TrainPage]:
        window = open_window(root)
        window.go("train")
        page = window.page
        assert isinstance(page, TrainPage)
        qtbot.waitUntil(lambda: not page.feed.is_reading, timeout=LONG)
        return window, page

    return open_


OpenPage = Callable[[Path], tuple[MainWindow, TrainPage]]


def run_of(root: Path) -> Path:
    return next((root / "runs").iterdir())


def unfinish(root: Path, done: int, kind: str = "learning") -> Path:
    """Make the project's run one that was stopped on its way."""
    run = run_of(root)
    for name in ("adapter", "model-4bit"):
        for file in (run / name).iterdir():
            file.unlink()
        (run / name).rmdir()
    (run / "report.json").unlink()
    (run / "checkpoint").mkdir()
    write_record(run, record(kind, done, 600))
    return run


def stop_sheet(qtbot: QtBot) -> StopSheet:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), StopSheet), timeout=LONG)
    found = QApplication.activeModalWidget()
    assert isinstance(found, StopSheet)
    return found


def test_nothing_is_trained_yet_and_training_can_begin(
    fresh_root: Path, open_page: OpenPage, fake_worker: Behave
) -> None:
    fake_worker("wait")
    window, page = open_page(fresh_root)
    assert page.empty.isVisible()
    assert not page.head.bar.isVisible()
    page.head.buttons["train"].click()
    assert window.jobs.current
    assert window.jobs.current.request.command == "train"
    assert page.head.line.text() == "Training begins soon"
    page.head.buttons["stop"].click()


def test_what_training_waits_for_is_said(
    fresh_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("hot")
    window, page = open_page(fresh_root)
    page.head.buttons["train"].click()
    qtbot.waitUntil(lambda: page.head.line.text() == "Training waits", timeout=LONG)
    assert page.head.sentence.text() == SENTENCES[Need.COOLING]
    page.head.buttons["stop"].click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)


def test_what_keeps_training_from_beginning_is_said(fresh_root: Path, open_page: OpenPage) -> None:
    spoil(fresh_root)
    _, page = open_page(fresh_root)
    train = page.head.buttons["train"]
    assert not train.isEnabled()
    assert train.toolTip() == page.head.sentence.text() == "Mend the leaves with errors first."


def test_a_reopened_window_shows_the_whole_run(lived_in_root: Path, open_page: OpenPage) -> None:
    write_record(run_of(lived_in_root), record("learning", 600, 600))
    window, page = open_page(lived_in_root)
    assert page.head.line.text() == "The student is trained"
    assert page.head.figures["updates"].value.text() == "600 of 600"
    assert page.head.figures["held_out"].value.text() == "0.732"
    assert page.head.figures["left"].value.text() == "8 min"
    names = [series.name for series in page.progress.chart.series]
    assert names == ["each update", "smoothed over about 12", "held-out rows"]
    assert len(page.progress.chart.series[2].xs) == 12
    assert page.progress.health_line.text() == "It has learned"
    assert "held-out rows 0.732 at update 600" in page.progress.chart.accessibleDescription()
    page.head.buttons["compare"].click()
    assert window.page.objectName() == "page"
    assert window.sidebar.chosen


def test_a_run_is_followed_while_its_record_grows(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("training")
    run = unfinish(lived_in_root, 120)
    window, page = open_page(lived_in_root)
    assert page.head.line.text() == "Paused after update 120"
    page.head.buttons["go on"].click()
    qtbot.waitUntil(lambda: page.head.line.text() == "The student is learning", timeout=LONG)
    assert page.head.figures["updates"].value.text() == "120 of 600"
    assert page.head.figures["left"].value.text() == "about 6 min left"
    assert page.progress.health_line.text() == "It is learning"
    more = [event for event in record("learning", 140, 600) if event.step > 120]
    append_lines(run / "events.jsonl", [{"event": type(event).__name__, **vars(event)} for event in more])
    qtbot.waitUntil(lambda: page.head.figures["updates"].value.text() == "140 of 600", timeout=LONG)
    assert page.head.bar.value() == 140
    assert "stop" in page.offers
    assert window.jobs.current
    window.jobs.current.stop()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)


def test_a_pause_says_what_it_does_and_training_goes_on_later(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("training")
    unfinish(lived_in_root, 120)
    window, page = open_page(lived_in_root)
    page.head.buttons["go on"].click()
    qtbot.waitUntil(lambda: page.head.line.text() == "The student is learning", timeout=LONG)
    qtbot.waitUntil(lambda: page.head.figures["updates"].value.text() == "120 of 600", timeout=LONG)
    page.head.buttons["stop"].click()
    sheet = stop_sheet(qtbot)
    assert sheet.sentence.text() == "120 of 600 updates are made. Choose what becomes of them."
    assert "continues exactly there" in sheet.pause.accessibleDescription()
    sheet.reject()
    assert window.jobs.current
    assert window.jobs.current.state is JobState.RUNNING
    page.head.buttons["stop"].click()
    stop_sheet(qtbot).pause.click()
    assert page.head.line.text() == "Pausing…"
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert window.jobs.latest["train"].state is JobState.STOPPED
    assert page.head.line.text() == "Paused after update 120"
    assert page.head.buttons["go on"].isEnabled()
    assert page.head.buttons["finish"].isEnabled()


def test_finishing_now_keeps_the_best_so_far(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("training")
    unfinish(lived_in_root, 420, "overfitting")
    window, page = open_page(lived_in_root)
    page.head.buttons["go on"].click()
    qtbot.waitUntil(lambda: page.head.line.text() == "The student is learning", timeout=LONG)
    qtbot.waitUntil(lambda: page.head.figures["updates"].value.text() == "420 of 600", timeout=LONG)
    page.head.buttons["stop"].click()
    sheet = stop_sheet(qtbot)
    assert "The checkpoint of update 150 becomes the adapter" in sheet.finish.accessibleDescription()
    sheet.finish.click()
    assert page.head.line.text() == "Finishing…"
    assert not page.head.buttons["stop"].isEnabled()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert window.jobs.latest["train"].state is JobState.DONE


def test_a_training_that_fails_says_why_and_can_be_tried_again(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("fail")
    unfinish(lived_in_root, 120)
    window, page = open_page(lived_in_root)
    page.head.buttons["go on"].click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.head.line.text() == "Training did not finish"
    assert page.head.sentence.text() == "The disk is full. Make room and try again."
    assert page.head.buttons["go on"].text() == "Try Again"


def test_an_alert_says_what_happened_what_it_means_and_what_to_do(lived_in_root: Path, open_page: OpenPage) -> None:
    write_record(run_of(lived_in_root), record("overfitting", 600, 600, memory=10**15))
    _, page = open_page(lived_in_root)
    assert page.progress.health_line.text() == "It learns by heart"
    told = [card.accessibleName() for card in page.progress.findChildren(QFrame) if "Settings" in card.accessibleName()]
    told += [card.accessibleName() for card in page.progress.findChildren(QFrame) if "150" in card.accessibleName()]
    assert len(told) == 2
    assert told[0].startswith("Training takes")
    assert told[0].endswith("In Settings, Measure offers a change that takes less.")
    assert told[1].startswith("Update 150 did better on held-out rows than the last one.")


def test_every_value_can_be_changed_seen_as_changed_and_reset(
    lived_in_root: Path, open_page: OpenPage, qtbot: QtBot
) -> None:
    window, page = open_page(lived_in_root)
    page.panes.buttons["settings"].click()
    page.settings.fold.click()
    rank = page.settings.values.fields["lora.rank"]
    assert isinstance(rank.field, QLineEdit)
    assert rank.field.text() == "16"
    assert not rank.reset.isVisible()
    rank.field.setFocus()
    rank.field.selectAll()
    QTest.keyClicks(rank.field, "32")
    QTest.keyClick(rank.field, Qt.Key.Key_Return)
    assert open_project(lived_in_root).training == {"lora.rank": 32}
    assert rank.title.text() == "● Rank"
    assert "Usual here: 16." in rank.help.text()
    assert page.settings.marks.text() == "1 changed"
    qtbot.waitUntil(lambda: page.head.line.text() == "The adapter is out of date", timeout=LONG)
    window.do("undo")
    assert open_project(lived_in_root).training == {}
    window.do("redo")
    rank.reset.click()
    assert open_project(lived_in_root).training == {}
    assert rank.title.text() == "Rank"


def test_a_value_that_cannot_be_used_is_said_at_its_field(lived_in_root: Path, open_page: OpenPage) -> None:
    _, page = open_page(lived_in_root)
    page.show_pane("settings")
    page.settings.fold.click()
    dropout = page.settings.values.fields["lora.dropout"]
    assert isinstance(dropout.field, QLineEdit)
    dropout.field.setFocus()
    dropout.field.setText("1.5")
    QTest.keyClick(dropout.field, Qt.Key.Key_Return)
    assert dropout.help.text() == "The dropout is 1.5. Choose 0 or more, and less than 1."
    assert open_project(lived_in_root).training == {}
    dropout.field.setText("x")
    QTest.keyClick(dropout.field, Qt.Key.Key_Return)
    assert "Give a number." in dropout.help.text()


def test_ways_to_train_that_a_student_refuses_say_why(lived_in_root: Path, open_page: OpenPage) -> None:
    student = open_project(lived_in_root).student
    from espalier.models.folder import find_model

    config = find_model(student) / "config.json"
    config.write_text(json.dumps({"model_type": "llama", "quantization": {"bits": 3, "group_size": 64}}))
    _, page = open_page(lived_in_root)
    page.show_pane("settings")
    buttons = page.settings.method.buttons
    assert [name for name, made in buttons.items() if not made.isEnabled()] == ["dora", "full"]
    assert buttons["full"].toolTip().startswith("All weights cannot be trained in a student of 3 bits.")
    assert "DoRA cannot train a student with weights of 3 bits." in page.settings.refused.text()
    buttons["qlora"].click()
    assert open_project(lived_in_root).training == {"method": "qlora"}


def test_the_defaults_of_mlx_lm_and_back(lived_in_root: Path, open_page: OpenPage) -> None:
    _, page = open_page(lived_in_root)
    page.show_pane("settings")
    page.settings.mlx.click()
    assert open_project(lived_in_root).training == {"preset": "mlx-lm"}
    assert "mlx_lm.lora" in page.settings.about.text()
    page.settings.reset.click()
    assert open_project(lived_in_root).training == {}
    page.settings.dial.buttons["thorough"].click()
    assert open_project(lived_in_root).dial == "thorough"
    assert "12 rounds" in page.settings.about.text()


def test_values_go_out_as_yaml_and_come_back(
    lived_in_root: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, page = open_page(lived_in_root)
    page.show_pane("settings")
    file = tmp_path / "lora.yaml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    page.change({"lora.rank": 4})
    page.settings.save.click()
    assert "rank: 4" in file.read_text()
    page.settings.reset.click()
    page.settings.open.click()
    assert open_project(lived_in_root).training["lora.rank"] == 4
    before = open_project(lived_in_root).training
    file.write_text("[1, 2")
    page.settings.open.click()
    sheet: Any = QApplication.activeModalWidget()
    assert "cannot be read as YAML" in sheet.sentence.text()
    sheet.accept()
    assert open_project(lived_in_root).training == before


def test_a_run_is_measured_and_what_makes_it_fit_is_one_click_away(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    window, page = open_page(lived_in_root)
    page.show_pane("settings")
    card = page.settings.forecast
    card.measure.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert card.verdict.text() == "It is too large"
    assert [shown.text() for shown in card.figures.values()][1:3] == ["about 6 min", "640"]
    card.change.click()
    assert open_project(lived_in_root).training == {"accumulation": 4}
    assert card.verdict.text() == "Measured with other values"
    assert not card.change.isVisible()


def test_answers_to_the_probe_questions_are_read_checkpoint_by_checkpoint(
    lived_in_root: Path, open_page: OpenPage
) -> None:
    write_record(run_of(lived_in_root), record("learning", 600, 600))
    window, page = open_page(lived_in_root)
    page.show_pane("probes")
    pane = page.probes
    assert [card.question.question for card in pane.cards] == [question[0] for question in QUESTIONS]
    assert (pane.step.text(), pane.sum.text()) == ("After update 600", "5 of 5 right")
    assert pane.cards[0].strip.cells[:4] == [(0, False), (50, False), (100, True), (150, True)]
    QTest.keyClick(pane.place, Qt.Key.Key_Home)
    assert (pane.step.text(), pane.sum.text()) == ("Before training", "0 of 5 right")
    assert pane.cards[1].answer.text() == "The Falkirk Wheel is a famous landmark (1)."
    QTest.keyClick(pane.cards[0].strip, Qt.Key.Key_Right)
    assert pane.step.text() == "After update 50"
    assert "100: right" in pane.cards[0].strip.accessibleDescription()
    pane.choose.click()
    sheet = QApplication.activeModalWidget()
    assert isinstance(sheet, ProbesSheet)
    assert len(sheet.ticked) == 5
    sheet.asks.click()
    assert not sheet.list.isEnabled()
    choose = next(each for each in sheet.findChildren(QPushButton) if each.text() == "Choose")
    choose.click()
    assert open_project(lived_in_root).probes == ()
    window.do("undo")
    assert open_project(lived_in_root).probes is None


def test_no_more_questions_can_be_chosen_than_are_asked(lived_in_root: Path, open_page: OpenPage) -> None:
    window, page = open_page(lived_in_root)
    page.choose_probes()
    sheet = QApplication.activeModalWidget()
    assert isinstance(sheet, ProbesSheet)
    choose = next(each for each in sheet.findChildren(QPushButton) if each.text() == "Choose")
    unticked = [place for place in range(sheet.list.count()) if sheet.list.item(place).text() not in sheet.ticked]
    sheet.list.item(unticked[0]).setCheckState(Qt.CheckState.Checked)
    assert not choose.isEnabled()
    ticked = next(place for place in range(sheet.list.count()) if place not in unticked)
    sheet.list.item(ticked).setCheckState(Qt.CheckState.Unchecked)
    wanted = sheet.ticked
    choose.click()
    assert open_project(lived_in_root).probes == wanted
    assert len(wanted) == 5
    assert window.document.project.probes == wanted


def test_runs_are_laid_over_each_other_with_notes_and_deleted_only_when_asked(
    lived_in_root: Path, open_page: OpenPage, qtbot: QtBot
) -> None:
    run = run_of(lived_in_root)
    write_record(run, record("learning", 300, 300))
    other = run.with_name("2026-11-19T09-12-44")
    shutil.copytree(run, other)
    request = json.loads((other / "request.json").read_text())
    request["settings"]["lora"]["rank"], request["key"] = 8, "another"
    (other / "request.json").write_text(json.dumps(request))
    _, page = open_page(lived_in_root)
    page.show_pane("runs")
    pane = page.history
    qtbot.waitUntil(lambda: len(pane.chart.series) == 4 and len(pane.chart.series[2].xs) == 300, timeout=LONG)
    assert pane.values.rowCount() == 1
    cells = [pane.values.item(0, column) for column in range(3)]
    assert [cell.text() for cell in cells if cell] == ["Rank", "16", "8"]
    item = pane.table.item(1, 0)
    assert item
    item.setCheckState(Qt.CheckState.Unchecked)
    assert pane.ticked == [run.name]
    assert pane.same.text() == "Tick two runs or more to compare them."
    pane.table.setCurrentCell(1, 0)
    pane.note.setPlainText("Rank 8 was enough.")
    pane.table.setCurrentCell(0, 0)
    assert (other / "note.txt").read_text() == "Rank 8 was enough.\n"
    assert pane.note.toPlainText() == ""
    pane.table.setCurrentCell(1, 0)
    assert pane.note.toPlainText() == "Rank 8 was enough."
    for answer, is_there in (("Keep", True), ("Delete", False)):
        pane.delete.click()
        sheet: Any = QApplication.activeModalWidget()
        assert str(other) in sheet.sentence.text()
        next(each for each in sheet.findChildren(QPushButton) if each.text() == answer).click()
        assert other.exists() == is_there
    assert pane.table.rowCount() == 1
    assert run.exists()


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=3000),
    st.integers(5, 200),
    st.booleans(),
)
@settings(deadline=None, max_examples=30)
def test_points_closer_than_pixels_are_thinned_and_keep_what_is_seen(
    values: list[float], columns: int, extremes: bool
) -> None:
    xs, ys = np.arange(len(values), dtype=float), np.asarray(values)
    few_xs, few_ys = thinned(xs, ys, columns, extremes=extremes)
    assert len(few_xs) == len(few_ys) <= max(2 * columns, len(values) if len(values) <= 2 * columns else 0)
    assert np.all(np.diff(few_xs) >= 0)
    if extremes:
        assert (few_ys.min(), few_ys.max()) == (ys.min(), ys.max())
    else:
        assert ys.min() - 1e-9 <= few_ys.min() <= few_ys.max() <= ys.max() + 1e-9


def test_a_part_of_a_chart_is_looked_at_closely_and_read_by_keys(qtbot: QtBot) -> None:
    chart = Chart("Loss")
    qtbot.addWidget(chart)
    chart.resize(600, 300)
    steps = list(range(1, 100_001))
    chart.show_series([Series("loss", steps, [1 / step for step in steps], "raw")], 100_000, "falls")
    chart.grab()
    assert chart.values_at(50_000.2) == [("loss", 50_000.0, 1 / 50_000)]
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(chart, button, none, QPoint(200, 150))
    QTest.mouseMove(chart, QPoint(400, 150))
    QTest.mouseRelease(chart, button, none, QPoint(400, 150))
    assert chart.range
    assert 20_000 < chart.range[0] < chart.range[1] < 70_000
    chart.grab()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.at is not None
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.range is None
    assert ticks(0, 3.1, 5) == [0, 1, 2, 3]


def test_rows_that_would_be_cut_are_counted_as_the_limit_moves(
    lived_in_root: Path, open_page: OpenPage, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    _, page = open_page(lived_in_root)
    page.show_pane("rows")
    pane = page.rows
    qtbot.waitUntil(lambda: "5 rows" in pane.effect.text(), timeout=LONG)
    assert "1 row would be cut. 1 row would be left out: nothing of the answer remains." in pane.effect.text()
    rows, answers = pane.limits["max_tokens"], pane.limits["max_output"]
    assert "2 are longer than 2,048" in rows.histogram.accessibleDescription()
    rows.limit.setValue(100)
    assert open_project(lived_in_root).training == {"max_tokens": 100}
    assert "2 rows would be cut. 1 row would be left out: nothing of the answer remains." in pane.effect.text()
    QTest.keyClick(rows.histogram, Qt.Key.Key_Right)
    assert open_project(lived_in_root).training["max_tokens"] > 100
    rows.limit.setValue(100_000)
    assert "None is longer than allowed." in pane.effect.text()
    answers.limit.setValue(1)
    assert "5 rows would be cut." in pane.effect.text()
    assert open_project(lived_in_root).training == {"max_tokens": 100_000, "max_output": 1}
    assert answers.limit.text() == "1"
    answers.limit.setValue(0)
    assert answers.limit.text() == "No limit"
    QTest.mouseClick(pane.limits["max_input"].histogram, Qt.MouseButton.LeftButton)
    assert open_project(lived_in_root).training["max_input"] > 8
    assert "<b>x</b>" in pane.batch.toPlainText()
    assert "Line 1: 2 rows one behind the other; none sees another" in pane.batch.toPlainText()
