"""The documents of a knowledge leaf: what there is, its text, its chunks, and passages picked as contexts."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QListWidget, QListWidgetItem, QSplitter, QWidget
from typing_extensions import override

from espalier.documents.convert import KINDS
from espalier.errors import EspalierError
from espalier_desktop.document import Document
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.chunk_table import Chunked, Chunker, ChunkRow, ChunkTable
from espalier_desktop.pages.taxonomy.context_bar import ContextBar
from espalier_desktop.pages.taxonomy.listed_document import ListedDocument, files_stamp, listed_documents
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.segments import Segments
from espalier_desktop.widgets.two_lines import show_two_lines


class DocumentsView(QWidget):
    """Documents on the left, the chosen one on the right.

    Signals:
        wanted: files that the person wants to add.
        removed: name of a document to remove.
        correct_wanted: the document whose text is to be corrected.
        fetch_wanted: the documents that the leaf names in a repository are to be fetched.
        picked: index of a seed example, or NEW_SEED, and the passage that is to be its context.
    """

    wanted = Signal(list)
    removed = Signal(str)
    correct_wanted = Signal(object)
    fetch_wanted = Signal()
    picked = Signal(int, str)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.path = ""
        self._stamp: object = None
        self._documents: list[ListedDocument] = []
        self.list = QListWidget()
        show_two_lines(self.list)
        self.list.setAccessibleName(tr("Documents"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._choose)
        self.add = button(tr("Add Document…"), self.choose_files, picture="plus")
        self.correct = button(tr("Correct Text…"), self._correct)
        self.remove = button(tr("Remove Document"), self._remove)
        self.source = label(role="muted", wrap=True)
        self.note = label(role="error", wrap=True)
        self.views = Segments({"text": tr("Text"), "chunks": tr("Chunks")}, tr("Show as"))
        self.views.chosen.connect(self._set_view)
        self.views.choose("text")
        self.reader = PlainEdit(tr("Text of the document"))
        flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        self.reader.setTextInteractionFlags(flags)
        self.reader.setAcceptDrops(False)
        self.reader.selectionChanged.connect(self._count)
        self.chunks = ChunkTable()
        self.chunks.chosen.connect(self._show_chunk)
        self.chunk_facts = label(role="caption", wrap=True)
        self._chunker = Chunker(self)
        self._chunker.chunked.connect(self._show_chunks)
        self._chunker.failed.connect(self._on_chunks_failed)
        self.context = ContextBar()
        self.context.picked.connect(self.picked)
        self._lay_out()
        document.tree_changed.connect(self.reload)
        document.leaves_changed.connect(self.reload)
        document.settings_changed.connect(self._cut)
        document.closed.connect(self._chunker.stop)

    @property
    def view(self) -> str:
        """Return ``text`` or ``chunks``."""
        return "chunks" if self.views.buttons["chunks"].isChecked() else "text"

    def show_leaf(self, path: str, seeds: Sequence[str], *, is_elsewhere: bool = False) -> None:
        """Show a leaf's documents.

        Args:
            path: of the leaf.
            seeds: what each of its seed examples is called.
            is_elsewhere: whether the leaf names a repository from which documents can be fetched.
        """
        self.fetch.setVisible(is_elsewhere)
        self.context.show_seeds(seeds, is_new_leaf=path != self.path)
        if path != self.path:
            self.path, self._stamp = path, None
        if self.isVisible():
            self.reload()

    def pick_for(self, seed: int) -> None:
        """Make a seed example the one that gets the passage, and put the keyboard on the text."""
        self.context.seeds.setCurrentIndex(seed)
        (self.reader if self._documents else self.add).setFocus()

    @Slot()
    def reload(self) -> None:
        """Read the documents again when they are others than before."""
        if not self.isVisible() or not self.path:
            return
        stamp = self.path, files_stamp(self._document.project.documents / self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        chosen = self.current.name if self.current else ""
        try:
            self._documents = listed_documents(self._document.project, self.path)
            self.note.setText("")
        except EspalierError as error:
            self._documents = []
            self.note.setText(said(str(error)))
        self.note.setVisible(bool(self.note.text()))
        self.list.clear()
        for each in self._documents:
            item = QListWidgetItem(f"{each.title}\n{each.facts}")
            item.setToolTip(item.text())  # which the row may cut
            self.list.addItem(item)
        names = [each.name for each in self._documents]
        self._stack.setCurrentIndex(1 if self._documents or self.note.text() else 0)
        self.list.setCurrentRow(names.index(chosen) if chosen in names else 0)
        self.remove.setEnabled(bool(names))
        self.correct.setEnabled(bool(names))
        if not names:
            self._choose(-1)

    @property
    def current(self) -> ListedDocument | None:
        """Return the chosen document."""
        place = self.list.currentRow()
        return self._documents[place] if 0 <= place < len(self._documents) else None

    def choose_name(self, title: str) -> None:
        """Show the document of this title, if there is one."""
        titles = [each.title for each in self._documents]
        if title in titles:
            self.list.setCurrentRow(titles.index(title))

    @Slot()
    def choose_files(self) -> None:
        """Ask for files to add."""
        start = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        endings = " ".join(f"*{ending}" for ending in KINDS)
        files, _ = QFileDialog.getOpenFileNames(
            self.window(), tr("Add Document…"), start, f"{tr('Documents')} ({endings})"
        )
        if files:
            self.wanted.emit([Path(file) for file in files])

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()
        self._cut()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._chunker.stop()

    def _lay_out(self) -> None:
        left = QWidget()
        left.setLayout(column(self.list, self.add, self.correct, self.remove, spacing=8))
        head = row(self.source, self.views, spacing=12)
        head.setStretch(0, 1)
        self._chunk_part = QWidget()
        self._chunk_part.setLayout(column(self.chunks, self.chunk_facts, spacing=4))
        self._chunk_part.hide()
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._right.setHandleWidth(8)
        self._right.setProperty("role", "gap")
        self._right.setChildrenCollapsible(False)
        self._right.addWidget(self._chunk_part)
        self._right.addWidget(self.reader)
        self._right.setSizes([240, 260])
        right = QWidget()
        layout = column(head, self.note, self._right, self.context, spacing=8)
        layout.setStretch(2, 1)
        right.setLayout(layout)
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setHandleWidth(12)
        panes.setProperty("role", "gap")
        panes.setChildrenCollapsible(False)
        panes.addWidget(left)
        panes.addWidget(right)
        panes.setSizes([210, 560])
        panes.setStretchFactor(1, 1)
        inner = QWidget()
        content = column(panes)
        content.setContentsMargins(24, 0, 20, 16)
        inner.setLayout(content)
        text = tr(
            "Drop a PDF, Word, HTML, Markdown or text file here. The teacher writes its questions from the documents, "
            "and you pick contexts from them."
        )
        self.first = button(tr("Add Document…"), self.choose_files, role="primary")
        self.fetch = button(tr("Fetch from the Leaf’s Repository"), self.fetch_wanted.emit)
        empty = EmptyState("example", tr("This leaf has no document yet"), text, self.first, self.fetch)
        self._stack = empty_or(empty, inner)
        self.setLayout(column(self._stack, spacing=0))
        self.note.hide()
        self._count()

    @Slot(int)
    def _choose(self, _: int) -> None:
        document = self.current
        self.source.setText(document.source if document else "")
        self.source.setToolTip(document.name if document else "")
        self._set_view(self.view)

    @Slot(str)
    def _set_view(self, view: str) -> None:
        self._chunk_part.setVisible(view == "chunks")
        self.chunks.clear()
        self._chunker.stop()
        self.reader.setPlainText(self.current.text if self.current and view == "text" else "")
        self._cut()

    @Slot()
    def _cut(self) -> None:
        if self.current and self.view == "chunks" and self.isVisible():
            self.chunk_facts.setText(tr("Counting tokens…"))
            self._chunker.cut(self.current.text, self._document.project.student)

    @Slot(object)
    def _show_chunks(self, chunked: Chunked) -> None:
        student = self._document.project.student
        if chunked.is_estimate:
            text = tr("{student} is not on this machine yet, so its tokens are estimated from the length.")
        else:
            text = tr("Tokens as {student} counts them, headings included. At most {limit} fit into a chunk.")
        limit = number(chunked.limit)
        parts = [tr("%n chunk(s)", len(chunked.rows)), text.format(student=student, limit=limit)]
        self.chunk_facts.setText(" · ".join(parts))
        self.chunks.show_chunks(chunked)

    @Slot()
    def _on_chunks_failed(self) -> None:
        self.chunk_facts.setText(tr("This document could not be cut into chunks. Look at its text."))

    @Slot(object)
    def _show_chunk(self, chunk: ChunkRow) -> None:
        self.reader.setPlainText(chunk.text)

    @Slot()
    def _count(self) -> None:
        self.context.show_passage(self.reader.textCursor().selectedText().replace("\u2029", "\n").strip())

    def _correct(self) -> None:
        if self.current:
            self.correct_wanted.emit(self.current)

    def _remove(self) -> None:
        if self.current:
            self.removed.emit(self.current.name)
