"""One training from the window with the real worker, on the tiny student: watched, paused, gone on with, finished."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from desktop.lived_in import write_samples
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from espalier.project import open_project, write_settings
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.curves import read_curves
from espalier.training.run import all_runs
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.train.page import TrainPage
from espalier_desktop.pages.train.stop_sheet import StopSheet

VERY_LONG = 300_000  # two processes load MLX, on a machine that may be busy


def test_a_training_is_watched_paused_gone_on_with_and_finished(
    example: Path, tiny_folder: Path, open_window: Callable[[Path], MainWindow], qtbot: QtBot
) -> None:
    values = {"updates": 100_000, "lora.rank": 2, "batch_rows": 2, "save_every": 20}
    project = replace(open_project(example), student=str(tiny_folder), teacher=str(tiny_folder), training=values)
    write_settings(project)
    for leaf in read_taxonomy(project.taxonomy):
        write_samples(project, leaf)
    window = open_window(example)
    window.go("train")
    page = window.page
    assert isinstance(page, TrainPage)

    def stop_after(updates: int) -> StopSheet:
        qtbot.waitUntil(
            lambda: bool(page.feed.curves.steps) and page.feed.curves.steps[-1] > updates, timeout=VERY_LONG
        )
        page.head.buttons["stop"].click()
        sheet = QApplication.activeModalWidget()
        assert isinstance(sheet, StopSheet)
        return sheet

    page.head.buttons["train"].click()
    stop_after(20).pause.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=VERY_LONG)
    assert window.jobs.latest["train"].state.value == "stopped"
    qtbot.waitUntil(lambda: "go on" in page.head.buttons, timeout=VERY_LONG)
    (run,) = all_runs(project)
    paused = read_curves(run).steps
    assert page.head.line.text() == f"Paused after update {paused[-1]}"
    page.head.buttons["go on"].click()
    stop_after(paused[-1] + 20).finish.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=VERY_LONG)
    assert window.jobs.latest["train"].state.value == "done"
    curves = read_curves(run)
    assert curves.steps == list(range(1, curves.steps[-1] + 1))
    assert [step for step, _ in curves.probed][:2] == [0, 20]
    made = json.loads((run.folder / "adapter" / "made.json").read_text())
    assert made["stopped"] is True
    qtbot.waitUntil(lambda: page.head.line.text() == "The student is trained", timeout=VERY_LONG)
    assert page.head.buttons["more"].isEnabled()
