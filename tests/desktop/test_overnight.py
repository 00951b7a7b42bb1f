import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from desktop.test_accessibility import unnamed
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from espalier.overnight import plan as plans
from espalier.overnight.plan import STAGES, Plan, make_plan
from espalier.overnight.store import plan_file, read_plan, write_plan
from espalier.power import Reading
from espalier_desktop import notifications
from espalier_desktop.desk import Desk
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.record import JobRecord, read_record, write_record
from espalier_desktop.main_window import MainWindow
from espalier_desktop.overnight.form import PlanForm
from espalier_desktop.overnight.morning import MorningView
from espalier_desktop.overnight.progress import ProgressView
from espalier_desktop.overnight.window import OvernightWindow
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
ON_POWER, ON_BATTERY, HOT = Reading(), Reading(battery=0.9), Reading(heat=3)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system was asked to show, instead of showing it."""
    heard: list[str] = []
    monkeypatch.setattr(notifications, "notify", lambda title, text: heard.append(text))
    monkeypatch.setattr(notifications, "badge", lambda count: None)
    return heard


def shown(desk: Desk) -> OvernightWindow:
    desk.show_overnight()
    window = desk.others["overnight"]
    assert isinstance(window, OvernightWindow)
    return window


def texts(widget: QWidget) -> str:
    return "\n".join(part.text() for part in widget.findChildren(QLabel) if part.isVisible())


def states(desk: Desk) -> list[str]:
    plan = desk.night.plan
    assert plan
    return [step.state for step in plan.steps]


def begin(desk: Desk, plan: Plan, reading: Reading = ON_POWER) -> None:
    desk.night._read = lambda: reading
    desk.night.start(plan)


def test_a_plan_is_made_in_the_form_and_told_in_the_morning(
    desk: Desk, lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot, told: list[str]
) -> None:
    fake_worker("done")
    main = open_window(lived_in_root)
    main.do("overnight")
    window = shown(desk)
    form = window.view
    assert isinstance(form, PlanForm)
    assert not unnamed(window)
    assert form.chosen == [lived_in_root]
    desk.night._read = lambda: ON_POWER
    form.when.buttons["now"].click()
    form.stages["quantize"].setChecked(False)
    with qtbot.waitSignal(desk.night.reported):
        form.begin.click()
        assert isinstance(window.view, ProgressView)
        assert main.jobs.current, "the project's own window shows the job"
    assert states(desk) == ["done"] * 3
    assert isinstance(window.view, MorningView)
    qtbot.waitUntil(lambda: "Right answers:" in texts(window))
    (file,) = desk.night.files
    assert file.parent == lived_in_root / "reports"
    assert "| Now |" in file.read_text()
    assert len(told) == 1
    assert not [sheet for sheet in main.findChildren(Sheet) if sheet.isVisible()], "the night disturbs nobody"
    assert not unnamed(window)
    window.view.again.click()
    assert isinstance(window.view, PlanForm)
    assert not plan_file().exists()


def test_a_failed_stage_is_said_and_the_other_project_goes_on(
    desk: Desk, lived_in_root: Path, fresh_root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("fail")
    window = shown(desk)
    with qtbot.waitSignal(desk.night.reported):
        begin(desk, make_plan([lived_in_root, fresh_root], ("generate", "train")))
    assert states(desk) == ["failed", "left out"] * 2
    assert isinstance(window.view, MorningView)
    qtbot.waitUntil(lambda: texts(window).count("The disk is full. Make room and try again.") == 2)


def test_a_plan_without_a_project_cannot_be_begun(desk: Desk) -> None:
    form = shown(desk).view
    assert isinstance(form, PlanForm)
    assert not form.begin.isEnabled()
    assert "Choose a project" in form.note.text()


def test_nothing_runs_before_its_time_or_on_the_battery(desk: Desk, lived_in_root: Path, fake_worker: Behave) -> None:
    fake_worker("done")
    later = (datetime.now() + timedelta(hours=2)).replace(microsecond=0)
    begin(desk, make_plan([lived_in_root], STAGES, start=later.isoformat()))
    assert desk.night.waits_for == f"It begins at {later:%H:%M}."
    begin(desk, make_plan([lived_in_root], STAGES), ON_BATTERY)
    assert desk.night.waits_for == "It waits for power. Connect the power adapter."
    assert not desk.queue.jobs
    view = shown(desk).view
    assert view
    assert "It waits for power" in texts(view)
    desk.night.close()


def test_work_pauses_when_the_adapter_is_taken_away_and_goes_on_with_it(
    desk: Desk, lived_in_root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("slow")
    begin(desk, make_plan([lived_in_root], ("generate",)))
    qtbot.waitUntil(lambda: bool(desk.night.job and desk.night.job.progress))
    desk.night._read = lambda: ON_BATTERY
    desk.night.look()
    qtbot.waitUntil(lambda: desk.night.job is None)
    assert states(desk) == ["waiting"]
    assert read_record(lived_in_root) is None
    fake_worker("done")
    desk.night._read = lambda: ON_POWER
    with qtbot.waitSignal(desk.night.reported):
        desk.night.look()
    assert states(desk) == ["done"]


def test_heat_ends_the_night_where_that_was_chosen(
    desk: Desk, lived_in_root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("slow")
    begin(desk, make_plan([lived_in_root], STAGES, ends_when_hot=True))
    qtbot.waitUntil(lambda: bool(desk.night.job and desk.night.job.progress))
    desk.night._read = lambda: HOT
    with qtbot.waitSignal(desk.night.reported):
        desk.night.look()
    assert states(desk) == ["left out"] * 4
    assert desk.night.plan
    assert desk.night.plan.steps[0].message == "The machine was too hot."


def test_a_crash_is_tried_again_and_then_said(
    desk: Desk, lived_in_root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("crash")
    with qtbot.waitSignal(desk.night.reported):
        begin(desk, make_plan([lived_in_root], ("generate",)))
    assert desk.night.plan
    (step,) = desk.night.plan.steps
    assert (step.state, step.cuts) == ("failed", plans.MOST_CUTS - 1)
    assert "stopped unexpectedly" in step.message


def test_closing_the_projects_window_does_not_end_the_night(
    desk: Desk, lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("slow")
    main = open_window(lived_in_root)
    begin(desk, make_plan([lived_in_root], ("generate",)))
    qtbot.waitUntil(lambda: bool(main.jobs.current and main.jobs.current.progress))
    main.close()
    assert lived_in_root.resolve() not in desk.windows
    assert desk.night.job
    assert desk.night.job.state is JobState.RUNNING
    window = desk.others["overnight"]
    window.close()
    (sheet,) = [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]
    assert "not over" in sheet.line.text()
    sheet.reject()
    desk.night.close()
    assert states(desk) == ["running"]
    kept = read_plan()
    assert kept
    assert (kept.steps[0].state, kept.steps[0].cuts) == ("waiting", 0)
    assert read_record(lived_in_root) is None, "the plan offers it again, not the project"


def test_a_plan_that_was_cut_off_is_offered_again(desk: Desk, lived_in_root: Path, qapp: object, qtbot: QtBot) -> None:
    write_plan(plans.begun(make_plan([lived_in_root], ("generate", "train"), goes_on=False), 0))
    write_record(lived_in_root, JobRecord("generate"))
    again = type(desk.night)(desk.queue, desk)
    desk.night = again
    assert again.is_cut_off
    assert read_record(lived_in_root) is None
    desk.offer_night()
    assert desk.others["overnight"].isVisible()
    view = shown(desk).view
    assert isinstance(view, ProgressView)
    assert view.go_on.isVisible()
    assert not view.stop.isVisible()
    view.forget.click()
    assert not plan_file().exists()


def test_a_plan_goes_on_by_itself_where_that_was_asked_for(
    desk: Desk, lived_in_root: Path, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("done")
    write_plan(plans.begun(make_plan([lived_in_root], ("generate",)), 0))
    again = type(desk.night)(desk.queue, desk)
    again._read = lambda: ON_POWER
    with qtbot.waitSignal(again.reported):
        pass
    assert again.plan
    assert (again.plan.steps[0].state, again.plan.steps[0].cuts) == ("done", 1)


WORKING = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from espalier.overnight.plan import make_plan
from espalier.power import Reading
from espalier_desktop import app, desk
from espalier_desktop.jobs import process

worker = sys.argv.pop()
process.worker_program = lambda: [sys.executable, worker, "slow"]

class Desk(desk.Desk):
    def __init__(self, application):
        super().__init__(application)
        self.night._read = Reading
        self.night.changed.connect(self.tell)
        QTimer.singleShot(0, lambda: self.night.start(make_plan([Path(sys.argv[1])], ("generate",), goes_on=False)))

    def tell(self):
        if self.night.job and self.night.job.progress:
            print("working", flush=True)

app.Desk = Desk
sys.exit(app.main())
"""


