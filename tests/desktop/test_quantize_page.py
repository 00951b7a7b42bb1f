"""The Quantize page: what could be made with its size, what was made with its cost, and which one is used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from desktop.lived_in import make_small_ones
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from espalier.models.folder import find_model
from espalier.quantization.layout import FLOAT_BYTES
from espalier.quantization.store import chosen_folder
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.quantize import page as page_module
from espalier_desktop.pages.quantize.page import QuantizePage

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 40_000


def shown(window: MainWindow) -> QuantizePage:
    window.go("quantize")
    page = window.page
    assert isinstance(page, QuantizePage)
    return page


def run_of(root: Path) -> Path:
    return next((root / "runs").iterdir())


def sizes(page: QuantizePage) -> dict[str, str]:
    return {bar.key: bar.count for bar in page.picker.list._bars}


def pick(page: QuantizePage, key: str) -> None:
    keys = list(sizes(page))
    page.picker.list.setCurrentIndex(page.picker.list.model().index(keys.index(key), 0))
    assert page.picker.list.current == key


def test_with_no_adapter_the_page_leads_to_training(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    page = shown(window)
    page.train.click()
    assert window.page is not page
    assert type(window.page).__name__ == "TrainPage"


def test_every_way_is_listed_with_its_size_for_this_student(lived_in_root: Path, open_window: Open) -> None:
    page = shown(open_window(lived_in_root))
    found = sizes(page)
    weights, table = 30 * (2 * 576 + 2 * 192 + 3 * 1536) * 576, 49_152 * 576
    bytes_each = (4 + 2 * 8 * FLOAT_BYTES / 32) / 8
    count = weights * bytes_each + table * (bytes_each + 0.5)
    assert found["affine-4bit-g32"] == f"{count / 1e6:.0f} MB"
    order = [int(found[f"affine-{bits}bit-g32"].split()[0]) for bits in (8, 6, 5, 4, 3, 2)]
    assert order == sorted(order, reverse=True)
    assert page.picker.list.current == "espalier-g32"


def test_the_run_has_the_usual_one_already_and_another_can_be_asked_for(
    lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    window = open_window(lived_in_root)
    page = shown(window)
    assert not page.picker.make.isEnabled()
    assert page.picker.note.text() == "The run has this one already."
    pick(page, "affine-6bit-g32")
    assert page.picker.make.isEnabled()
    page.picker.make.click()
    assert window.jobs.current
    wanted = window.jobs.current.request.arguments["settings"]
    assert (wanted["method"], wanted["bits"], wanted["group"]) == ("affine", 6, 32)
    assert not page.picker.make.isEnabled()
    assert "Another job is at work" in page.picker.note.text()
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.picker.make.isEnabled()


def test_values_change_the_sizes_and_what_does_not_fit_is_refused_with_the_reason(
    lived_in_root: Path, open_window: Open
) -> None:
    page = shown(open_window(lived_in_root))
    pick(page, "affine-4bit-g32")
    page.picker.fold.click()
    assert page.picker.values.isVisible()
    before = sizes(page)["affine-4bit-g32"]
    group = page.picker.values.fields["group"]
    group.setCurrentIndex(group.findData(64))  # type: ignore[union-attr]  # a box
    assert int(sizes(page)["affine-4bit-g32"].split()[0]) < int(before.split()[0])
    assert page.picker.way.group == 64
    assert page.picker.make.isEnabled()
    group.setCurrentIndex(group.findData(128))  # type: ignore[union-attr]  # a box
    assert not page.picker.make.isEnabled()
    assert page.picker.note.text().endswith("Groups that fit: 32, 64.")


def test_a_value_that_is_none_is_said(lived_in_root: Path, open_window: Open) -> None:
    page = shown(open_window(lived_in_root))
    pick(page, "dwq-4bit-g32")
    page.picker.fold.click()
    steps = page.picker.values.fields["dwq.updates"]
    QTest.keyClicks(steps, "x")
    assert not page.picker.make.isEnabled()
    assert "Give a whole number" in page.picker.note.text()
    QTest.keyClick(steps, Qt.Key.Key_Backspace)
    assert page.picker.make.isEnabled()
    assert page.picker.way.dwq.updates == 60


def test_too_little_room_is_said_before_anything_runs(
    lived_in_root: Path, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "free_space", lambda place: 50_000_000)
    page = shown(open_window(lived_in_root))
    pick(page, "affine-8bit-g32")
    assert not page.picker.make.isEnabled()
    assert "50 MB is free on the disk" in page.picker.note.text()


def test_each_small_student_tells_its_size_and_what_it_cost(lived_in_root: Path, open_window: Open) -> None:
    make_small_ones(run_of(lived_in_root))
    page = shown(open_window(lived_in_root))
    cards = {card.title.text(): card for card in page.cards}
    assert set(cards) == {"4 and 6 bits", "3 bits, distilled", "2 bits"}
    best = cards["4 and 6 bits"]
    assert best.verdict.text().startswith("4 and 6 bits cost nothing you would notice: 33 of 40 right")
    assert best.room.text() == "81 MB instead of 548 MB"
    assert "KL 0.047 in your subject" in best.figures.text()
    assert best.used.isVisible()
    assert not best.use.isVisible()
    assert "distilled from KL 0.400 to 0.210" in cards["3 bits, distilled"].figures.text()
    assert cards["2 bits"].verdict.property("role") == "error"
    assert page.state.text() == "In use: 4 and 6 bits"


def test_another_one_is_chosen_and_comparing_is_next(lived_in_root: Path, open_window: Open) -> None:
    run = run_of(lived_in_root)
    make_small_ones(run)
    window = open_window(lived_in_root)
    page = shown(window)
    card = next(card for card in page.cards if card.title.text() == "3 bits, distilled")
    card.use.click()
    assert chosen_folder(run) == run / "models/dwq-3bit-g32"
    assert page.state.text() == "In use: 3 bits, distilled"
    page.compare.click()
    assert type(window.page).__name__ == "ComparePage"


def test_one_that_is_gone_cannot_be_chosen_and_says_so(
    lived_in_root: Path, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(lived_in_root)
    make_small_ones(run)
    window = open_window(lived_in_root)
    page = shown(window)
    told: list[str] = []
    monkeypatch.setattr(window, "tell", lambda line, sentence: told.append(sentence))
    card = next(card for card in page.cards if card.title.text() == "2 bits")
    shutil.rmtree(run / "models/affine-2bit-g32")
    card.use.click()
    assert "no quantized model “affine-2bit-g32”" in told[0]
    assert chosen_folder(run) == run / "model-4bit"


def test_one_of_an_earlier_espalier_can_be_measured(
    lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    window = open_window(lived_in_root)
    page = shown(window)
    (card,) = page.cards
    assert card.verdict.text() == "What it costs was not measured yet."
    card.measure.click()
    assert window.jobs.current
    assert window.jobs.current.request.arguments["settings"]["method"] == "mixed"
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)


def test_a_failure_is_told_on_the_page(
    lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("fail")
    window = open_window(lived_in_root)
    page = shown(window)
    pick(page, "mxfp4")
    page.picker.make.click()
    qtbot.waitUntil(lambda: page.state.text() == "The student was not made small", timeout=LONG)
    assert page.advice.text() == "The disk is full. Make room and try again."


def test_a_student_that_is_gone_is_said(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    (find_model(window.document.project.student) / "config.json").unlink()
    page = shown(window)
    assert not page.picker.make.isEnabled()
    assert "There is no model named" in page.picker.note.text()
