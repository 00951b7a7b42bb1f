"""The open project as one object: its settings, its leaves with their problems, and what is stale."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from espalier.errors import EspalierError
from espalier.project import Project, open_project, write_settings
from espalier.status import LeafStatus, ProjectStatus, decode_status
from espalier.taxonomy.walk import FOLDERS, leaf_files
from espalier_desktop.i18n import tr
from espalier_desktop.watch import ProjectWatcher

_GRACE = 5_000  # milliseconds
_TELL = 150  # milliseconds between two signals while a survey goes through many leaves


class Document(QObject):
    """One project and everything the pages show of it; pages change it through here and listen to it.

    Every edit is a command on ``undo``. The survey of what is fresh or stale runs in a process of its own, after
    every change on disk; until it is done, the leaves of the survey before are shown.

    Signals:
        leaves_changed: statuses of leaves are others, or there are more or fewer of them.
        status_changed: a survey is done; ``status`` is new.
        settings_changed: ``project`` is new.
        failed: a sentence: something that the person asked for could not be written.

    Attributes:
        project: the settings as they are on disk.
        status: the project's stages; None before the first survey.
        undo: every edit of this window.
    """

    leaves_changed = Signal()
    status_changed = Signal()
    settings_changed = Signal()
    failed = Signal(str)

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        """Open the project in a folder.

        Raises:
            EspalierError: there is none, or its settings cannot be read.
        """
        super().__init__(parent)
        self.root = root
        self.project = open_project(root)
        self._shown = {path: LeafStatus(path) for path in _leaf_paths(self.project)}
        self.status: ProjectStatus | None = None
        self.undo = QUndoStack(self)
        self._found: dict[str, LeafStatus] = {}
        self._is_stale = False
        self._survey = QProcess(self)
        self._survey.readyReadStandardOutput.connect(self._read)
        self._survey.finished.connect(self._on_surveyed)
        self._soon = QTimer(self, interval=_TELL, singleShot=True)
        self._soon.timeout.connect(self.leaves_changed)
        self._watcher = ProjectWatcher(root, self)
        self._watcher.changed.connect(self._on_disk_changed)
        self.refresh()

    @property
    def leaves(self) -> Mapping[str, LeafStatus]:
        """Return the status of each leaf by path, in the order of the paths; before the first survey without a kind."""
        return self._shown

    @property
    def is_surveying(self) -> bool:
        """Return whether the statuses are being looked up."""
        return self._survey.state() is not QProcess.ProcessState.NotRunning

    @property
    def errors(self) -> int:
        """Return the number of errors in all leaves."""
        return sum(leaf.errors for leaf in self.leaves.values()) if self.status else 0

    @Slot()
    def refresh(self) -> None:
        """Look everything up again; once more afterwards when it is asked for meanwhile."""
        if self.is_surveying:
            self._is_stale = True
            return
        self._is_stale = False
        self._found = {}
        self._survey.start(sys.executable, ["-m", "espalier.survey", str(self.root)])

    def set_student(self, name: str) -> None:
        """Choose the model that learns."""
        self._change(tr("Change Student"), replace(self.project, student=name))

    def set_teacher(self, name: str) -> None:
        """Choose the model that writes samples and judges them."""
        self._change(tr("Change Teacher"), replace(self.project, teacher=name))

    def set_dial(self, dial: str) -> None:
        """Choose how much practice is written and trained."""
        self._change(tr("Change Thoroughness"), replace(self.project, dial=dial))

    def close(self) -> None:
        """End the survey; the document is not used any more."""
        self._watcher.blockSignals(True)
        self._survey.blockSignals(True)
        self._survey.waitForStarted(_GRACE)  # what has not started yet cannot be killed
        self._survey.kill()
        self._survey.waitForFinished(_GRACE)

    def write(self, project: Project) -> None:
        """Write settings to disk and show them; only undo commands call this."""
        try:
            write_settings(project)
        except OSError as error:
            reason = error.strerror or str(error)
            text = tr("The settings in {folder} cannot be written: {reason}. Allow it, or copy the project elsewhere.")
            self.failed.emit(text.format(folder=self.root, reason=reason))
            return
        self.project = project
        self.settings_changed.emit()
        self.refresh()

    def _change(self, text: str, project: Project) -> None:
        if project != self.project:
            self.undo.push(_ChangeSettings(self, text, project))

    @Slot()
    def _on_disk_changed(self) -> None:
        try:
            project = open_project(self.root)
        except EspalierError as error:
            self.failed.emit(str(error))
            return
        if project != self.project:
            self.project = project
            self.undo.clear()  # its commands would write settings back that someone else has replaced
            self.settings_changed.emit()
        self.refresh()

    @Slot()
    def _read(self) -> None:
        while self._survey.canReadLine():
            status = decode_status(bytes(self._survey.readLine().data()))
            if isinstance(status, ProjectStatus):
                self._shown, self.status = self._found, status
                self._soon.stop()
                self.leaves_changed.emit()
                self.status_changed.emit()
                continue
            self._found[status.path] = status
            if self.leaves.get(status.path) != status:
                self._shown[status.path] = status
                if not self._soon.isActive():
                    self._soon.start()

    @Slot()
    def _on_surveyed(self) -> None:
        self._read()
        if self._is_stale:
            self.refresh()


class _ChangeSettings(QUndoCommand):
    def __init__(self, document: Document, text: str, project: Project) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, document.project, project

    def redo(self) -> None:
        """Write the settings as they were chosen."""
        self._document.write(self._after)

    def undo(self) -> None:
        """Write the settings as they were before."""
        self._document.write(self._before)


def _leaf_paths(project: Project) -> list[str]:
    files = (file.parent.relative_to(project.taxonomy).as_posix() for file in leaf_files(project.taxonomy))
    return [path for path in files if path.partition("/")[0] in FOLDERS]
