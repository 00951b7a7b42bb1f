"""The open project as one object: its settings, its leaves with their problems, and what is stale."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QUndoStack

from espalier.documents import shelf
from espalier.documents.convert import Conversion
from espalier.documents.store import Source
from espalier.errors import EspalierError
from espalier.project import Project, open_project, write_settings
from espalier.status import LeafStatus, ProjectStatus, Status
from espalier.taxonomy import folders
from espalier.taxonomy.attribution import ATTRIBUTION_FILE
from espalier.taxonomy.folders import Change, Roots, moved_path
from espalier.taxonomy.history import History
from espalier.taxonomy.tree import Node, read_again, read_tree
from espalier.taxonomy.walk import LEAF_FILE
from espalier.training.dial import with_training
from espalier_desktop.edits import ChangeFolders, ChangeSettings, EditAttribution, EditText
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.survey import Survey
from espalier_desktop.taxonomy_history import TaxonomyHistory
from espalier_desktop.texts import LeafTexts
from espalier_desktop.watch import ProjectWatcher

_MOST_EDITS = 500  # that can be undone
_TELL = 150  # milliseconds between two signals while a survey goes through many leaves


class Document(QObject):
    """One project and everything the pages show of it; pages change it through here and listen to it.

    Every edit is a command on ``undo``. The survey of what is fresh or stale runs in a process of its own, after
    every change on disk; until it is done, the leaves of the survey before are shown.

    Signals:
        tree_changed: leaves or branches came, went or moved; a mapping from old to new paths says which moved.
        touched: path of the leaf or branch that an undo or redo has just changed.
        leaves_changed: statuses of leaves are others, or there are more or fewer of them.
        status_changed: a survey is done; ``status`` is new.
        settings_changed: ``project`` is new.
        attribution_changed: path of a leaf whose ``attribution.txt`` was just written.
        closed: the document is not used any more; whoever runs a process for it ends that.
        failed: a sentence: something that the person asked for could not be written.

    Attributes:
        project: the settings as they are on disk.
        tree: the branches and leaves by name.
        texts: the leaves that are open for editing.
        history: where the taxonomy stands in Git.
        restored: number of leaves whose unsaved text was found and put back when the project was opened.
        status: the project's stages; None before the first survey.
        undo: every edit of this window.
    """

    tree_changed = Signal(object)
    touched = Signal(str)
    leaves_changed = Signal()
    status_changed = Signal()
    settings_changed = Signal()
    attribution_changed = Signal(str)
    closed = Signal()
    failed = Signal(str)

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        """Open the project in a folder.

        Raises:
            EspalierError: there is none, or its settings cannot be read.
        """
        super().__init__(parent)
        self.root = root
        self.project = open_project(root)
        self.tree = read_tree(self.project.taxonomy)
        self._shown = {path: LeafStatus(path) for path in sorted(_leaf_paths(self.tree), key=_place)}
        self.status: ProjectStatus | None = None
        folders.empty_trash(Roots.around(self.project.taxonomy))
        self.undo = QUndoStack(self)
        self.undo.setUndoLimit(_MOST_EDITS)
        self.texts = LeafTexts(root, self.project.taxonomy, self)
        self.texts.failed.connect(self.failed)
        self.texts.replaced.connect(self._take_from_disk)
        self.history = TaxonomyHistory(root, self)
        self.history.stale.connect(self.refresh)
        self._found: dict[str, LeafStatus] = {}
        self._found_history: History | None = None
        self._is_reshaped = False  # leaves came, went or moved since the survey that is running began
        self._survey = Survey(root, lambda: self.history.base, self)
        self._survey.begun.connect(self._begin)
        self._survey.told.connect(self._hear)
        self._soon = QTimer(self, interval=_TELL, singleShot=True)
        self._soon.timeout.connect(self.leaves_changed)
        self._watcher = ProjectWatcher(root, self)
        self._watcher.changed.connect(self._on_disk_changed)
        self.restored = self._restore()
        self.refresh()

    @property
    def leaves(self) -> Mapping[str, LeafStatus]:
        """Return the status of each leaf by path, in the order of the paths; before the first survey without a kind."""
        return self._shown

    @property
    def is_surveying(self) -> bool:
        """Return whether the statuses are being looked up."""
        return self._survey.is_running

    @property
    def errors(self) -> int:
        """Return the number of errors in all leaves."""
        return sum(leaf.errors for leaf in self.leaves.values()) if self.status else 0

    @Slot()
    def refresh(self) -> None:
        """Look everything up again; once more afterwards when it is asked for meanwhile."""
        self._survey.start()

    def edit(self, path: str, text: str, what: str, place: str = "") -> None:
        """Give a leaf another text, as one step that can be undone; keys in the same place become one step."""
        if self.texts.text(path) != text:
            self.undo.push(EditText(self, path, text, what, place))

    def take_back(self) -> None:
        """Undo the last edit, with what is just being typed."""
        self.texts.due.emit()
        self.undo.undo()

    def do_again(self) -> None:
        """Redo the edit that was undone last."""
        self.texts.due.emit()
        self.undo.redo()

    def create_leaf(self, path: str, text: str) -> str | None:
        """Make a leaf and return its path; None when it could not be made, as for all that follow."""
        return self._change_folders(tr("New Leaf"), lambda roots: folders.create_leaf(roots, path, text))

    def create_branch(self, path: str) -> str | None:
        """Make an empty branch."""
        return self._change_folders(tr("New Branch"), lambda roots: folders.create_branch(roots, path))

    def duplicate(self, path: str) -> str | None:
        """Copy a leaf or branch beside itself."""
        return self._change_folders(tr("Duplicate"), lambda roots: folders.duplicate(roots, path))

    def delete(self, path: str) -> str | None:
        """Delete a leaf or branch with all that is below it."""
        return self._change_folders(tr("Delete"), lambda roots: folders.delete(roots, path), path)

    def rename(self, path: str, name: str) -> str | None:
        """Give a leaf or branch another name."""
        return self._change_folders(tr("Rename"), lambda roots: folders.rename(roots, path, name), path)

    def move(self, path: str, branch: str) -> str | None:
        """Put a leaf or branch into another branch."""
        return self._change_folders(tr("Move"), lambda roots: folders.move(roots, path, branch), path)

    def put_document(self, path: str, source: Source, data: bytes, conversion: Conversion, edited: str) -> bool:
        """Keep a converted document, as a person edited it, for a leaf; return whether that was possible."""

        def put(_: Roots) -> Change:
            return shelf.put_in(self.project, path, source, data, conversion, edited)

        return self._change_folders(tr("Add"), put, path) is not None

    def take_document(self, path: str, name: str) -> bool:
        """Remove a document of a leaf, by the name of its Markdown file; return whether that was possible."""
        return self._change_folders(tr("Remove"), lambda _: shelf.take_out(self.project, path, name), path) is not None

    def correct_document(self, path: str, name: str, text: str) -> bool:
        """Give a document, by the name of its Markdown file, another text; return whether that was possible."""

        def put(_: Roots) -> Change:
            return shelf.correct(self.project, path, name, text)

        return self._change_folders(tr("Correct Document"), put, path) is not None

    def attribution_file(self, path: str) -> Path:
        """Return where a leaf's sources are named; it may be missing."""
        return self.project.taxonomy / path / ATTRIBUTION_FILE

    def edit_attribution(self, path: str, text: str, what: str, place: str = "") -> None:
        """Give a leaf another ``attribution.txt``; keys in the same place become one step that can be undone."""
        try:
            self.undo.push(EditAttribution(self, path, text, what, place))
        except EspalierError as error:
            self.failed.emit(sentence_of(error))

    def follow(self, moves: Mapping[str, str], *changes: Change) -> None:
        """Show the taxonomy's folders as they are after these changes; only undo commands call this."""
        self.texts.moved(moves)
        self.tree = read_again(self.project.taxonomy, self.tree, self._places(changes))
        known = {moved_path(path, moves): leaf for path, leaf in self._shown.items()}
        paths = set(_leaf_paths(self.tree))
        paths |= {path for path in known.keys() - paths if self.texts.file(path).is_file()}  # those that links lead to
        leaves = ((path, known.get(path) or LeafStatus(path)) for path in sorted(paths, key=_place))
        self._shown = {path: leaf if leaf.path == path else replace(leaf, path=path) for path, leaf in leaves}
        self._is_reshaped = True
        self.tree_changed.emit(moves)
        self.leaves_changed.emit()
        self.refresh()

    def set_student(self, name: str) -> None:
        """Choose the model that learns."""
        self._change(tr("Change Student"), replace(self.project, student=name))

    def set_teacher(self, name: str) -> None:
        """Choose the model that writes samples, and judges them where no critic is chosen."""
        self._change(tr("Change Teacher"), replace(self.project, teacher=name))

    def set_critic(self, name: str) -> None:
        """Choose the model that judges samples; "" for the teacher."""
        self._change(tr("Change Critic"), replace(self.project, critic=name))

    def set_dial(self, dial: str) -> None:
        """Choose how much practice is written and trained."""
        self._change(tr("Change Thoroughness"), replace(self.project, dial=dial))

    def set_pipeline(self, name: str) -> None:
        """Choose how samples are written."""
        self._change(tr("Change Pipeline"), replace(self.project, pipeline=name))

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Choose what the critic's scores must reach, by the name of the check."""
        self._change(tr("Change Thresholds"), replace(self.project, thresholds=dict(thresholds)))

    def set_training(self, values: Mapping[str, object]) -> None:
        """Change training values by name; None brings the dial's back.

        Raises:
            EspalierError: a value cannot be used; nothing is changed.
        """
        self._change(tr("Change Training Values"), with_training(self.project, values))

    def set_probes(self, questions: tuple[str, ...] | None) -> None:
        """Choose what is asked at every checkpoint; None lets Espalier choose, () asks nothing."""
        self._change(tr("Change Probe Questions"), replace(self.project, probes=questions))

    def close(self) -> None:
        """Save what can be saved and end the survey; the document is not used any more."""
        self.texts.save_all()
        self.closed.emit()
        self.history.close()
        self._watcher.blockSignals(True)
        self._survey.end()

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
            self.undo.push(ChangeSettings(self, text, project))

    def _change_folders(self, text: str, make: Callable[[Roots], Change], before: str = "") -> str | None:
        self.texts.save_all()
        try:
            change = make(Roots.around(self.project.taxonomy))
        except (EspalierError, OSError) as error:
            self.failed.emit(sentence_of(error))
            return None
        if change.renames:
            moves = {before: change.path} if before and change.path and before != change.path else {}
            self.follow(moves, change)
            self.undo.push(ChangeFolders(self, text, change, before, moves))
        return change.path

    def _restore(self) -> int:
        found = self.texts.restore()
        for path, text in found:
            self.edit(path, text, tr("Restore Unsaved Text"))
        return len(found)

    @Slot(str, str)
    def _take_from_disk(self, path: str, text: str) -> None:
        self.edit(path, text, tr("Change by Another Program"))

    def _places(self, changes: Iterable[Change]) -> set[str]:
        """Return the folders of the taxonomy in which changes made something come or go."""
        paths = [path for change in changes for path in (*change.made, *chain.from_iterable(change.renames))]
        root = self.project.taxonomy
        return {path.parent.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)}

    @Slot(object)
    def _on_disk_changed(self, folders: Collection[Path]) -> None:
        self.texts.look()
        root = self.project.taxonomy
        inside = [folder.relative_to(root).as_posix() for folder in folders if folder.is_relative_to(root)]
        tree = read_again(root, self.tree, inside)
        if tree != self.tree:
            self.tree, self._is_reshaped = tree, True
            self.tree_changed.emit({})
        try:
            project = open_project(self.root)
        except EspalierError as error:
            self.failed.emit(sentence_of(error))
            return
        if project != self.project:
            self.project = project
            self.undo.clear()  # its commands would write settings back that someone else has replaced
            self.settings_changed.emit()
        self.refresh()

    @Slot()
    def _begin(self) -> None:
        self._is_reshaped = False
        self._found, self._found_history = {}, None

    @Slot(object)
    def _hear(self, status: Status) -> None:
        if isinstance(status, History):
            self._found_history = status
            self.history.show(status)
        elif isinstance(status, ProjectStatus):
            self.history.show(self._found_history)
            self._shown, self.status = self._shown if self._is_reshaped else self._found, status
            self._soon.stop()
            self.leaves_changed.emit()
            self.status_changed.emit()
        else:
            known = self._shown.get(status.path)
            self._found[status.path] = known if known == status else status
            if known != status and (known or not self._is_reshaped):
                self._shown[status.path] = status
                if not self._soon.isActive():
                    self._soon.start()


def _leaf_paths(tree: Node) -> list[str]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        found += [node.path] if node.is_leaf else []
        waiting += node.children
    return found


def _place(path: str) -> str:
    """Return what leaves are sorted by, as the survey sorts their files: part by part."""
    return f"{path}/{LEAF_FILE}".replace("/", "\0")
