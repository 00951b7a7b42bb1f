"""The sheet that shows a few rows as the teacher would write them, with the critic's verdicts."""

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHeaderView, QProgressBar, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.project_jobs import ProjectJobs
from espalier_desktop.pages.generate.rows import RowsTable
from espalier_desktop.widgets.basics import button, label, set_role
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.sheet import Sheet


class TrySheet(Sheet):
    """Rows as they come; closing the sheet stops the teacher.

    Args:
        parent: the window.
        jobs: in which the try runs.
        go_on: plans the full run.
        again: tries once more, after a failure.
    """

    def __init__(
        self, parent: QWidget, jobs: ProjectJobs, go_on: Callable[[], object], again: Callable[[], object]
    ) -> None:
        text = tr("A look at what the teacher writes. These rows are not kept, and the full run draws its own.")
        super().__init__(parent, tr("Try 5"), text)
        self._jobs, self._again, self._go_on = jobs, again, go_on
        self._story = jobs.latest["try"]
        self.setMaximumWidth(16_777_215)
        self.resize(860, 460)
        set_role(self.sentence, "muted")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the job"))
        self.bar.setRange(0, 0)
        self.table = RowsTable(tr("Rows that were tried"))
        self.table.setMinimumHeight(250)
        self.table.setWordWrap(True)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.state = label(role="muted", wrap=True)
        for item in (self.bar, self.table, self.state):
            self.body.addWidget(item)
        self.body.setStretchFactor(self.table, 1)
        self.close_button = button(tr("Close"), self.reject)
        self.close_button.setAutoDefault(False)
        self.go = button(tr("Generate…"), self._proceed, role="primary")
        self.go.setDefault(True)
        self._buttons.addWidget(self.close_button)
        self._buttons.addWidget(self.go)
        jobs.changed.connect(self.refresh)
        jobs.ended.connect(self._on_ended)
        self.finished.connect(self._stop)
        self.close_button.setFocus()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what has come so far."""
        story = self._story
        self.table.rows.show_rows(list(story.rows)[::-1])  # the first of them on top
        is_over = story.state.is_over
        self.bar.setVisible(not is_over)
        self.go.setEnabled(is_over)
        has_failed = story.state in (JobState.FAILED, JobState.CRASHED)
        self.go.setText(tr("Try Again") if has_failed else tr("Generate…"))
        if not is_over:
            loading = tr("The teacher is loaded and writes…")
            waiting = tr("Another project's job runs first.")
            self.state.setText(waiting if self._jobs.waits_for_another_project else loading)
        elif story.state is JobState.DONE:
            drawn, accepted = sum(story.drawn.values()), sum(story.accepted.values())
            text = tr("{accepted} of {all} accepted. The pace was measured; the plan of the full run tells the time.")
            self.state.setText(text.format(accepted=number(accepted), all=number(drawn)))
        else:
            self.state.setText(story.message or tr("Stopped."))
        set_role(self.state, "error" if story.message else "muted")

    @Slot(object)
    def _on_ended(self, story: object) -> None:
        if story is self._story:
            self.refresh()
            self.go.setFocus()

    def _proceed(self) -> None:
        has_failed = self._story.state in (JobState.FAILED, JobState.CRASHED)
        self.accept()
        (self._again if has_failed else self._go_on)()

    @Slot()
    def _stop(self) -> None:
        if not self._story.state.is_over and self._jobs.current and self._jobs.story(self._jobs.current) is self._story:
            self._jobs.stop()
