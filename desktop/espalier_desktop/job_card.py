"""The running job at the foot of the sidebar: what it does, how far it is, how long it takes, how to stop it."""

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QSizePolicy, QToolButton
from typing_extensions import override

from espalier_desktop.i18n import said, tr
from espalier_desktop.icons import icon
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.project_jobs import ProjectJobs
from espalier_desktop.widgets.basics import column, label, row
from espalier_desktop.widgets.formats import memory, number, size, time_left

PAGES = {
    **{"generate": "generate", "try": "generate", "suggest": "review", "explain": "review", "model": "overview"},
    **{"train": "train", "forecast": "train", "quantize": "quantize", "evaluate": "compare"},
    "probe": "taxonomy",
    **{"export": "export", "import_adapter": "export", "publish": "export"},
}


_SHARING = ("export", "import_adapter", "publish")  # their stages are of no other page


def stage_title(stage: str) -> str:
    """Return what a stage of the engine is called in the window."""
    titles = {
        "model": tr("Getting the model"),
        "generate": tr("Writing samples"),
        "try": tr("Trying a few rows"),
        "suggest": tr("Writing suggestions"),
        "explain": tr("Explaining"),
        "train": tr("Training"),
        "quantize": tr("Quantizing"),
        "evaluate": tr("Asking held-out questions"),
        "probe": tr("Asking the student"),
        "forecast": tr("Measuring"),
        "export": tr("Making a form"),
        "import_adapter": tr("Importing an adapter"),
        "publish": tr("Publishing"),
    }
    return titles.get(stage, tr("Starting"))


def job_title(job: Job) -> str:
    """Return what a job is doing, in a few words."""
    if job.request.command == "ask":
        return tr("Answering")
    if job.request.command in _SHARING:
        return stage_title(job.request.command)
    return stage_title(job.stage.name if job.stage else "")


def unit_text(job: Job) -> str:
    """Return how much of the stage is done, such as ``340 of 600 updates``; "" while that is not known."""
    if not job.progress:
        return ""
    if job.progress.unit == "bytes":
        return tr("{done} of {all}").format(done=size(job.progress.done), all=size(job.progress.total))
    texts = {
        "updates": tr("{done} of {total} updates"),
        "facts": tr("{done} of {total} facts"),
        "answers": tr("{done} of {total} answers"),
        "rounds": tr("{done} of {total} rounds"),
        "samples": tr("{done} of {total} samples"),
        "percent": tr("{done} %"),
    }
    text = texts.get(job.progress.unit, "{done} / {total}")
    return text.format(done=number(job.progress.done), total=number(job.progress.total))


class JobCard(QFrame):
    """The project's current job; nothing is shown when there is none.

    Signals:
        opened: the page that the job belongs to should be shown.
    """

    opened = Signal(str)

    def __init__(self, jobs: ProjectJobs) -> None:
        super().__init__()
        self.setObjectName("job_card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._jobs = jobs
        self.title = label(role="strong")
        self.detail = label(role="caption", wrap=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the job"))
        self.stop = QToolButton()
        self.stop.setIcon(icon("stop"))
        self.stop.setAccessibleName(tr("Stop the job"))
        self.stop.setToolTip(tr("Stop. Finished work is kept."))
        self.stop.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.stop.clicked.connect(jobs.stop)
        layout = column(row(self.title, None, self.stop), self.bar, self.detail, spacing=6)
        layout.setContentsMargins(12, 6, 8, 10)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        jobs.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show where the job is."""
        job = self._jobs.current
        self.setVisible(job is not None)
        if job is None:
            return
        if job.state is JobState.QUEUED:
            self.title.setText(tr("Waiting"))
            self.detail.setText(tr("Another project's job runs first."))
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
        else:
            self.title.setText(tr("Stopping…") if job.state is JobState.STOPPING else job_title(job))
            self._show_progress(job)
        waiting = len(self._jobs.jobs) - 1
        if waiting:
            self.detail.setText(self.detail.text() + "\n" + tr("%n more job(s) waiting", waiting))
        self.setAccessibleName(tr("Job: {title}").format(title=self.title.text()))
        self.setAccessibleDescription(self.detail.text())
        self.setToolTip(tr("Show the page of this job"))

    def _show_progress(self, job: Job) -> None:
        progress = job.progress
        self.bar.setRange(0, progress.total if progress else 0)
        if progress:
            self.bar.setValue(progress.done)
        if progress and progress.waits and job.state is JobState.RUNNING:
            self.title.setText(tr("Training waits"))
            self.detail.setText(said(progress.detail))
            return
        lines = [unit_text(job), time_left(progress.seconds_left) if progress else ""]
        lines.append(tr("{size} in use").format(size=memory(job.memory)) if job.memory else "")
        self.detail.setText("\n".join(line for line in lines if line) or tr("Loading…"))

    def _open(self) -> None:
        job = self._jobs.current
        if job:
            command = job.request.command
            stage = "evaluate" if command == "ask" else job.stage.name if job.stage else ""
            stage = command if command in _SHARING else stage
            self.opened.emit(PAGES.get(stage, "overview"))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.type() is QEvent.Type.MouseButtonRelease and self.rect().contains(event.position().toPoint()):
            self._open()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        else:
            super().keyPressEvent(event)
