"""The sheet that fetches the documents a leaf names in a repository: how far it is, and what went wrong."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QProgressBar, QWidget
from typing_extensions import override

from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.widgets.basics import button, label, set_role
from espalier_desktop.widgets.sheet import Sheet


class FetchSheet(Sheet):
    """Begins at once, and can be stopped at any moment; documents that are there by then stay.

    Signals:
        fetched: what the worker tells: ``documents`` and ``notes``.

    Args:
        place: the repository, as the leaf names it.
        owner: keeps the worker alive until it has ended, also when this sheet is gone.
    """

    fetched = Signal(object)

    def __init__(self, parent: QWidget, root: Path, leaf: str, place: str, owner: QObject) -> None:
        super().__init__(parent, tr("Fetch the documents"), tr("From {place}").format(place=place))
        set_role(self.sentence, "muted")
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)  # until Git says how much there is
        self.progress.setAccessibleName(tr("Progress of the documents"))
        self.step = label(tr("Looking it up"), "muted")
        self.note = label(role="error", wrap=True)
        self.note.setMinimumWidth(392)
        self.note.hide()
        self.body.addSpacing(4)
        for each in (self.progress, self.step, self.note):
            self.body.addWidget(each)
        self.close_button = button(tr("Cancel"), self.reject)
        self.close_button.setAutoDefault(False)
        self._buttons.addWidget(self.close_button)
        self._job: Job | None = Job(
            "fetch_documents", {"leaf": leaf}, root, logs_folder() / "fetch_documents.log", owner
        )
        self._job.changed.connect(self._show_progress)
        self._job.finished.connect(self._conclude)
        self._job.finished.connect(self._job.deleteLater)
        self._job.start()

    @override
    def reject(self) -> None:
        """Stop fetching; close the sheet when nothing runs."""
        if self._job is None:
            super().reject()
        elif self._job.state is JobState.RUNNING:
            self._job.stop()
            self.step.setText(tr("Stopping…"))

    @Slot()
    def _show_progress(self) -> None:
        job = self._job
        if job and job.progress and job.state is JobState.RUNNING:
            self.progress.setRange(0, 100)
            self.progress.setValue(job.progress.done)
            self.step.setText(tr("Fetching"))

    @Slot()
    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        if job.state is JobState.DONE:
            self.accept()
            self.fetched.emit(job.result)
        elif job.state is JobState.STOPPED:
            super().reject()
        else:
            self.progress.hide()
            self.step.hide()
            self.note.setText(job.message)
            self.note.show()
            self.close_button.setText(tr("Close"))
            self.adjustSize()
