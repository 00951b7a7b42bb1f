"""The edits of a project as commands of the undo stack: of a leaf's text, its sources, the folders, the settings."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier.taxonomy import folders
from espalier.taxonomy.attribution import attribution_text
from espalier.taxonomy.folders import Change
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr

if TYPE_CHECKING:
    from espalier_desktop.document import Document

_PAUSE = 1.5  # seconds: keys that follow each other more quickly in one place are one edit


class _Edit(QUndoCommand):
    """Another text for something of one leaf; keys in the same place become one step.

    Args:
        before: None where there was nothing.
        kind: a positive number, the same for all edits that may become one.
        place: where keys are typed, "" for an edit of its own.
    """

    def __init__(
        self, document: "Document", path: str, before: str | None, after: str, text: str, kind: int, place: str
    ) -> None:
        super().__init__(text)
        self._document, self._path = document, path
        self._kind, self._place = kind, place
        self._before, self._after = before, after
        self._time = time.monotonic()
        self._is_new = True

    @override
    def id(self) -> int:
        return self._kind if self._place else -1

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        assert isinstance(other, _Edit)
        if (self._path, self._place) != (other._path, other._place) or other._time - self._time > _PAUSE:
            return False
        self._after, self._time = other._after, other._time
        self.setObsolete(self._after == self._before)
        return True

    @override
    def redo(self) -> None:
        self._turn(self._before, self._after)
        self._is_new = False

    @override
    def undo(self) -> None:
        self._turn(self._after, self._before)

    def _turn(self, old: str | None, new: str | None) -> None:
        try:
            self._put(old, new)
        except (EspalierError, OSError) as error:
            self.setObsolete(True)
            self._document.failed.emit(sentence_of(error))
            return
        if not self._is_new:
            self._document.touched.emit(self._path)

    def _put(self, old: str | None, new: str | None) -> None:
        raise NotImplementedError


class EditText(_Edit):
    """Another text for one leaf."""

    def __init__(self, document: "Document", path: str, after: str, text: str, place: str) -> None:
        super().__init__(document, path, document.texts.text(path), after, text, 1, place)

    @override
    def _put(self, old: str | None, new: str | None) -> None:
        assert new is not None
        self._document.texts.put(self._path, new)


class EditAttribution(_Edit):
    """Another ``attribution.txt`` for one leaf, written at once; the file goes away when there was none before.

    Raises:
        EspalierError: the file that is there cannot be read.
    """

    def __init__(self, document: "Document", path: str, after: str, text: str, place: str) -> None:
        before = attribution_text(document.attribution_file(path).parent)
        super().__init__(document, path, before, after, text, 2, place)

    @override
    def _put(self, old: str | None, new: str | None) -> None:
        file = self._document.attribution_file(self._path)
        if attribution_text(file.parent) != old:
            sentence = tr("{file} was changed by another program, so this was not written. Edit it again.")
            raise EspalierError(sentence.format(file=file))
        if new is None:
            file.unlink()
        else:
            write_text(file, new)
        self._document.attribution_changed.emit(self._path)


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


class ChangeSettings(QUndoCommand):
    """Other settings of the project."""

    def __init__(self, document: "Document", text: str, project: Project) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, document.project, project

    @override
    def redo(self) -> None:
        self._document.write(self._after)

    @override
    def undo(self) -> None:
        self._document.write(self._before)
