"""Fix All Safe Ones: every leaf that has a safe mend, one after the other, as one step that can be undone."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from espalier.status import LeafStatus
from espalier.taxonomy.codes import code
from espalier.taxonomy.fixes import mend
from espalier.taxonomy.source import ReadingError
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr


class Mender(QObject):
    """Mends leaves while the window lives on.

    Signals:
        finished: number of leaves that are mended now.
    """

    finished = Signal(int)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._waiting: list[str] = []
        self._mended: list[tuple[str, str]] = []

    def start(self, leaves: Iterable[LeafStatus]) -> None:
        """Mend what has a safe mend; what is unsaved is saved first."""
        self._document.texts.save_all()
        self._waiting = [leaf.path for leaf in leaves if any(code(problem.code).fix for problem in leaf.problems)]
        self._mended = []
        self._go_on()

    @Slot()
    def _go_on(self) -> None:
        if self._waiting:
            self._mend(self._waiting.pop(0))
            QTimer.singleShot(0, self._go_on)
            return
        if self._mended:
            self._document.undo.beginMacro(tr("Fix All Safe Ones"))
            for path, text in self._mended:
                self._document.edit(path, text, tr("Fix"))
            self._document.undo.endMacro()
        self.finished.emit(len(self._mended))

    def _mend(self, path: str) -> None:
        try:
            mended = mend(self._document.texts.file(path))
        except ReadingError:  # it went, or is no text: its problem says so
            return
        if mended.new != mended.old and mended.old == self._document.texts.text(path):
            self._mended.append((path, mended.new))