def test_a_program_that_is_killed_at_night_offers_to_go_on(desk: Desk, lived_in_root: Path) -> None:
    command = [sys.executable, "-c", WORKING, str(lived_in_root), str(Path(__file__).with_name("fake_worker.py"))]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert program.stdout
    assert program.stdout.readline() == "working\n"
    program.kill()
    program.wait()
    program.stdout.close()
    left = read_plan()
    assert left
    assert left.steps[0].state == "running"
    again = type(desk.night)(desk.queue, desk)
    assert again.is_cut_off
    assert again.plan
    assert (again.plan.steps[0].state, again.plan.steps[0].cuts) == ("waiting", 1)


def test_the_night_is_ended_by_hand(desk: Desk, lived_in_root: Path, fake_worker: Behave, qtbot: QtBot) -> None:
    fake_worker("slow")
    begin(desk, make_plan([lived_in_root], ("generate", "train")))
    qtbot.waitUntil(lambda: bool(desk.night.job and desk.night.job.progress))
    window = shown(desk)
    stop = next(each for each in window.findChildren(QPushButton) if each.text() == "End the Night")
    with qtbot.waitSignal(desk.night.reported):
        QTest.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert states(desk) == ["left out", "left out"]
    assert json.loads(plan_file().read_text())["ended"]


def test_a_notification_takes_nothing_for_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    command = notifications.notification_program("-e", '" & do shell script "x')
    assert command[-3:] == ["--", "-e", '" & do shell script "x']
