"""Notices when a project's files change on disk, whoever changed them."""

import os
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

from espalier.taxonomy.walk import LEAF_FILE

QUIET = 300  # milliseconds without a change before one is reported: editors write a file in several steps
_MOST_FILES = 2_000  # watched one by one; above that, folders alone and a look whenever the window becomes active
_MOST_FOLDERS = 500  # in a larger project all are looked through again only when one came or went
_DEEP = ("taxonomy", "documents")
_SHALLOW = ("samples", "runs")


class ProjectWatcher(QObject):
    """Watches the folders of a project, and the leaf files in them.

    A folder tells of files that come, go and are replaced, and a file of being written in place; a file that was
    replaced is forgotten by the system, so everything is looked up again after each change.

    Signals:
        changed: something is another since the last time, and has been quiet for a moment; whether folders may have
            come or gone.
    """

    changed = Signal(bool)

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = root
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, interval=QUIET, singleShot=True)
        self._timer.timeout.connect(self._tell)
        self._watcher.directoryChanged.connect(self._on_changed)
        self._watcher.fileChanged.connect(self._on_changed)
        self._touched: set[str] = set()
        self._folders: dict[str, set[str]] = {}
        self._look()

    @Slot(str)
    def _on_changed(self, path: str) -> None:
        self._touched.add(path)
        self._timer.start()

    @Slot()
    def _tell(self) -> None:
        is_large = len(self._folders) > _MOST_FOLDERS
        is_reshaped = not is_large or any(_children(path) != self._folders.get(path) for path in self._touched)
        self._touched.clear()
        if is_reshaped:
            self._look()
        self.changed.emit(is_reshaped)

    def _look(self) -> None:
        self._folders = {}
        wanted = set(_paths(self._root, self._folders))
        watched = {*self._watcher.directories(), *self._watcher.files()}
        if gone := watched - wanted:
            self._watcher.removePaths(sorted(gone))
        if new := wanted - watched:
            self._watcher.addPaths(sorted(new))


def _children(folder: str) -> set[str] | None:
    """Return the names of the watched folders in a folder, and of its leaf file; None when it is no folder."""
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name
                for entry in entries
                if entry.name == LEAF_FILE or (entry.is_dir() and not entry.name.startswith("."))
            }
    except OSError:
        return None


def _paths(root: Path, known: dict[str, set[str]]) -> list[str]:
    """Return what to watch; put what is in each folder of the taxonomy and the documents into ``known``."""
    folders, files = [str(root)], []
    for name in _DEEP:
        for folder, below, names in os.walk(root / name):
            below[:] = [child for child in below if not child.startswith(".")]
            folders.append(folder)
            known[folder] = {*below, *({LEAF_FILE} & set(names))}
            files += [os.path.join(folder, file) for file in names if not file.startswith(".")]
    folders += [str(root / name) for name in _SHALLOW if (root / name).is_dir()]
    files += [str(file) for file in (root / "project.yaml", root / "questions.jsonl") if file.is_file()]
    return folders + (files if len(files) <= _MOST_FILES else [])
