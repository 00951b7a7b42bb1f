"""One leaf, as a form and as its source, two views of the document's one text, and beside its documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QTextCursor
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.taxonomy import splice
from espalier.taxonomy.leaf import LOCAL
from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.places import name
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.attribution_form import AttributionForm
from espalier_desktop.pages.taxonomy.context_bar import NEW_SEED
from espalier_desktop.pages.taxonomy.document_changes import DocumentChanges
from espalier_desktop.pages.taxonomy.documents_view import DocumentsView
from espalier_desktop.pages.taxonomy.form import Form
from espalier_desktop.pages.taxonomy.importing import Importer
from espalier_desktop.pages.taxonomy.leaf_edits import LeafEdits
from espalier_desktop.pages.taxonomy.leaf_view import (
    LONGEST,
    LeafView,
    blank_seed,
    mend_of,
    seed_title,
    value_at,
    view_of,
    where_of,
)
from espalier_desktop.pages.taxonomy.names import kind_title, leaf_name
from espalier_desktop.pages.taxonomy.panes import Panes
from espalier_desktop.pages.taxonomy.source import SourceEdit
from espalier_desktop.pages.taxonomy.student_check import StudentCheck, asks_of
from espalier_desktop.widgets.basics import column, label, row

_REST = 300  # milliseconds without a key until the text is checked again


class LeafEditor(QWidget):
    """Shows the leaf at ``path`` and makes every change of it an edit of the document.

    Signals:
        viewed: what the text says now, with all problems; after each check.

    Attributes:
        path: of the leaf; "" before the first.
        panes: its views.
    """

    viewed = Signal(object)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell, self._document = shell, shell.document
        self.path = ""
        self.view: LeafView | None = None
        self.title = label(role="title", wrap=True)
        self.facts = label(role="muted", wrap=True)
        self.note = label(role="error", wrap=True)
        self.note.hide()
        self.student = StudentCheck(shell, self)
        self.attribution = AttributionForm(self._document)
        self.form, self.source = Form(self.attribution, self.student.reply), SourceEdit()
        self.documents = DocumentsView(self._document)
        self.importer = Importer(shell, self)
        self.changes = DocumentChanges(shell, self)
        self._edits = LeafEdits(self._document, self)
        self._edits.refused.connect(self._on_refused)
        self._picks_for: tuple[int, str] | None = None
        self.setAcceptDrops(True)
        self.panes = Panes(self.form, self.source, self.documents)
        head = row(self.title, self.panes.modes, spacing=12)
        head.setStretch(0, 1)
        head.setAlignment(self.panes.modes, Qt.AlignmentFlag.AlignTop)
        top = column(column(head, self.facts, spacing=0), self.note, spacing=6)
        top.setContentsMargins(24, 18, 20, 12)
        self.setLayout(column(top, self.panes, spacing=0))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]  # it is the column
        self._rest = QTimer(self, interval=_REST, singleShot=True)
        self._rest.timeout.connect(self.check)
        self._connect()
        self.panes.show_leaf(has_documents=False)

    def show_leaf(self, path: str) -> None:
        """Show a leaf; what was being typed in another is handed over first."""
        if path == self.path:
            return
        self.form.give()
        self.path, self.view = path, None
        self.note.hide()
        try:
            text = self._document.texts.text(path)
        except EspalierError as error:
            self._show_unreadable(said(str(error)))
            return
        self.source.folder = "knowledge" if path.startswith("knowledge/") else "compositional_skills"
        self.source.show_text(text)
        self.source.moveCursor(QTextCursor.MoveOperation.Start)
        self._picks_for = None
        self.attribution.show_leaf(path)
        self.check()
        self.panes.show_leaf(self.has_documents)
        self.form.verticalScrollBar().setValue(0)

    def forget(self) -> None:
        """Let go of a leaf that is not there any more; another may come to stand at its path."""
        self.path, self.view = "", None

    @Slot()
    def check(self) -> None:
        """Look through the text and show what it says in every view."""
        self._rest.stop()
        if not self.path:
            return
        try:
            text = self._document.texts.text(self.path)
        except EspalierError as error:
            self._show_unreadable(said(str(error)))
            return
        file = self._document.texts.file(self.path)
        if len(text) > LONGEST:
            status = self._document.leaves.get(self.path)
            message = tr("This leaf is too long for the form. Edit its source, or split it.")
            blocked = Problem(str(file), 1, 1, "hint", "too-large", message)
            self.view = LeafView(self.path, text, {}, (*(status.problems if status else ()), blocked), blocked)
        else:
            self.view = view_of(self.path, text, file)
        self.source.setEnabled(True)
        self.source.show_problems(self.view.problems)
        self.form.show_view(self.view)
        titles = (f"{place}  {seed_title(seed)}".strip() for place, seed in enumerate(self.view.seeds, 1))
        self.documents.show_leaf(self.path, list(titles), is_elsewhere=bool(self._repository))
        self.show_facts()
        self.viewed.emit(self.view)

    def show_facts(self) -> None:
        """Show what is known of the leaf in a line under its name."""
        self.title.setText(leaf_name(self.path))
        status, view = self._document.leaves.get(self.path), self.view
        above = self.path.split("/")[1:-1]
        facts = [" › ".join(branch.replace("_", " ") for branch in above)] if above else []
        if view and not view.blocked:
            facts.insert(0, kind_title(view.kind))
        if status and status.accepted:
            facts.append(tr("%n accepted sample(s)", status.accepted))
        self.facts.setText(" · ".join(facts))

    def go_to(self, problem: Problem) -> None:
        """Show a problem's place, in the form where there is one."""
        if self.mode == "documents":
            self.set_mode("both")
        if self.view is None or self.view.blocked or self.mode == "source" or not where_of(problem):
            if self.mode == "form" and not (self.view and self.view.blocked):
                self.set_mode("source" if self.panes.is_narrow else "both")
            self.source.go_to(problem.line, problem.column)
        else:
            self.form.go_to(where_of(problem))

    @property
    def has_documents(self) -> bool:
        """Return whether the leaf is one that has documents."""
        return self.path.startswith("knowledge/")

    def ask_all(self) -> bool:
        """Ask the student every seed question; return whether there is any."""
        self.form.give()
        self.check()
        view = self.view
        asks = [ask for seed in view.seeds for ask in asks_of(seed, view.kind) if ask[0]] if view else []
        if asks:
            self.set_mode("form" if self.mode in ("documents", "source") else self.mode)
            self.form.open_cards()
            self.student.ask(asks)
        return bool(asks)

    @property
    def mode(self) -> str:
        """Return what the person wants to see of leaves: ``form``, ``both``, ``source`` or ``documents``."""
        return self.panes.mode

    @Slot(str)
    def set_mode(self, mode: str) -> None:
        """Show the form, the source, both where there is room, or the documents that knowledge has."""
        self.panes.show_mode(mode)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        if files := self._dropped(event):
            event.acceptProposedAction()
            self._import(files)

    def _connect(self) -> None:
        texts = self._document.texts
        texts.changed.connect(self._on_text_changed)
        texts.due.connect(self.form.give)
        self.source.typed.connect(self._on_source_typed)
        self.form.typed.connect(self._on_typed)
        self.form.inserted.connect(self._on_inserted)
        self.form.removed.connect(lambda where: self._change(tr("Remove"), where, splice.remove))
        self.form.moved.connect(lambda where, to: self._change(tr("Move"), where, splice.move, to))
        self.form.mend_wanted.connect(self._mend)
        self.form.pick_wanted.connect(self._start_picking)
        self.form.ask_wanted.connect(self._ask)
        self.student.changed.connect(self.form.show_replies)
        self.attribution.added.connect(self.form.bring_into_view)
        self.documents.wanted.connect(self._import)
        self.documents.removed.connect(lambda name: self.changes.remove(self.path, name))
        self.documents.correct_wanted.connect(lambda listed: self.changes.correct(self.path, listed))
        self.documents.fetch_wanted.connect(self._fetch)
        self.changes.fetched.connect(lambda _: self.documents.reload())
        self.documents.picked.connect(self._on_picked)
        self.importer.kept.connect(self._on_kept)

    @Slot(str)
    def _on_text_changed(self, path: str) -> None:
        if path == self.path:
            try:
                self.source.show_text(self._document.texts.text(path))
            except EspalierError as error:
                self._show_unreadable(said(str(error)))
                return
            self._rest.start()

    @Slot(str)
    def _on_source_typed(self, text: str) -> None:
        if self.path:
            self._document.edit(self.path, text, tr("Typing"), "source")

    @Slot(object, str)
    def _on_typed(self, where: Where, words: str) -> None:
        if self.view:
            self._edits.type(self.view, where, words)

    @Slot(object, object)
    def _on_inserted(self, where: Where, value: Any) -> None:
        self.form.give()
        self._edits.insert(self.path, where, value)
        self.check()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.note.setText(said(sentence))
        self.note.setVisible(bool(sentence))
        if sentence and self.view:
            self._rest.start()

    @Slot(int)
    def _ask(self, index: int) -> None:
        self.form.give()
        self.check()
        view = self.view
        asks = asks_of(view.seeds[index], view.kind) if view and index < len(view.seeds) else []
        (self.student.stop if self.student.is_asking(asks) else self.student.ask)(asks)

    @Slot(int)
    def _start_picking(self, index: int) -> None:
        self.form.give()
        self._picks_for = (index, self.mode)
        self.set_mode("documents")
        self.documents.pick_for(index)

    @Slot(int, str)
    def _on_picked(self, index: int, passage: str) -> None:
        view, leaf = self.view, self.path
        if view is None or view.blocked:
            self._on_refused(tr("The source cannot be read. Mend it first; then pick the context again."))
            return
        place = index if index != NEW_SEED else len(view.seeds)
        where: Where = ("seed_examples", place, "context")
        if index == NEW_SEED:
            is_made = self._edits.insert(leaf, where[:-1], blank_seed("knowledge", passage))
        else:
            old = value_at(view.contents, where)
            end = "\n" if isinstance(old, str) and old.endswith("\n") else ""
            is_made = self._edits.change(leaf, tr("Change Context"), where, splice.set_value, passage + end)
        self.check()
        came_from, self._picks_for = self._picks_for, None

        def show() -> None:
            if self.path == leaf:
                self.set_mode(came_from[1] if came_from else "both")
                self.form.go_to(where)

        if is_made and came_from and came_from[0] == index:
            show()
        elif is_made:
            text = tr("Seed example {number} has its context.").format(number=place + 1)
            self._shell.toast(text, tr("Show"), show)

    @Slot(list)
    def _import(self, files: list[Path]) -> None:
        self.set_mode("documents")
        self.importer.start(self.path, files)

    def _dropped(self, event: QDropEvent) -> list[Path]:
        """Return the files that are dropped on a leaf that has documents."""
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        return [file for file in files if file.is_file()] if self.has_documents else []

    @Slot(str, str)
    def _on_kept(self, leaf: str, name: str) -> None:
        if leaf == self.path:
            self.documents.reload()
            self.documents.choose_name(name)

    @property
    def _repository(self) -> str:
        """Return the repository in which the leaf's documents are, "" when it names none."""
        document = self.view.contents.get("document") if self.view else None
        found = document.get("repo") if isinstance(document, dict) and document.get("patterns") else ""
        return found.strip() if isinstance(found, str) and found.strip() != LOCAL else ""

    @Slot()
    def _fetch(self) -> None:
        self.form.give()
        self._document.texts.save_all()  # the worker reads the leaf from disk
        self.changes.fetch(self.path, self._repository)

    def _change(self, what: str, where: Where, edit: Callable[..., str], *values: Any) -> None:
        self.form.give()
        self._edits.change(self.path, what, where, edit, *values)
        self.check()

    @Slot(object)
    def _mend(self, problem: Problem) -> None:
        self.form.give()
        self.check()
        found = mend_of(self.view, problem, self._document.texts.file(self.path)) if self.view else None
        if found is None:
            sentence = tr("Only you can know what is right at {place}. Change it by hand.")
            self._on_refused(sentence.format(place=name(where_of(problem))))
            return
        self._document.edit(self.path, found.text, tr("Fix"))
        self.check()

    def _show_unreadable(self, sentence: str) -> None:
        """Show why there is no text; the source is empty and cannot be typed into."""
        blocked = Problem(self.path, 1, 1, "error", "unreadable", sentence)
        self.view = LeafView(self.path, "", {}, (blocked,), blocked)
        self.source.show_text("")
        self.source.setEnabled(False)
        self.form.show_view(self.view)
        self.show_facts()
