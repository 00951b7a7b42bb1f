"""Pictures of the Train page: running early and late, its alerts and sheets, finished, its values and its runs."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from desktop.trained import record, write_record
from PySide6.QtWidgets import QApplication, QWidget

from espalier_desktop.jobs import process
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.train.page import TrainPage

Wait = Callable[[Callable[[], bool]], None]
Shoot = Callable[[QWidget, str], None]
_AFTER = "2026-11-20T20-00-00"


def make_runs(project: Path) -> None:
    """Give the lived-in project's run its record, and an earlier run to compare it with."""
    run = next((project / "runs").iterdir())
    earlier = run.with_name("2026-11-19T09-12-44")
    shutil.copytree(run, earlier, ignore=shutil.ignore_patterns("model-*"))
    write_record(run, record("learning", 600, 600))
    write_record(earlier, record("overfitting", 450, 450))
    request = json.loads((earlier / "request.json").read_text(encoding="utf-8"))
    request["settings"]["lora"]["rank"], request["settings"]["learning_rate"] = 8, 2e-4
    (earlier / "request.json").write_text(json.dumps(request | {"key": "another"}), encoding="utf-8")
    (earlier / "note.txt").write_text("Rank 8 was enough for the canals, not for the letters.\n", encoding="utf-8")


def show_train(window: MainWindow, wait: Wait, shoot: Shoot) -> None:
    """Take pictures of the panes after training, and while another run is at work."""
    window.go("train")
    page = window.page
    assert isinstance(page, TrainPage)
    wait(lambda: bool(page.feed.curves.steps))
    for pane in page.panes.buttons:
        page.show_pane(pane)
        wait(lambda: not page.preview.is_asking and len(page.history.chart.series) == 4)
        shoot(window, f"train-{pane}")
    page.settings.fold.setChecked(True)
    page.show_pane("settings")
    shoot(window, "train-values")
    page.settings.verticalScrollBar().setValue(430)
    shoot(window, "train-values-below")
    page.settings.fold.setChecked(False)
    page.choose_probes()
    _shoot_sheet(shoot, "train-choose")
    page.show_pane("progress")
    _show_running(window, page, wait, shoot)


def _show_running(window: MainWindow, page: TrainPage, wait: Wait, shoot: Shoot) -> None:
    """Take pictures early and late in a run that learns by heart, with the stop sheet and the paused state."""
    run = window.document.project.runs / _AFTER
    shutil.copytree(next(window.document.project.runs.glob("2026-11-20*")), run, ignore=_without_results)
    fake, real = Path(__file__).with_name("fake_worker.py"), process.worker_program
    for name, done, kind in (("early", 8, "learning"), ("late", 430, "overfitting")):
        (run / "events.jsonl").unlink(missing_ok=True)
        write_record(run, record(kind, done, 600, memory=17_000_000_000 if name == "late" else 6_300_000_000))
        process.worker_program = lambda: [sys.executable, str(fake), "training"]
        window.do("train")
        wait(lambda done=done: bool(page.feed.curves.steps) and page.feed.curves.steps[-1] == done)  # type: ignore[misc]
        shoot(window, f"train-{name}")
        if name == "late":
            page.stop()
            _shoot_sheet(shoot, "train-stop")
        (run / "wish").write_text("pause")
        wait(lambda: window.jobs.current is None)
        window._toast.hide()
    process.worker_program = real
    shutil.rmtree(run)
    page.refresh()


def _without_results(folder: str, names: list[str]) -> set[str]:
    results = ("adapter", "report.json", "events.jsonl")
    return {name for name in names if name in results or name.startswith("model-")}


def _shoot_sheet(shoot: Shoot, name: str) -> None:
    sheet = QApplication.activeModalWidget()
    if sheet:
        shoot(sheet, name)
        sheet.close()
