"""Notices when a project's files change on disk, whoever changed them."""

import os
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

QUIET = 300  # milliseconds without a change before one is reported: editors write a file in several steps
_MOST_FILES = 2_000  # watched one by one; above that, folders alone and a look whenever the window becomes active
_DEEP = ("taxonomy", "documents")
_SHALLOW = ("samples", "runs")


class ProjectWatcher(QObject):
    """Watches the folders of a project, and the leaf files in them.

    A folder tells of files that come, go and are replaced, and a file of being written in place; a file that was
    replaced is forgotten by the system, so everything is looked up again after each change.

    Signals:
        changed: something is another since the last time, and has been quiet for a moment.
    """

    changed = Signal()

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = root
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, interval=QUIET, singleShot=True)
        self._timer.timeout.connect(self._tell)
        self._watcher.directoryChanged.connect(self._timer.start)
        self._watcher.fileChanged.connect(self._timer.start)
        self._look()

    @Slot()
    def _tell(self) -> None:
        self._look()
        self.changed.emit()

    def _look(self) -> None:
        wanted = set(_paths(self._root))
        watched = {*self._watcher.directories(), *self._watcher.files()}
        if gone := watched - wanted:
            self._watcher.removePaths(sorted(gone))
        if new := wanted - watched:
            self._watcher.addPaths(sorted(new))


def _paths(root: Path) -> list[str]:
    folders, files = [str(root)], []
    for name in _DEEP:
        for folder, below, names in os.walk(root / name):
            below[:] = [child for child in below if not child.startswith(".")]
            folders.append(folder)
            files += [os.path.join(folder, file) for file in names if not file.startswith(".")]
    folders += [str(root / name) for name in _SHALLOW if (root / name).is_dir()]
    files += [str(file) for file in (root / "project.yaml", root / "questions.jsonl") if file.is_file()]
    return folders + (files if len(files) <= _MOST_FILES else [])
