"""A plan at work: its steps go through the queue of all windows, one after the other, while conditions allow it."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from espalier import power
from espalier.models.folder import home_folder
from espalier.overnight import plan as plans
from espalier.overnight.plan import Plan
from espalier.overnight.store import as_values, forget_plan, read_plan, write_plan
from espalier.power import Need
from espalier.settings import usable_settings
from espalier_desktop import notifications
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs import process
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.queue import JobQueue
from espalier_desktop.jobs.record import clear_record

LOOK = 20_000  # milliseconds between two looks at the clock, the battery and the heat


class Night(QObject):
    """The plan of this program, at most one.

    Signals:
        changed: the plan, its steps or what it waits for is another.
        reported: the morning report is there.

    Attributes:
        plan: what is to be done and what was; None when there is none.
        is_on: the plan is being worked on, or waits for its time.
        waits_for: why nothing runs now, in a sentence; "" when something does.
        report: what became of the plan, as `espalier.overnight.morning` gives it; {} before its end.
        files: the report of each project on disk.
    """

    changed = Signal()
    reported = Signal()

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._read: Callable[[], power.Reading] = power.read
        self._job: Job | None = None
        self._asked: Job | None = None
        self._since: float | None = None
        self._is_pausing = False
        self._is_hot = False
        self._is_news = False  # the plan ended in this run of the program
        self._awake = QProcess(self)
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self.look)
        self.is_on = False
        self.waits_for = ""
        self.report: Mapping[str, Any] = {}
        self.files: list[Path] = []
        self.plan: Plan | None = read_plan()
        if self.plan and not self.plan.ended:
            self._pick_up(self.plan)

    @property
    def is_cut_off(self) -> bool:
        """Return whether a plan was left on its way and waits for a person to say whether it goes on."""
        return self.plan is not None and not self.plan.ended and not self.is_on

    @property
    def job(self) -> Job | None:
        """Return the job of the step that runs."""
        return self._job

    def start(self, plan: Plan) -> None:
        """Work on a plan from now on."""
        from espalier.overnight.morning import scores_of  # the engine's reading, which a start of the program needs not

        before = {project: scores_of(Path(project)) for project in plan.projects}
        self.report, self.files = {}, []
        self._keep(replace(plan, before=before))
        self.go_on()

    def go_on(self) -> None:
        """Work on the plan that was left on its way."""
        self.is_on = True
        if keeper := process.awake_program(os.getpid()):
            self._awake.start(keeper[0], keeper[1:])
        self._timer.start()
        self.look()

    def stop(self) -> None:
        """End the night: what runs is stopped, and the rest is left out. Finished work is kept."""
        if not self.plan:
            return
        self._end_with(tr("The night was ended by hand."))

    def dismiss(self) -> None:
        """Keep neither the plan nor its report in mind any more; the reports in the projects stay."""
        self.plan, self.report, self.files = None, {}, []
        forget_plan()
        notifications.badge(0)
        self.changed.emit()

    def close(self) -> None:
        """Leave the plan on disk as it is, because the program ends."""
        self._timer.stop()
        if self._asked:
            self._asked.abandon()
        if self._job and self.plan and self.plan.next is not None:
            job, self._job = self._job, None
            self._queue.abandon(job)
            clear_record(job.root)
            write_plan(plans.paused(self.plan, self.plan.next, self._spent()))
        self.is_on = False
        process.end(self._awake) if self._awake.state() is not QProcess.ProcessState.NotRunning else None

    @Slot()
    def look(self) -> None:
        """Begin what is due, and pause what should not run now."""
        if not self.is_on or not self.plan:
            return
        place = self.plan.next
        if place is None:
            self._end()
            return
        self.waits_for = self._reason_to_wait(self.plan)
        if self._is_hot and self.plan.ends_when_hot:
            self._end_with(tr("The machine was too hot."))
            return
        if self._job is None and not self.waits_for:
            self._begin(place)
        elif self._job and self.waits_for and not self._is_pausing:
            self._is_pausing = True
            self._job.stop()
        self.changed.emit()

    def _reason_to_wait(self, plan: Plan) -> str:
        if self._job is None and (wait := plans.seconds_until_start(plan, datetime.now())):
            self._timer.setInterval(min(LOOK, max(1000, int(wait * 1000))))
            return tr("It begins at {time}.").format(time=datetime.fromisoformat(plan.start).strftime("%H:%M"))
        low = 1.0 if plan.needs_power else usable_settings().low_battery
        need = power.need(self._read(), is_waiting=bool(self.waits_for), low=low)
        self._is_hot = need is Need.COOLING
        if need is Need.POWER:
            return tr("It waits for power. Connect the power adapter.")
        return tr("It waits until the machine has cooled. Give it air.") if self._is_hot else ""

    def _begin(self, place: int) -> None:
        assert self.plan
        step = self.plan.steps[place]
        log = logs_folder() / f"worker-{time.strftime('%Y-%m-%dT%H-%M-%S')}-{step.stage}.log"
        job = Job(step.stage, {}, Path(step.project), log)
        self._job, self._since, self._is_pausing = job, None, False
        job.changed.connect(self._on_job_changed)
        job.finished.connect(self._on_job_finished)
        self._keep(plans.begun(self.plan, place))
        self._queue.submit(job)

    @Slot()
    def _on_job_changed(self) -> None:
        if self._since is None and self._job and self._job.state is JobState.RUNNING:
            self._since = time.monotonic()
        self.changed.emit()

    @Slot()
    def _on_job_finished(self) -> None:
        job, self._job = self._job, None
        plan = self.plan
        if not job or not plan:
            return
        place, spent = plan.next, self._spent()
        if place is None or plan.steps[place].state != "running":
            self.look()  # the night was ended meanwhile
            return
        if job.state is JobState.DONE:
            self._keep(plans.concluded(plan, place, "done", spent))
        elif job.state is JobState.STOPPED and self._is_pausing:
            self._keep(plans.paused(plan, place, spent))
        elif job.state is JobState.CRASHED:
            self._keep(plans.cut(plan, place, spent, job.message))
        else:
            message = job.message or tr("It was stopped by hand.")
            self._keep(plans.concluded(plan, place, "failed", spent, message))
        QTimer.singleShot(0, self, self.look)  # after the queue has let the job go

    def _spent(self) -> float:
        return time.monotonic() - self._since if self._since is not None else 0.0

    def _end_with(self, message: str) -> None:
        assert self.plan
        job, spent = self._job, self._spent()
        if job and self.plan.next is not None:
            self._keep(plans.paused(self.plan, self.plan.next, spent))
        self._keep(plans.stopped(self.plan, message))
        self.is_on = True  # until the report is there
        if job:
            self._is_pausing = True
            job.stop()
        else:
            self._end()

    def _end(self) -> None:
        assert self.plan
        self._timer.stop()
        self.is_on, self.waits_for, self._is_news = False, "", True
        if self._awake.state() is not QProcess.ProcessState.NotRunning:
            process.end(self._awake)
        if not self.plan.ended:
            self._keep(replace(self.plan, ended=datetime.now().isoformat(timespec="seconds")))
        self.ask_for_report()

    def ask_for_report(self) -> None:
        """Let the engine look at what became of the plan; ``reported`` tells when that is there."""
        if self._asked or not self.plan:
            return
        log = logs_folder() / "overnight_report.log"
        self._asked = Job("overnight_report", {"plan": as_values(self.plan)}, home_folder(), log, self)
        self._asked.finished.connect(self._on_report)
        self._asked.start()

    @Slot()
    def _on_report(self) -> None:
        from espalier.overnight.morning import bare_values, write_reports

        job, self._asked = self._asked, None
        assert job
        assert self.plan
        job.deleteLater()
        self.report = job.result if job.state is JobState.DONE else bare_values(self.plan, job.message)
        self.files = write_reports(self.report, said)
        needs = sum(len(project["needs"]) for project in self.report["projects"])
        notifications.badge(max(1, needs))
        if self._is_news:
            text = tr("%n thing(s) wait for you.", needs) if needs else tr("Everything was done.")
            notifications.notify(tr("The night's work is over"), text)
        self.changed.emit()
        self.reported.emit()

    def _pick_up(self, plan: Plan) -> None:
        """Take over a plan that another run of the program left on its way."""
        place = plan.next
        if place is not None and plan.steps[place].state == "running":
            message = tr("It was cut off again and again. Start it by itself and look at its log.")
            plan = plans.cut(plan, place, 0.0, message)
            clear_record(Path(plan.steps[place].project))
        self._keep(plan)
        if plan.goes_on:
            QTimer.singleShot(0, self, self.go_on)

    def _keep(self, plan: Plan) -> None:
        self.plan = plan
        write_plan(plan)
        self.changed.emit()
