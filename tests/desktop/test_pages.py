from collections.abc import Callable
from pathlib import Path

from desktop.lived_in import spoil
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare.page import ComparePage
from espalier_desktop.pages.train import TrainPage

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000


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


def test_broken_leaves_are_mended_before_anything_is_trained(fresh_root: Path, open_window: Open) -> None:
    spoil(fresh_root)
    window = open_window(fresh_root)
    window.go("train")
    assert not window.page.start.isEnabled()  # type: ignore[attr-defined]  # the page is Train
