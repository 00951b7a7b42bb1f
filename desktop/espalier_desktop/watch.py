"""Notices when a project's files change on disk, whoever changed them."""

import os
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

from espalier.taxonomy.walk import LEAF_FILE, entries_of

QUIET = 300  # milliseconds without a change before one is reported: editors write a file in several steps
_MOST_FILES = 2_000  # watched one by one; above that, folders alone and a look whenever the window becomes active
_MOST_FOLDERS = 500  # in a larger project only those that told of a change are looked through again
_DEEP = ("taxonomy", "documents")
_SHALLOW = ("samples", "runs")


class ProjectWatcher(QObject):
    """Watches the folders of a project, and the leaf files in them.

    A folder tells of files that come, go and are replaced, and a file of being written in place; a file that was
    replaced is forgotten by the system, so it is looked up again after each change.

    Signals:
        changed: something is another since the last time, and has been quiet for a moment; a set of the folders (Path)
            in which folders or leaf files came or went.
    """

    changed = Signal(object)

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = root
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, interval=QUIET, singleShot=True)
        self._timer.timeout.connect(self._tell)
        self._watcher.directoryChanged.connect(self._on_changed)
        self._watcher.fileChanged.connect(self._on_changed)
        self._touched: set[str] = set()
        self._folders: dict[str, set[str]] = {}  # names of the folders, and of the leaf file, in each
        self._look()

    @Slot(str)
    def _on_changed(self, path: str) -> None:
        self._touched.add(path)
        self._timer.start()

    @Slot()
    def _tell(self) -> None:
        before = dict(self._folders)
        if len(before) > _MOST_FOLDERS:
            for folder in sorted(self._touched & before.keys()):
                self._look_into(folder)
        else:
            self._look()
        self._touched.clear()
        now = self._folders
        self.changed.emit(
            {Path(folder) for folder in before.keys() | now.keys() if before.get(folder) != now.get(folder)}
        )

    def _look(self) -> None:
        """Watch all that there is, and nothing else."""
        self._folders = {}
        files = [str(self._root / name) for name in ("project.yaml", "questions.jsonl")]
        for name in _DEEP:
            files += _walk(str(self._root / name), self._folders)
        wanted = {str(self._root), *self._folders, *(str(self._root / name) for name in _SHALLOW)}
        if len(files) <= _MOST_FILES:
            wanted.update(files)
        watched = {*self._watcher.directories(), *self._watcher.files()}
        self._watch(filter(os.path.exists, wanted - watched), watched - wanted)

    def _look_into(self, folder: str) -> None:
        """Watch the folders that came into this one, and those that went from it no more."""
        if folder not in self._folders:  # it went with one above it
            return
        before, now = self._folders[folder], _children(folder)
        gone = tuple(f"{folder}/{name}/" for name in before - now)
        lost = {path for path in self._folders if f"{path}/".startswith(gone)}
        found: dict[str, set[str]] = {}
        for name in now - before - {LEAF_FILE}:
            _walk(f"{folder}/{name}", found)
        self._folders = {path: names for path, names in self._folders.items() if path not in lost}
        self._folders |= {folder: now, **found}
        self._watch(found, lost)

    def _watch(self, new: Iterable[str], gone: Iterable[str]) -> None:
        if lost := sorted(gone):
            self._watcher.removePaths(lost)
        if found := sorted(new):
            self._watcher.addPaths(found)


def _children(folder: str) -> set[str]:
    """Return the names of the watched folders in a folder, and of its leaf file; none when it is no folder any more."""
    with entries_of(folder) as entries:
        return {entry.name for entry in entries if entry.name == LEAF_FILE or _is_watched(entry)}


def _is_watched(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")


def _walk(top: str, known: dict[str, set[str]]) -> list[str]:
    """Put what is in a folder and in each below it into ``known``, and return the files there."""
    files = []
    for folder, below, names in os.walk(top):
        below[:] = [child for child in below if not child.startswith(".") and not os.path.islink(f"{folder}/{child}")]
        known[folder] = {*below, *({LEAF_FILE} & set(names))}
        files += [os.path.join(folder, file) for file in names if not file.startswith(".")]
    return files
