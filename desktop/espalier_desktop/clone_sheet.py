"""The sheet that makes a project around a taxonomy from elsewhere: its address, where it goes, how far it is."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QWidget
from typing_extensions import override

from espalier.taxonomy.names import proper_name
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.sheet import Sheet

SHARE = {"Receiving objects": (0, 80), "Resolving deltas": (80, 95), "Updating files": (95, 100)}
"""From where to where, in percent of the whole, the parts of a clone go by Git's own names."""


class CloneSheet(Sheet):
    """Asks for an address and a folder, clones, and can be stopped at any moment with nothing left behind.

    Signals:
        made: folder of the new project.

    Args:
        owner: keeps the worker alive until it has tidied up, also when this sheet is gone.
    """

    made = Signal(object)

    def __init__(self, parent: QWidget, owner: QObject) -> None:
        sentence = tr("Espalier makes a new project around a copy of it, with its history.")
        super().__init__(parent, tr("Clone a taxonomy"), sentence)
        set_role(self.sentence, "muted")
        self.setMinimumWidth(520)
        self._owner = owner
        self._job: Job | None = None
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self._place = Path(documents or Path.home())
        self._is_own_place = False
        self.address = QLineEdit()
        self.address.setAccessibleName(tr("Address"))
        self.address.setPlaceholderText("https://github.com/instructlab/taxonomy.git")
        self.folder = QLineEdit(str(_free(self._place / tr("My Project"))))
        self.folder.setAccessibleName(tr("Folder of the new project"))
        self.pick = button(tr("Choose…"), self._choose_source)
        self.pick.setAccessibleName(tr("Choose a taxonomy on this machine"))
        self.pick_folder = button(tr("Choose…"), self._choose_folder)
        self.pick_folder.setAccessibleName(tr("Choose the folder of the new project"))
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the clone"))
        self.step = label(role="muted")
        self.note = label(role="error", wrap=True)
        self.note.setMinimumWidth(472)
        self.note.hide()
        from_title = label(tr("Git address, or a folder on this machine"), "section")
        self.body.addSpacing(4)
        self.body.addLayout(column(from_title, row(self.address, self.pick), spacing=4))
        to_title = label(tr("Folder of the new project"), "section")
        self.body.addLayout(column(to_title, row(self.folder, self.pick_folder), spacing=4))
        self.body.addSpacing(4)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.step)
        self.body.addWidget(self.note)
        self.body.addStretch(1)
        self.add_cancel()
        self.confirm = button(tr("Clone"), self._start, role="primary")
        self.confirm.setDefault(True)
        self._buttons.addWidget(self.confirm)
        for picker in (self.pick, self.pick_folder):
            picker.setAutoDefault(False)
        self.address.textEdited.connect(self._on_address)
        for field in (self.address, self.folder):
            field.textChanged.connect(self._refresh)
        self.folder.textEdited.connect(self._on_folder)
        self._refresh()
        self.address.setFocus()

    @override
    def reject(self) -> None:
        """Stop the clone, if one is running; else close the sheet."""
        if self._job is None:
            super().reject()
        elif self._job.state is JobState.RUNNING:
            self._job.stop()
            self.step.setText(tr("Stopping…"))

    def _on_address(self, text: str) -> None:
        if not self._is_own_place:
            self.folder.setText(str(_free(self._place / (_name_in(text) or tr("My Project")))))

    def _on_folder(self) -> None:
        self._is_own_place = True

    def _refresh(self) -> None:
        is_busy = self._job is not None
        for control in (self.address, self.folder, self.pick, self.pick_folder):
            control.setEnabled(not is_busy)
        self.progress.setVisible(is_busy)
        self.step.setVisible(is_busy)
        is_given = bool(self.address.text().strip() and self.folder.text().strip())
        self.confirm.setEnabled(is_given and not is_busy)
        self._fit()

    def _fit(self) -> None:
        """Be as tall as what is shown now."""
        layout = self.layout()
        assert layout
        layout.activate()
        width = max(self.width(), self.minimumWidth())
        self.resize(width, layout.totalHeightForWidth(width))

    def _choose_source(self) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Choose a taxonomy on this machine"), str(self._place))
        if found:
            self.address.setText(found)
            self._on_address(found)

    def _choose_folder(self) -> None:
        found, _ = QFileDialog.getSaveFileName(self, tr("Folder of the new project"), self.folder.text())
        if found:
            self.folder.setText(found)
            self._is_own_place = True

    def _start(self) -> None:
        folder = Path(self.folder.text().strip()).expanduser().absolute()
        job = Job("clone", {"source": self.address.text().strip()}, folder, logs_folder() / "clone.log", self._owner)
        self._job = job
        self.note.hide()
        self.progress.setRange(0, 0)  # until Git says how much there is
        self.step.setText(tr("Looking it up"))
        self._refresh()
        job.changed.connect(self._show_progress)
        job.finished.connect(self._conclude)
        job.finished.connect(job.deleteLater)
        self.destroyed.connect(_stopper(job))
        job.start()

    @Slot()
    def _show_progress(self) -> None:
        job = self._job
        if job and job.progress and job.state is JobState.RUNNING:
            start, end = SHARE.get(job.progress.detail, (0, 0))
            if end:
                self.progress.setRange(0, 100)
                self.progress.setValue(max(self.progress.value(), start + job.progress.done * (end - start) // 100))
            words = {"Receiving objects": tr("Fetching"), "Updating files": tr("Writing files")}
            self.step.setText(words.get(job.progress.detail, tr("Preparing")))

    @Slot()
    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        self._refresh()
        if job.state is JobState.DONE:
            self.accept()
            self.made.emit(job.root)
        elif job.state is not JobState.STOPPED:
            self.note.setText(job.message)
            self.note.show()
            self._fit()
        self.address.setFocus()


def _name_in(address: str) -> str:
    """Return what a project around this taxonomy would be called, "" while that cannot be told."""
    name = re.split(r"[/:\\]", address.strip().rstrip("/"))[-1].removesuffix(".git")
    return proper_name(name) if re.search(r"\w", name) else ""


def _free(folder: Path) -> Path:
    """Return the folder, or the first with a number behind its name that is not there yet."""
    return next(
        path
        for number in count(1)
        if not (path := folder if number == 1 else folder.with_name(f"{folder.name} {number}")).exists()
    )


def _stopper(job: Job) -> Callable[[], None]:
    """Return what stops a job that nobody waits for any more, by itself or through its end."""
    over: list[bool] = []
    job.finished.connect(lambda: over.append(True))

    def stop() -> None:
        if not over:
            job.stop()

    return stop
