"""Files on their way into a leaf: one sheet after the other, until each was saved or left out."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from espalier.documents.convert import Conversion
from espalier.documents.store import Source, read_file
from espalier.errors import EspalierError
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.import_sheet import ImportSheet


class Importer(QObject):
    """Shows a sheet for each file that is wanted, and keeps what the person saves.

    Signals:
        kept: path of the leaf and name of the file.
    """

    kept = Signal(str, str)

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(parent)
        self._shell, self._widget = shell, parent
        self._waiting: list[tuple[str, Path]] = []
        self.sheet: ImportSheet | None = None
        shell.document.closed.connect(self._give_up)

    def start(self, leaf: str, files: list[Path]) -> None:
        """Ask for each file in its turn whether and how it is to become a document of the leaf."""
        self._waiting += [(leaf, file) for file in files]
        if self.sheet is None:
            self._next()

    @Slot()
    def _next(self) -> None:
        self.sheet = None
        if self._waiting:
            leaf, file = self._waiting.pop(0)
            self.sheet = ImportSheet(self._widget, file)
            self.sheet.saved.connect(partial(self._keep, leaf, file))
            self.sheet.finished.connect(self._next)
            self.sheet.open()

    @Slot()
    def _give_up(self) -> None:
        self._waiting.clear()
        if self.sheet:
            self.sheet.done(ImportSheet.DialogCode.Rejected)

    def _keep(self, leaf: str, file: Path, conversion: Conversion, text: str) -> None:
        sheet = self.sheet
        assert sheet
        try:
            data = read_file(file)
        except EspalierError as error:
            self._shell.tell(tr("The document was not saved"), said(str(error)))
            return
        folder = self._shell.document.project.documents / leaf
        before = {each.name for each in folder.glob("*.md")}
        if self._shell.document.put_document(leaf, Source(file.name), data, conversion, text):
            sheet.accept()
            self.kept.emit(leaf, file.name)
            is_new = {each.name for each in folder.glob("*.md")} != before
            words = tr("“{name}” was added.") if is_new else tr("“{name}” took the place of its earlier import.")
            self._shell.toast(words.format(name=file.name), tr("Undo"), self._shell.document.take_back)
