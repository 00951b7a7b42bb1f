"""Whose work a leaf's text is, and under which licence: ``attribution.txt`` as a form, one block per source."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from espalier.errors import EspalierError
from espalier.taxonomy.attribution import (
    Attribution,
    attribution_text,
    parse_attributions,
    write_attributions,
)
from espalier_desktop.document import Document
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.source_block import SourceBlock
from espalier_desktop.widgets.basics import button, clear, column, label, row


class AttributionForm(QWidget):
    """The sources of the leaf at ``path``; every change is an edit of the document.

    Signals:
        added: the block of a new source, to be brought into view.
    """

    added = Signal(object)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.path = ""
        self.blocks: list[SourceBlock] = []
        self._works: list[Attribution] = []
        self._unreadable = label(role="error", wrap=True)
        about = tr("The public taxonomy asks whose work the text is. Your own counts too; “-” stands for no address.")
        self._rows = column(spacing=8)
        self.add = button(tr("Add Source"), self._add, picture="plus")
        title = label(tr("Sources and licences"), "headline")
        head = column(title, label(about, "muted", wrap=True), self._unreadable, spacing=8)
        self.setLayout(column(head, self._rows, row(self.add, None), spacing=8))
        document.attribution_changed.connect(self._on_changed)
        document.texts.due.connect(self.give)
        document.leaves_changed.connect(self.reload)
        self._unreadable.hide()

    def show_leaf(self, path: str) -> None:
        """Show the sources of a leaf."""
        if path != self.path:
            self.give()
            self.path = path
            self._rebuild([])
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Show the sources as the file names them, unless they are just being typed."""
        if not self.path or any(block.is_typing for block in self.blocks):
            return
        try:
            works = parse_attributions(attribution_text(self._document.attribution_file(self.path).parent) or "")
            self._unreadable.setText("")
        except EspalierError as error:
            works = []
            self._unreadable.setText(said(str(error)))
        self._unreadable.setVisible(bool(self._unreadable.text()))
        self.add.setEnabled(not self._unreadable.text())
        if len(works) != len(self.blocks):
            self._rebuild(works)
        self._works = works
        for block, work in zip(self.blocks, works, strict=True):
            block.show_work(work)

    @Slot()
    def give(self) -> None:
        """Hand over what is being typed."""
        for block in self.blocks:
            block.give()

    @Slot(str)
    def _on_changed(self, path: str) -> None:
        if path == self.path:
            self.reload()

    def _rebuild(self, works: list[Attribution]) -> None:
        clear(self._rows)
        self.blocks = []
        self._works = works
        for index in range(len(works)):
            block = SourceBlock(index)
            block.typed.connect(partial(self._typed, index))
            block.removed.connect(partial(self._remove, index))
            self.blocks.append(block)
            self._rows.addWidget(block)

    def _typed(self, index: int, field: str, words: str) -> None:
        works = list(self._works)
        works[index] = replace(works[index], **{field: words})
        self._write(works, tr("Typing"), f"{index} {field}")

    def _add(self) -> None:
        self.give()
        self._write([*self._works, Attribution()], tr("Add"))
        if self.blocks:
            self.blocks[-1].fields["title"].edit.setFocus()
            self.added.emit(self.blocks[-1])

    def _remove(self, index: int) -> None:
        self.give()
        self._write([*self._works[:index], *self._works[index + 1 :]], tr("Remove"))
        self.add.setFocus()

    def _write(self, works: list[Attribution], what: str, place: str = "") -> None:
        self._works = works
        self._document.edit_attribution(self.path, write_attributions(works), what, place)
