"""One leaf, as a form and as its source: two views of the document's one text."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QTextCursor
from PySide6.QtWidgets import QSplitter, QWidget
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.taxonomy import splice
from espalier.taxonomy.blank import BLANK_DOCUMENT
from espalier.taxonomy.leaf_text import EditError, Where
from espalier.taxonomy.places import name
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.form import Form
from espalier_desktop.pages.taxonomy.leaf_view import LONGEST, LeafView, mend_of, view_of, where_of
from espalier_desktop.pages.taxonomy.names import kind_title, leaf_name
from espalier_desktop.pages.taxonomy.source import SourceEdit
from espalier_desktop.widgets.basics import column, label, row
from espalier_desktop.widgets.segments import Segments

_REST = 300  # milliseconds without a key until the text is checked again
_NARROW = 760  # px: below, form and source do not stand side by side


class LeafEditor(QWidget):
    """Shows the leaf at ``path`` and makes every change of it an edit of the document.

    Signals:
        viewed: what the text says now, with all problems; after each check.

    Attributes:
        path: of the leaf; "" before the first.
        mode: ``form``, ``both`` or ``source``.
        splitter: form and source side by side.
    """

    viewed = Signal(object)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell, self._document = shell, shell.document
        self.path, self.mode = "", "both"
        self.view: LeafView | None = None
        self.title = label(role="title", wrap=True)
        self.facts = label(role="muted", wrap=True)
        self.note = label(role="error", wrap=True)
        self.note.hide()
        self.modes = Segments({"form": tr("Form"), "both": tr("Both"), "source": tr("Source")}, tr("View"))
        self.modes.chosen.connect(self.set_mode)
        self.form, self.source = Form(), SourceEdit()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.form)
        self.splitter.addWidget(self.source)
        self.splitter.setSizes([460, 380])
        names = column(self.title, self.facts, spacing=2)
        head = row(names, self.modes, spacing=12)
        head.setStretch(0, 1)
        head.setAlignment(self.modes, Qt.AlignmentFlag.AlignTop)
        top = column(head, self.note, spacing=6)
        top.setContentsMargins(24, 18, 20, 12)
        self.setLayout(column(top, self.splitter, spacing=0))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]  # it is the column
        self._rest = QTimer(self, interval=_REST, singleShot=True)
        self._rest.timeout.connect(self.check)
        self._connect()
        self.set_mode("both")

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
        self.check()
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
        if self.view is None or self.view.blocked or self.mode == "source" or not where_of(problem):
            if self.mode == "form" and not (self.view and self.view.blocked):
                self.set_mode("both" if self.width() >= _NARROW else "source")
            self.source.go_to(problem.line, problem.column)
        else:
            self.form.go_to(where_of(problem))

    @Slot(str)
    def set_mode(self, mode: str) -> None:
        """Show the form, the source, or both where there is room."""
        self.mode = mode
        is_narrow = self.width() < _NARROW
        shown = "form" if mode == "both" and is_narrow else mode
        self.form.setVisible(shown != "source")
        self.source.setVisible(shown != "form")
        self.modes.buttons["both"].setVisible(not is_narrow)
        self.modes.choose(shown)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.set_mode(self.mode)

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
        value: Any = words
        if where[0] == "document" and self.view and not isinstance(self.view.contents.get("document"), Mapping):
            where, value = where[:1], {**BLANK_DOCUMENT, where[1]: words}  # the group that the field is in is missing
        self._put(tr("Typing"), where, splice.set_value, value, place=str(where))

    @Slot(object, object)
    def _on_inserted(self, where: Where, value: Any) -> None:
        is_missing = isinstance(where[-1], int) and where[-1] == 0
        if isinstance(where[-1], str):
            self._change(tr("Add"), where, splice.set_value, value)
        elif is_missing:  # the list may be missing, empty, or no list at all
            self._change(tr("Add"), where[:-1], splice.set_value, [value])
        else:
            self._change(tr("Add"), where, splice.insert, value)

    def _change(self, what: str, where: Where, edit: Callable[..., str], *values: Any) -> None:
        self.form.give()
        self._put(what, where, edit, *values)
        self.check()

    def _put(self, what: str, where: Where, edit: Callable[..., str], *values: Any, place: str = "") -> None:
        try:
            text = edit(self._document.texts.text(self.path), where, *values)
        except EditError as error:
            self.note.setText(said(str(error)))
            self.note.show()
            if self.view:
                self._rest.start()
            return
        self.note.hide()
        self._document.edit(self.path, text, what, place)

    @Slot(object)
    def _mend(self, problem: Problem) -> None:
        self.form.give()
        self.check()
        found = mend_of(self.view, problem, self._document.texts.file(self.path)) if self.view else None
        if found is None:
            sentence = tr("Only you can know what is right at {place}. Change it by hand.")
            self.note.setText(sentence.format(place=name(where_of(problem))))
            self.note.show()
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
