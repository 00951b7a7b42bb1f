"""The edits of a taxonomy as commands of the undo stack: of a leaf's text, of its sources, and of the folders."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.taxonomy import folders
from espalier.taxonomy.attribution import attribution_text
from espalier.taxonomy.folders import Change
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr

if TYPE_CHECKING:
    from espalier_desktop.document import Document

_PAUSE = 1.5  # seconds: keys that follow each other more quickly in one place are one edit


class EditText(QUndoCommand):
    """Another text for one leaf."""

    def __init__(self, document: "Document", path: str, after: str, text: str, place: str) -> None:
        super().__init__(text)
        self._document, self._path, self._place = document, path, place
        self._before, self._after = document.texts.text(path), after
        self._time = time.monotonic()
        self._is_new = True

    @override
    def id(self) -> int:
        return 1 if self._place else -1

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        assert isinstance(other, EditText)
        if (self._path, self._place) != (other._path, other._place) or other._time - self._time > _PAUSE:
            return False
        self._after, self._time = other._after, other._time
        self.setObsolete(self._after == self._before)
        return True

    @override
    def redo(self) -> None:
        self._put(self._after)
        self._is_new = False

    @override
    def undo(self) -> None:
        self._put(self._before)

    def _put(self, text: str) -> None:
        try:
            self._document.texts.put(self._path, text)
        except EspalierError as error:  # another program deleted the leaf
            self.setObsolete(True)
            self._document.failed.emit(sentence_of(error))
            return
        if not self._is_new:
            self._document.touched.emit(self._path)


class EditAttribution(QUndoCommand):
    """Another ``attribution.txt`` for one leaf, written at once; the file goes away when there was none before.

    Raises:
        EspalierError: the file that is there cannot be read.
    """

    def __init__(self, document: "Document", path: str, after: str, text: str, place: str) -> None:
        super().__init__(text)
        self._document, self._path, self._place = document, path, place
        self._before = attribution_text(document.attribution_file(path).parent)
        self._after: str | None = after
        self._time = time.monotonic()
        self._is_new = True

    @override
    def id(self) -> int:
        return 2 if self._place else -1

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        assert isinstance(other, EditAttribution)
        if (self._path, self._place) != (other._path, other._place) or other._time - self._time > _PAUSE:
            return False
        self._after, self._time = other._after, other._time
        return True

    @override
    def redo(self) -> None:
        self._write(self._before, self._after)
        self._is_new = False

    @override
    def undo(self) -> None:
        self._write(self._after, self._before)

    def _write(self, old: str | None, new: str | None) -> None:
        file = self._document.attribution_file(self._path)
        try:
            if attribution_text(file.parent) != old:
                sentence = tr("{file} was changed by another program, so this was not written. Edit it again.")
                raise EspalierError(sentence.format(file=file))
            if new is None:
                file.unlink()
            else:
                write_text(file, new)
        except (EspalierError, OSError) as error:
            self.setObsolete(True)
            self._document.failed.emit(sentence_of(error))
            return
        self._document.attribution_changed.emit(self._path)
        if not self._is_new:
            self._document.touched.emit(self._path)


class ChangeFolders(QUndoCommand):
    """A change of the taxonomy's folders that was just made.

    Args:
        before: path of what is there again when the change is undone; "" when nothing is.
        moves: from old to new path, when something only moved.
    """

    def __init__(self, document: "Document", text: str, change: Change, before: str, moves: Mapping[str, str]) -> None:
        super().__init__(text)
        self._document, self._change, self._moves = document, change, moves
        self._before, self._after = before, change.path
        self._is_new = True

    @override
    def redo(self) -> None:
        if not self._is_new:
            self._turn(self._moves, self._after)
        self._is_new = False

    @override
    def undo(self) -> None:
        self._turn({new: old for old, new in self._moves.items()}, self._before)

    def _turn(self, moves: Mapping[str, str], path: str) -> None:
        self._document.texts.save_all()
        before = self._change
        try:
            self._change = folders.undo(before)
        except (EspalierError, OSError) as error:
            self.setObsolete(True)
            self._document.failed.emit(sentence_of(error))
            return
        self._document.follow(moves, before, self._change)
        if path:
            self._document.touched.emit(path)
