"""Generate: which leaves are written, what that takes, and the rows as they are decided."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.generate.forecaster import Forecaster
from espalier_desktop.pages.generate.head import ENDED_BADLY, Head
from espalier_desktop.pages.generate.leaf_pane import LeafPane
from espalier_desktop.pages.generate.leaves import LeavesModel, LeavesTable
from espalier_desktop.pages.generate.plan_sheet import PlanSheet
from espalier_desktop.pages.generate.teacher import teacher_words
from espalier_desktop.pages.generate.try_sheet import TrySheet
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.taxonomy_history import base_name
from espalier_desktop.widgets.basics import button, column, row, set_role, set_widths
from espalier_desktop.widgets.empty import EmptyState, empty_or

WRITING = ("generate", "tune", "train")  # commands whose first stage writes samples
BEAT = 100  # milliseconds between two looks at a job that moves on
SETTLE = 400  # milliseconds after a change until the work is foretold again


class GeneratePage(Page):
    """The head above; below it the leaves with ticks beside the rows and the funnel of the one that is looked at."""

    offers = frozenset({"generate", "go_generate"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.head = Head(self.plan, self.try_few, shell.jobs.stop, self.go_on)
        self.model = LeavesModel(self)
        self.leaves = LeavesTable(self.model)
        self.pane = LeafPane()
        self.forecaster = Forecaster(shell.document, self)
        self._pipeline = ""  # that a try was made with, until a plan takes it over
        self._sheet: TrySheet | None = None
        self._followed = ""  # the leaf that the run was last seen at
        self._before = 0  # accepted rows of that leaf when the run came to it
        self._seen: Job | None = None  # the job that was shown last
        self._beat = QTimer(self, interval=BEAT, singleShot=True)
        self._beat.timeout.connect(self._refresh_run)
        self._settled = QTimer(self, interval=SETTLE, singleShot=True)
        self._settled.timeout.connect(lambda: self.forecaster.ask(pipeline=shell.document.project.pipeline))
        self._lay_out()
        self._connect()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the leaves there are and where their samples are."""
        document = self.shell.document
        self._whole.setCurrentIndex(1 if document.leaves else 0)
        self.model.show_leaves(document.leaves.values())
        if not self.leaves.path:
            self.leaves.choose(self.model.path(0))
        text, role = teacher_words(document.project)
        self.head.teacher.setText(text)
        set_role(self.head.teacher, role)
        history = document.history.now
        changes = [path for path in (history.changes if history else {}) if path in document.leaves]
        self.since.setVisible(bool(changes))
        if history and changes:
            words = tr("Tick the leaves that changed since {base}").format(base=base_name(history.base))
            self.since.setToolTip(words)
            self.since.setAccessibleName(words)
        self._refresh_run()

    def showing(self) -> None:
        """Foretell the work as things are now."""
        if self.shell.document.status:
            self._settled.start()
        self.refresh()

    def closing(self) -> None:
        """End what is being looked up."""
        self._settled.stop()
        self.forecaster.close()

    def save_state(self) -> dict[str, Any]:
        """Return the leaf that is looked at, the pane and the widths."""
        return {"leaf": self.leaves.path, "pane": self.pane.pane, "sizes": self._splitter.sizes()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Look at the leaf that was looked at."""
        self.leaves.choose(str(state.get("leaf")))
        if state.get("pane") in self.pane.panes.buttons:
            self.pane.show_pane(str(state["pane"]))
        set_widths(self._splitter, state.get("sizes"))

    def point_to(self, place: Mapping[str, str]) -> None:
        """Tick one leaf and look at it, as a page does that wants more rows for it."""
        leaf = place.get("leaf", "")
        if leaf in self.shell.document.leaves:
            self.model.choose([leaf])
            self.leaves.choose(leaf)

    def plan(self, pipeline: str = "") -> None:
        """Plan a full run of the leaves with a tick."""
        document = self.shell.document
        chosen = self.model.chosen
        if chosen and self.shell.jobs.current is None:
            document.texts.save_all()
            pipeline = pipeline or self._pipeline or document.project.pipeline
            PlanSheet(self.window(), document, chosen, pipeline, self._start, self.try_few).open()

    def try_few(self, pipeline: str = "") -> None:
        """Let the teacher write a few rows for the leaves with a tick."""
        if self.shell.jobs.current is None and self.model.chosen:
            self.shell.document.texts.save_all()
            self._pipeline = pipeline
            self.shell.jobs.start("try", leaves=self.model.chosen, pipeline=pipeline)

    def go_on(self) -> None:
        """Go on with the last run, exactly where it was."""
        story = self._story()
        if story and self.shell.jobs.current is None:
            self.shell.jobs.start(story.command, **story.arguments)

    def _lay_out(self) -> None:
        def tick(text: str, name: str, which: Any) -> Any:
            made = button(text, lambda: self.model.choose(which()), role="link")
            made.setAccessibleName(name)
            return made

        document = self.shell.document
        self.every = tick(tr("All"), tr("Tick all leaves"), lambda: list(document.leaves))
        self.none = tick(tr("None"), tr("Tick no leaf"), list)
        self.needed = tick(tr("To write"), tr("Tick the leaves that need writing"), lambda: None)
        self.since = tick(tr("Changed"), "", self._changed)
        left = QWidget()
        ticks = row(self.every, self.none, self.needed, self.since, None, spacing=4)
        left.setLayout(column(ticks, self.leaves, spacing=6))
        left.setMinimumWidth(300)
        self.pane.setMinimumWidth(380)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setProperty("role", "gap")
        self._splitter.setHandleWidth(20)
        self._splitter.setChildrenCollapsible(False)
        for part in (left, self.pane):
            self._splitter.addWidget(part)
        self._splitter.setSizes([384, 616])
        self._splitter.setStretchFactor(1, 1)
        content = column(self.head, self._splitter, spacing=16)
        content.setStretch(1, 1)
        content.setContentsMargins(24, 20, 24, 20)
        whole = QWidget()
        whole.setLayout(content)
        text = tr(
            "The teacher reads your seed examples and documents and writes questions and answers like them. The critic "
            "judges each one and says why. Add a leaf first."
        )
        add = button(tr("Go to Taxonomy"), lambda: self.shell.go("taxonomy"), role="primary")
        self._whole = empty_or(EmptyState("generate", tr("Nothing to write for yet"), text, add), whole)
        self.setLayout(column(self._whole, spacing=0))

    def _connect(self) -> None:
        document, jobs = self.shell.document, self.shell.jobs
        document.leaves_changed.connect(self.refresh)
        document.status_changed.connect(self._on_status)
        document.settings_changed.connect(self._on_status)
        document.history.changed.connect(self.refresh)
        jobs.changed.connect(self._on_jobs_changed)
        jobs.ended.connect(self._on_ended)
        self.forecaster.changed.connect(self._refresh_run)
        self.model.ticked.connect(self._refresh_run)
        self.leaves.shown.connect(lambda _: self._refresh_leaf())
        self.pane.switched.connect(self._refresh_leaf)
        self.pane.wanted.connect(lambda place: self.shell.go("review", place))

    def _changed(self) -> list[str]:
        """Return the leaves that are not as they were at the base."""
        history = self.shell.document.history.now
        return list(history.changes) if history else []

    def _start(self, pipeline: str, per_leaf: int) -> None:
        document, chosen = self.shell.document, self.model.chosen
        self._pipeline = ""
        document.set_pipeline(pipeline)
        leaves = [] if len(chosen) == len(document.leaves) else chosen
        self.model.choose(None)
        self.shell.jobs.start("generate", leaves=leaves, per_leaf=per_leaf)

    def _story(self) -> Story | None:
        """Return the latest job that wrote samples, None when this window has seen none."""
        latest = self.shell.jobs.latest
        told = [latest[name] for name in WRITING if name in latest]
        return max(told, key=lambda story: story.log.name, default=None)

    def _running(self) -> tuple[Story, Job] | None:
        job = self.shell.jobs.current
        story = self.shell.jobs.story(job) if job and job.request.command in WRITING else None
        return (story, job) if story and job and story.stage in ("", "model", "generate") else None

    @Slot()
    def _on_status(self) -> None:
        self.refresh()
        if self.isVisible() and self.shell.jobs.current is None:
            self._settled.start()

    @Slot()
    def _on_jobs_changed(self) -> None:
        """Follow a job, a few times a second while it only moves on."""
        self._open_try()
        job = self.shell.jobs.current
        if job is not self._seen:
            self._seen = job
            self._refresh_run()
        elif not self._beat.isActive():
            self._beat.start()

    @Slot()
    def _refresh_run(self) -> None:
        if not self.isVisibleTo(self.window()):
            return
        document, running = self.shell.document, self._running()
        if running:
            story, job = running
            self.head.show_run(story, job, len(story.arguments.get("leaves") or document.leaves))
            leaf = story.leaf
            if leaf and leaf != self._followed:
                self._followed, self._before = leaf, document.leaves[leaf].accepted if leaf in document.leaves else 0
                self.leaves.choose(leaf)
            self.model.show_running(leaf, {leaf: self._before + story.accepted.get(leaf, 0)})
        else:
            self._followed = ""
            self.model.show_running("", {})
            self._show_rest()
        self.offers = frozenset({"generate", "go_generate", *(["stop"] if running else [])})
        self._refresh_leaf()

    def _show_rest(self) -> None:
        """Show the plan, and how the last run ended when it did not come to its end."""
        document, chosen = self.shell.document, self.model.chosen
        found = self.forecaster.forecast(chosen)
        is_ready = self.shell.jobs.current is None and not document.errors
        problem = tr("Mend the leaves with errors first.") if document.errors else self.forecaster.problem
        self.head.show_plan(len(chosen), len(document.leaves), found, problem, is_ready=is_ready)
        story = self._story()
        is_unfinished = any(leaf.samples != "all" for leaf in document.leaves.values())
        if not story or self.shell.jobs.current or story.stage not in ("", "generate", "model"):
            return
        if story.state in ENDED_BADLY or (story.state is JobState.STOPPED and is_unfinished):
            self.head.show_end(story)

    @Slot()
    def _refresh_leaf(self) -> None:
        leaf = self.shell.document.leaves.get(self.leaves.path)
        if leaf is None:
            return
        running = self._running()
        story = running[0] if running else None
        has_written = story is not None and story.drawn.get(leaf.path, 0) > 0
        is_running = story is not None and story.leaf == leaf.path
        project = self.shell.document.project
        self.pane.show_leaf(project, leaf, story if has_written else None, is_running=is_running)

    def _open_try(self) -> None:
        job = self.shell.jobs.current
        if job and job.request.command == "try" and self._sheet is None:
            pipeline = str(job.request.arguments.get("pipeline", ""))
            self._sheet = TrySheet(
                self.window(), self.shell.jobs, lambda: self.plan(pipeline), lambda: self.try_few(pipeline)
            )
            self._sheet.finished.connect(self._forget_sheet)
            self._sheet.open()

    @Slot()
    def _forget_sheet(self) -> None:
        self._sheet = None
        self._settled.start()

    @Slot(object)
    def _on_ended(self, story: object) -> None:
        assert isinstance(story, Story)
        self._refresh_run()
