"""What a person does with a leaf's documents besides adding files: removing, correcting, fetching."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.correct_sheet import CorrectSheet
from espalier_desktop.pages.taxonomy.fetch_sheet import FetchSheet
from espalier_desktop.pages.taxonomy.listed_document import ListedDocument


class DocumentChanges(QObject):
    """Each is an edit of the document that can be undone, except what was fetched, which can be removed.

    Signals:
        fetched: path of the leaf whose documents were fetched.
    """

    fetched = Signal(str)

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(parent)
        self._shell, self._widget = shell, parent

    def remove(self, leaf: str, name: str) -> None:
        """Remove a document of a leaf, by the name of its Markdown file."""
        document = self._shell.document
        if document.take_document(leaf, name):
            self._shell.toast(tr("“{name}” was removed.").format(name=name), tr("Undo"), document.take_back)

    def correct(self, leaf: str, listed: ListedDocument) -> None:
        """Let the person correct the text of a document."""
        sheet = CorrectSheet(self._widget, listed.title, listed.text)
        document = self._shell.document

        def keep(text: str) -> None:
            if document.correct_document(leaf, listed.name, text):
                sheet.accept()
                words = tr("“{name}” was corrected.").format(name=listed.title)
                self._shell.toast(words, tr("Undo"), document.take_back)

        sheet.saved.connect(keep)
        sheet.open()

    def fetch(self, leaf: str, place: str) -> None:
        """Bring in the documents that a leaf names in a repository."""
        root, owner = self._shell.document.root, self._shell.document
        sheet = FetchSheet(self._widget, root, leaf, place, owner)
        sheet.fetched.connect(lambda result: self._on_fetched(leaf, result))
        sheet.open()

    @Slot(str, object)
    def _on_fetched(self, leaf: str, result: Mapping[str, Any]) -> None:
        self.fetched.emit(leaf)
        self._shell.toast(tr("%n document(s) fetched.", len(result["documents"])))
        if result["notes"]:
            self._shell.tell(tr("Look through the documents"), "\n".join(map(said, dict.fromkeys(result["notes"]))))
