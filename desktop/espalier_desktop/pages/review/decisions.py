"""A person's decisions as steps of the window's undo."""

from collections.abc import Sequence

from PySide6.QtGui import QUndoCommand
from typing_extensions import override

from espalier.synthesis.final import Final
from espalier.synthesis.reviews import Review, review, taken_back
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.store import SampleStore


class Decide(QUndoCommand):
    """One decision about some samples."""

    def __init__(
        self,
        document: Document,
        store: SampleStore,
        rows: Sequence[Final],
        decision: str,
        words: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(decision_title(decision))
        self._document, self._store = document, store
        self._samples = [row.drawn for row in rows]
        self._before = taken_back(store.reviews, self._samples)
        given = words or [("", "")] * len(rows)
        self._after = [review(sample, decision, *texts) for sample, texts in zip(self._samples, given, strict=True)]

    @override
    def redo(self) -> None:
        self._write(self._after)

    @override
    def undo(self) -> None:
        self._write(self._before)

    def _write(self, reviews: Sequence[Review]) -> None:
        try:
            self._store.write(reviews, self._samples)
        except OSError as error:
            self.setObsolete(True)
            text = tr("The decision cannot be written to {folder}: {reason}. Allow it, or copy the project elsewhere.")
            self._document.failed.emit(text.format(folder=self._document.root, reason=error.strerror or str(error)))


def decision_title(decision: str) -> str:
    """Return what a decision is called in the Edit menu."""
    titles = {"keep": tr("Keep"), "drop": tr("Drop"), "edit": tr("Edit Sample"), "none": tr("Take Back")}
    return titles[decision]
