"""The texts of the leaves that are being edited: written down as they are typed, saved when the typing rests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from espalier.errors import EspalierError
from espalier.taxonomy.folders import moved_path
from espalier.taxonomy.saving import ChangedOnDiskError, Opened, digest, load, save
from espalier.taxonomy.walk import LEAF_FILE
from espalier_desktop.i18n import said, tr
from espalier_desktop.journal import Journal, Unsaved

KEEP = 150  # milliseconds after the first key until what was typed is in the journal
REST = 700  # milliseconds without a key until the file is saved


@dataclass
class _Open:
    """One text beside what the disk held when it was last looked at; None where there is no file.

    ``base`` is the digest of the file that the text was made from; in a dispute the disk has gone on from there.
    """

    text: str
    disk: Opened | None
    base: str | None
    is_disputed: bool = False

    def agree(self) -> None:
        """Take what is on disk for what the text was made from."""
        self.base = self.disk.digest if self.disk else None
        self.is_disputed = False

    @property
    def is_saved(self) -> bool:
        return self.disk is not None and self.disk.text == self.text


class LeafTexts(QObject):
    """Leaves by path, each with the text that the person sees.

    A file that another program changed is taken as it is, unless there are unsaved words of ours: then both are kept
    until the person has decided.

    Signals:
        due: whoever holds words back, such as a field that is being typed in, gives them now.
        changed: path of a leaf whose text is another.
        saved: path of a leaf whose file has just been written.
        replaced: path and new text of a leaf that another program wrote while we had nothing unsaved.
        disputed: the leaves are others of which both we and another program have a new text.
        failed: a sentence: a file cannot be written.
    """

    due = Signal()
    changed = Signal(str)
    saved = Signal(str)
    replaced = Signal(str, str)
    disputed = Signal()
    failed = Signal(str)

    def __init__(self, root: Path, taxonomy: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._taxonomy = taxonomy
        self._journal = Journal(root)
        self._open: dict[str, _Open] = {}
        self._kept: set[str] = set()
        self._is_refused = False
        self._keeping = QTimer(self, interval=KEEP, singleShot=True)
        self._keeping.timeout.connect(self._keep)
        self._resting = QTimer(self, interval=REST, singleShot=True)
        self._resting.timeout.connect(self.save_all)

    @property
    def disputes(self) -> list[str]:
        """Return the leaves that wait for a decision."""
        return [path for path, leaf in self._open.items() if leaf.is_disputed]

    @property
    def unsaved(self) -> list[str]:
        """Return the leaves whose text is ahead of their file."""
        return [path for path, leaf in self._open.items() if not leaf.is_saved]

    def file(self, path: str) -> Path:
        """Return a leaf's file."""
        return self._taxonomy / path / LEAF_FILE

    def text(self, path: str) -> str:
        """Return a leaf's text, read from disk the first time.

        Raises:
            EspalierError: there is no such file, or it cannot be read as text.
        """
        if path not in self._open:
            disk = load(self.file(path))
            self._open[path] = _Open(disk.text, disk, disk.digest)
        return self._open[path].text

    def put(self, path: str, text: str) -> None:
        """Give a leaf another text; only undo commands call this.

        Raises:
            EspalierError: there is no such leaf.
        """
        if self.text(path) != text:
            self._open[path].text = text
            if not self._keeping.isActive():
                self._keeping.start()
            self._resting.start()
            self.changed.emit(path)

    def disk_text(self, path: str) -> str:
        """Return what the file of an open leaf held when it was last looked at; "" when it is gone."""
        disk = self._open[path].disk
        return disk.text if disk else ""

    @Slot()
    def save_all(self) -> bool:
        """Write every text that is ahead of its file and in no dispute; return whether all could be written."""
        self.due.emit()
        self._resting.stop()
        self._keep()
        written = [self._save(path) for path in self.unsaved if not self._open[path].is_disputed]
        if all(written):
            self._is_refused = False
        return all(written)

    def look(self) -> None:
        """Compare the open leaves with their files, after something changed on disk."""
        before = self.disputes
        for path in list(self._open):
            self._look_at(path)
        if self.disputes != before:
            self.disputed.emit()

    def keep_mine(self, path: str) -> None:
        """End a dispute: our text takes the place of the file."""
        self._open[path].agree()
        self._save(path)
        self.disputed.emit()

    def use_disk(self, path: str) -> None:
        """End a dispute: the file's text is ours now, as an edit that can be undone."""
        leaf = self._open[path]
        leaf.agree()
        self._forget(path)
        if leaf.disk is None:
            del self._open[path]
            self.changed.emit(path)
        else:
            self.replaced.emit(path, leaf.disk.text)
        self.disputed.emit()

    def moved(self, moves: Mapping[str, str]) -> None:
        """Follow leaves whose folders have other names now; forget those that are gone."""
        self._open = {moved_path(path, moves): leaf for path, leaf in self._open.items()}
        for path in [path for path in self._open if not self.file(path).exists()]:
            del self._open[path]
        self._keep()

    def restore(self) -> list[tuple[str, str]]:
        """Return (leaf, text) of what was typed before the program was killed and can be put in place.

        Where the file has changed since, the leaf is disputed at once and not among them.
        """
        found = []
        for unsaved in self._journal.kept():
            try:
                disk = load(self.file(unsaved.leaf))
            except EspalierError:
                disk = None
            if disk and disk.text == unsaved.text:
                self._journal.forget(unsaved.leaf)
            elif disk and disk.digest == unsaved.base:
                found.append((unsaved.leaf, unsaved.text))
            else:
                self._open[unsaved.leaf] = _Open(unsaved.text, disk, unsaved.base, is_disputed=True)
                self._kept.add(unsaved.leaf)
        if self.disputes:
            self.disputed.emit()
        return found

    @Slot()
    def _keep(self) -> None:
        self._keeping.stop()
        unsaved = self.unsaved
        for path in self._kept.difference(unsaved):  # undone, back to what the file holds
            self._forget(path)
        for path in unsaved:
            leaf = self._open[path]
            try:
                self._journal.keep(Unsaved(path, leaf.text, leaf.base))
                self._kept.add(path)
            except OSError as error:
                self._refuse(path, error.strerror or str(error))

    def _forget(self, path: str) -> None:
        self._journal.forget(path)
        self._kept.discard(path)

    def _save(self, path: str) -> bool:
        leaf = self._open[path]
        try:
            save(self.file(path), leaf.text, leaf.base)
        except ChangedOnDiskError:
            self.look()
            return False
        except (OSError, EspalierError) as error:
            self._refuse(path, (error.strerror if isinstance(error, OSError) else None) or said(str(error)))
            return False
        leaf.disk = Opened(leaf.text, digest(leaf.text))
        leaf.agree()
        self._forget(path)
        self.saved.emit(path)
        return True

    def _look_at(self, path: str) -> None:
        leaf = self._open[path]
        try:
            disk: Opened | None = load(self.file(path))
        except EspalierError:  # deleted, or no text any more
            disk = None
        if disk == leaf.disk:
            return
        was_saved, leaf.disk = leaf.is_saved, disk
        if leaf.is_saved:
            leaf.agree()
            self._forget(path)
        elif not was_saved:
            leaf.is_disputed = True
        elif disk is None:
            del self._open[path]
            self.changed.emit(path)
        else:
            leaf.agree()
            self.replaced.emit(path, disk.text)

    def _refuse(self, path: str, reason: str) -> None:
        """Say once that a file cannot be written; it is tried again with the next change."""
        if not self._is_refused:
            self._is_refused = True
            text = tr("{file} cannot be saved: {reason}. Allow it, or copy your text elsewhere. It is kept meanwhile.")
            self.failed.emit(text.format(file=self.file(path), reason=reason))
