from collections.abc import Callable
from pathlib import Path

from desktop.lived_in import spoil
from pytestqt.qtbot import QtBot

from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.train import TrainPage

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000


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
