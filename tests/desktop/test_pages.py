from collections.abc import Callable
from pathlib import Path

from desktop.lived_in import make_samples, spoil
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from espalier.project import open_project
from espalier.taxonomy.reader import read_taxonomy
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare import ComparePage
from espalier_desktop.pages.generate import GeneratePage
from espalier_desktop.pages.quantize import QuantizePage
from espalier_desktop.pages.train import TrainPage
from espalier_desktop.samples_model import SamplesModel

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000


def test_samples_are_shown_with_their_reasons_and_filtered(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    window.go("generate")
    page = window.page
    assert isinstance(page, GeneratePage)
    model = page.table.model()
    assert model.rowCount() == 27
    assert page.summary.text() == "20 of 27 accepted"
    page.which.buttons["rejected"].click()
    assert model.rowCount() == 7
    assert str(model.index(0, 2).data()).startswith("✕  ")
    page.reason.setCurrentIndex(1)
    page.reason.activated.emit(1)
    assert model.rowCount() == int(page.reason.currentText().rpartition("(")[2][:-1])
    page.table.setCurrentIndex(model.index(0, 0))
    assert str(model.index(0, 0).data()) in page.detail.toPlainText()
    page.which.buttons["accepted"].click()
    assert model.rowCount() == 20
    page.leaf.setCurrentIndex(1)
    page.leaf.activated.emit(1)
    assert page.summary.text().endswith("accepted")
    assert model.rowCount() < 27


def test_the_samples_model_keeps_qts_rules(lived_in_root: Path, qtbot: QtBot) -> None:
    leaf = read_taxonomy(open_project(lived_in_root).taxonomy)[0]
    model = SamplesModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for which in ("all", "accepted", "rejected", "round trip", "nothing"):
        model.show_samples(make_samples(leaf), which)
    model.show_samples([], "all")
    assert tester


def test_model_output_is_shown_as_plain_text(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    page.after.show_text("<b>bold</b> <img src='file:///etc/passwd'>")
    assert page.after.answer.toPlainText() == "<b>bold</b> <img src='file:///etc/passwd'>"


def test_a_question_is_answered_on_both_sides(
    lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("answer")
    window = open_window(lived_in_root)
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    page.presets.setCurrentIndex(1)
    page.presets.activated.emit(1)
    assert page.question.toPlainText().endswith("?")
    QTest.keyClick(page.question, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.jobs.current
    assert window.jobs.current.request.arguments["question"] == page.question.toPlainText()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.before.answer.toPlainText() == "I do not know."
    assert page.after.answer.toPlainText() == "I DO NOT KNOW."
    assert page.send.text() == "Ask Both"


def test_a_question_that_fails_says_why(
    lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("fail")
    window = open_window(lived_in_root)
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    page.send.click()
    assert window.jobs.current is None
    page.question.setPlainText("Why?")
    page.send.click()
    qtbot.waitUntil(lambda: page.notice.isVisible(), timeout=LONG)
    assert page.notice.text() == "The disk is full. Make room and try again."


def test_training_shows_its_loss_and_the_time_left(
    fresh_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    window = open_window(fresh_root)
    window.go("train")
    page = window.page
    assert isinstance(page, TrainPage)
    page.start.click()
    qtbot.waitUntil(lambda: page.loss.value.text() == "2.500", timeout=LONG)
    assert page.updates.value.text() == "1 of 4"
    assert page.left.value.text() == "1 min"
    assert "Loss 2.500 at update 1" in page.chart.accessibleDescription()
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.action.text() == "Train"


def test_the_sizes_before_and_after_are_compared(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    window.go("quantize")
    page = window.page
    assert isinstance(page, QuantizePage)
    assert (page.before_text.text(), page.after_text.text()) == ("548 MB", "81 MB")
    assert "On 40 held-out questions" in page.cost.text()


def test_broken_leaves_are_mended_before_anything_is_trained(fresh_root: Path, open_window: Open) -> None:
    spoil(fresh_root)
    window = open_window(fresh_root)
    window.go("train")
    assert not window.page.start.isEnabled()  # type: ignore[attr-defined]  # the page is Train
