"""Train: where training stands, its curves, what the student sees, the values, and the runs so far."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from espalier.errors import EspalierError
from espalier.machine import this_machine
from espalier.training.alerts import alerts
from espalier.training.curves import Curves
from espalier.training.dial import train_settings
from espalier.training.probes import read_probes
from espalier.training.progress import forget_pause, read_first_batch, wish
from espalier.training.run import Run, all_runs
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import said, tr
from espalier_desktop.job_card import stage_title, unit_text
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.train.feed import RunFeed
from espalier_desktop.pages.train.head import Act, Head
from espalier_desktop.pages.train.probes_pane import ProbesPane
from espalier_desktop.pages.train.probes_sheet import choose_probes
from espalier_desktop.pages.train.progress_pane import ProgressPane
from espalier_desktop.pages.train.rows_pane import RowsPane
from espalier_desktop.pages.train.runs_pane import RunsPane, ask_delete
from espalier_desktop.pages.train.settings_pane import SettingsPane
from espalier_desktop.pages.train.standing import MORE, TRAINING, standing, unfinished_run, why_not
from espalier_desktop.pages.train.stop_sheet import StopSheet
from espalier_desktop.pages.train.values_file import open_values, save_values
from espalier_desktop.widgets.basics import column, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import time_left
from espalier_desktop.widgets.segments import Segments

BEAT = 100  # milliseconds between two looks at a job that moves on


class TrainPage(Page):
    """The head above; below it one of the panes."""

    offers = frozenset({"train", "go_compare"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.head = Head()
        self.progress, self.rows, self.settings = ProgressPane(), RowsPane(), SettingsPane()
        self.probes, self.history = ProbesPane(), RunsPane()
        self.feed = RunFeed(self)
        self.preview = Errand("preview", shell.document, self)
        self.runs: list[Run] = []
        self._machine = this_machine(shell.document.root).memory
        self._chosen = ""  # folder name of a run that the person looks at
        self._finishing = False
        self._seen: Job | None = None
        self._asked = ""  # what the rows were looked up with
        self._measured = ""  # what the forecast was made with
        self._beat = QTimer(self, interval=BEAT, singleShot=True)
        self._beat.timeout.connect(self._refresh_run)
        self._lay_out()
        self._connect()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the runs there are and where training stands."""
        self.runs = all_runs(self.shell.document.project)
        self._refresh_run()
        self._refresh_settings()
        self.history.show_runs(self.runs, can_delete=self.shell.jobs.current is None)

    def showing(self) -> None:
        """Look at the runs again."""
        self.refresh()

    def closing(self) -> None:
        """End what is being looked up."""
        self.feed.stop()
        self.history.save_note()
        self.preview.close()

    def save_state(self) -> dict[str, Any]:
        """Return the pane that is looked at."""
        return {"pane": self.pane, "values": self.settings.fold.isChecked()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Look at the pane that was looked at."""
        if state.get("pane") in self.panes.buttons:
            self.show_pane(str(state["pane"]))
        self.settings.fold.setChecked(state.get("values") is True)

    @property
    def pane(self) -> str:
        """Return the pane that is shown."""
        return self._keys[self._stack.currentIndex()]

    def show_pane(self, pane: str) -> None:
        """Show one of the panes."""
        self.panes.choose(pane)
        self._stack.setCurrentIndex(self._keys.index(pane))
        self._refresh_run()
        self._refresh_settings()

    @property
    def run(self) -> Run | None:
        """Return the run that is looked at: the one at work, the one that was chosen, or the newest."""
        running = self._running()
        wanted = running[0].run if running and running[0].run else self._chosen
        return next((run for run in self.runs if run.folder.name == wanted), self.runs[-1] if self.runs else None)

    def _lay_out(self) -> None:
        self.empty = EmptyState("train", tr("Nothing is trained yet"), "")
        self._progress = empty_or(self.empty, self.progress)
        panes = self._panes()
        self._keys = list(panes)
        self.panes = Segments({key: text for key, (text, _) in panes.items()}, tr("Parts of the page"))
        self._stack = QStackedWidget()
        for _, pane in panes.values():
            self._stack.addWidget(pane)
        self.panes.choose("progress")
        self.panes.chosen.connect(self.show_pane)
        layout = column(self.head, row(self.panes, None), self._stack, spacing=14)
        layout.setStretch(2, 1)
        layout.setContentsMargins(28, 20, 28, 20)
        self.setLayout(layout)

    def _panes(self) -> dict[str, tuple[str, QWidget]]:
        return {
            "progress": (tr("Progress"), self._progress),
            "probes": (tr("Questions"), self.probes),
            "rows": (tr("What It Sees"), self.rows),
            "settings": (tr("Settings"), self.settings),
            "runs": (tr("Runs"), self.history),
        }

    def _connect(self) -> None:
        document, jobs = self.shell.document, self.shell.jobs
        document.status_changed.connect(self.refresh)
        document.settings_changed.connect(self._refresh_settings)
        jobs.changed.connect(self._on_jobs_changed)
        jobs.ended.connect(self._on_ended)
        self.feed.changed.connect(self._refresh_run)
        self.preview.changed.connect(self._refresh_settings)
        self.probes.choose_wanted.connect(self.choose_probes)
        self.history.shown.connect(self.look_at)
        self.history.delete_wanted.connect(self.ask_delete)
        self.rows.changed.connect(lambda name, value: self.change({name: value}))
        self.rows.wanted.connect(self._look)
        self.settings.dial_chosen.connect(document.set_dial)
        self.settings.changed.connect(self.change)
        self.settings.file_wanted.connect(self._on_file_wanted)
        self.settings.forecast.wanted.connect(self.measure)
        self.settings.forecast.change_wanted.connect(self.change)

    # What the person does.

    def train(self) -> None:
        """Train, or go on with what was stopped."""
        if self.shell.jobs.current:
            return
        self.shell.document.texts.save_all()
        status = self.shell.document.status
        for run in self.runs:
            if status and run.folder.name == status.unfinished_run:
                forget_pause(run.at_work)
        self.shell.jobs.start("train")

    def go_on(self) -> None:
        """Go on with the run that was stopped, exactly where it was."""
        run = unfinished_run(self.shell, self.runs)
        if run and run.request.get("extends") and not self.shell.jobs.current:
            forget_pause(run.at_work)
            self.shell.jobs.start("train", extend=run.settings.updates)
        else:
            self.train()

    def more(self) -> None:
        """Make more updates after the newest run."""
        if not self.shell.jobs.current:
            self.shell.jobs.start("train", extend=MORE)

    def finish(self) -> None:
        """End the run that is stopped and keep the best of it."""
        if not self.shell.jobs.current:
            self.shell.jobs.start("train", finish=True)

    def stop(self) -> None:
        """Ask how to stop; what is not training yet stops at once, and what is stopping already stops now."""
        running = self._running()
        job = self.shell.jobs.current
        run = self.run
        if running and job and running[0].stage == "train" and job.state is JobState.RUNNING and run and self.feed.run:
            StopSheet(
                self.window(), self.feed.curves, lambda: self._wish(run, "pause"), lambda: self._wish(run, "finish")
            ).open()
        elif job:
            job.stop()

    def look_at(self, run: str) -> None:
        """Show the curves of a run."""
        self._chosen = run
        self.show_pane("progress")
        self._refresh_run()

    def ask_delete(self, name: str) -> None:
        """Ask whether a run shall be deleted; nothing is deleted without."""
        run = next((run for run in self.runs if run.folder.name == name), None)
        if run and self.shell.jobs.current is None:
            ask_delete(self, self.shell, run, self.refresh)

    def choose_probes(self) -> None:
        """Choose what is asked at every checkpoint."""
        choose_probes(self, self.shell, self.runs[-1] if self.runs else None)

    def measure(self) -> None:
        """Measure what a run would take."""
        if not self.shell.jobs.current:
            self._measured = self._made_from()
            self.shell.jobs.start("forecast")

    def change(self, values: dict[str, Any]) -> None:
        """Change training values; what cannot be used is said where it was typed."""
        try:
            self.shell.document.set_training(values)
        except EspalierError as error:
            self.settings.refuse(values, said(str(error)))

    def _on_file_wanted(self, what: str) -> None:
        if what == "open":
            open_values(self, self.shell)
        else:
            save_values(self, self.shell, self._row_count)

    def _wish(self, run: Run, what: str) -> None:
        job = self.shell.jobs.current
        if not job or job.state is not JobState.RUNNING:
            return
        try:
            wish(run.at_work, what)
        except OSError as error:
            self.shell.tell(tr("Espalier could not do that"), sentence_of(error))
            return
        if what == "pause":
            job.wind_down()
        else:
            self._finishing = True
        self._refresh_run()

    # What is shown.

    def _running(self) -> tuple[Story, Job] | None:
        job = self.shell.jobs.current
        return (self.shell.jobs.story(job), job) if job and job.request.command in TRAINING else None

    @Slot()
    def _on_jobs_changed(self) -> None:
        """Follow a job, a few times a second while it only moves on."""
        job = self.shell.jobs.current
        running = self._running()
        if running and running[0].run and running[0].run not in {run.folder.name for run in self.runs}:
            self.runs = all_runs(self.shell.document.project)
        if job is not self._seen:
            self._seen = job
            self._finishing = False
            self.refresh()
        elif not self._beat.isActive():
            self._beat.start()

    @Slot(object)
    def _on_ended(self, story: object) -> None:
        self.refresh()

    @Slot()
    def _refresh_run(self) -> None:
        running, run = self._running(), self.run
        is_training = running is not None and running[0].stage == "train"
        shown = None if running and not is_training else run
        self.feed.blockSignals(True)
        self.feed.follow(shown, is_live=is_training)
        self.feed.blockSignals(False)
        curves = self.feed.curves
        self._progress.setCurrentIndex(1 if shown and (curves.steps or is_training) else 0)
        if running:
            self._show_running(*running, curves)
        else:
            self._show_rest()
        total = max(curves.total, curves.steps[-1] if curves.steps else 0)
        left = ""
        if running and is_training:
            progress = running[0].progress
            left = (time_left(progress.seconds_left) if progress else "") or "–"
        self.head.show_figures(
            curves if shown else None, total, left, self._machine, running[0].memory if running else 0
        )
        if self.pane == "probes":
            self._show_probes(curves, shown)
        if shown:
            told = alerts(shown, curves, self._machine)
            self.progress.show_run(curves, total, self._machine, told, is_over=shown.adapter is not None)
        self.offers = frozenset({"train", "go_compare", *(["stop"] if running else [])})

    def _show_running(self, story: Story, job: Job, curves: Curves) -> None:
        is_training, is_stopping = story.stage == "train", job.state is JobState.STOPPING
        self.head.bar.show()
        progress = story.progress
        if is_training and curves.total:
            self.head.bar.setRange(0, curves.total)
            self.head.bar.setValue(curves.steps[-1])
        else:
            self.head.bar.setRange(0, progress.total if progress else 0)
            self.head.bar.setValue(progress.done if progress else 0)
        names = self.run.phase_names if self.run and is_training else []
        self.head.show_steps(names, len(curves.borders))
        text = tr("Finished updates are kept, and the window may be closed: training goes on from its last checkpoint.")
        if job.state is JobState.QUEUED:
            self.head.say(tr("Waiting"), tr("Another project's job runs first."))
        elif is_stopping:
            self.head.say(tr("Pausing…"), tr("The update that is being made is finished and saved."))
        elif self._finishing:
            self.head.say(tr("Finishing…"), tr("The update that is being made is finished; then the best is kept."))
        elif progress and progress.waits:
            self.head.say(tr("Training waits"), said(progress.detail))
        elif is_training and not curves.steps:
            self.head.say(
                tr("The student gets ready"), tr("The model and the rows are loaded; the first update is slow.")
            )
        elif is_training:
            self.head.say(tr("The student is learning"), text)
        else:
            self.empty.line.setText(tr("Training begins soon"))
            self.empty.sentence.setText(tr("The curves appear here with the first update."))
            title = stage_title(story.stage)
            self.head.say(tr("Training begins soon"), f"{title} · {unit_text(job)}".removesuffix(" · "))
        stop = tr("Stop Now") if is_stopping else tr("Stop…") if is_training else tr("Stop")
        why = tr("It ends by itself in a moment.") if self._finishing else ""
        self.head.offer([Act("stop", stop, self.stop, why_not=why)])

    def _show_rest(self) -> None:
        """Show where training stands while none runs."""
        self.head.bar.hide()
        self.head.show_steps((), 0)
        self.empty.line.setText(tr("Nothing is trained yet"))
        self.empty.sentence.setText(
            tr(
                "The student learns from your seed examples and the accepted samples. Only a small adapter is trained; "
                "the model itself stays as it is. Samples that are missing are written first."
            )
        )
        curves = self.feed.curves
        stands = standing(self.shell, self.runs, curves.steps[-1] if curves.steps else 0)
        self.head.say(stands.line, stands.sentence, stands.role)
        do = {
            "train": self.train,
            "go on": self.go_on,
            "more": self.more,
            "finish": self.finish,
            "compare": lambda: self.shell.go("compare"),
        }
        self.head.offer([replace(act, do=do[act.key]) for act in stands.acts])

    @Slot()
    def _refresh_settings(self) -> None:
        project, jobs = self.shell.document.project, self.shell.jobs
        self.settings.show_project(project, self._row_count)
        story = jobs.latest.get("forecast")
        is_measuring = story is not None and not story.state.is_over
        found = story.result if story else {}
        reason = tr("Another job runs.") if jobs.current else why_not(self.shell)
        is_stale = bool(found) and self._measured != self._made_from()
        problem = story.message if story else ""
        self.settings.forecast.show_forecast(
            found, problem, why_not=reason, is_measuring=is_measuring, is_stale=is_stale
        )
        if self.pane == "rows":
            if self._asked != self._made_from() and jobs.current is None:
                self._look()
            try:
                settings = train_settings(project)
            except EspalierError:
                return
            self.rows.show_rows(self._rows_told(), settings, self.preview.problem, is_asking=self.preview.is_asking)

    def _show_probes(self, curves: Curves, run: Run | None) -> None:
        questions = read_probes(run.folder) if run else []
        if self.shell.document.project.probes == ():
            text = tr("Asking is switched off. “Choose Questions…” switches it on for the next training.")
        elif run and curves.steps and not questions:
            text = tr("This run asked nothing: there was no held-out question, or asking was switched off.")
        else:
            text = tr("The next training asks some held-out questions at every checkpoint and shows the answers here.")
        self.probes.show_probes(questions, curves, text)

    def _rows_told(self) -> dict[str, Any]:
        """Return what the student sees: of the run that is at work, else of what training now would begin with."""
        if self.preview.result and not self._running():
            return dict(self.preview.result)
        run = self.run
        if run:
            return read_first_batch(run.folder)
        return {}

    @property
    def _row_count(self) -> int:
        return len(self.preview.result.get("lengths", ()))

    def _look(self) -> None:
        if self.shell.jobs.current is None and not self.preview.is_asking:
            self._asked = self._made_from()
            self.preview.ask()

    def _made_from(self) -> str:
        """Return what a preview or forecast is made from, to tell whether one is out of date."""
        document = self.shell.document
        leaves = [(leaf.path, leaf.accepted, leaf.reviewed) for leaf in document.leaves.values()]
        project = document.project
        return repr((project.student, project.dial, dict(project.training), leaves))
