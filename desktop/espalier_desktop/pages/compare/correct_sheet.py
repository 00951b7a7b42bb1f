"""The sheet in which a person puts an answer right, so that the student learns it: as a seed example or a row."""

import json
import tempfile
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QWidget

from espalier.comparison.corrections import add_pair, likely_leaf
from espalier.errors import EspalierError
from espalier.taxonomy.reader import read_taxonomy
from espalier_desktop.document import Document
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.review.transfer import Transfer
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.segments import Segments

_SIZE = QSize(640, 520)


class CorrectAnswerSheet(QDialog):
    """A question and its answer as it should be.

    Signals:
        kept: path of the leaf that has the pair as a seed example now.
        brought: a sentence on the training row that was added.
    """

    kept = Signal(str)
    brought = Signal(str)

    def __init__(self, parent: QWidget, document: Document, question: str, answer: str, leaf: str) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Correct the answer"))
        self.resize(_SIZE)
        self._document = document
        self._transfer = Transfer(document.root, self)
        self._transfer.imported.connect(self._on_imported)
        self._transfer.failed.connect(self._refuse)
        self._file: Path | None = None
        self.question = PlainEdit(tr("Question"))
        self.question.setFixedHeight(72)
        self.answer = PlainEdit(tr("The answer as it should be"))
        for field, text in ((self.question, question), (self.answer, answer)):
            field.setPlainText(text)
            field.setUndoRedoEnabled(True)
            field.textChanged.connect(self._refresh)
        self.leaf = QComboBox()
        self.leaf.setAccessibleName(tr("Leaf"))
        for path in document.leaves:
            self.leaf.addItem(leaf_name(path), path)
            self.leaf.setItemData(self.leaf.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.leaf.setCurrentIndex(max(0, self.leaf.findData(leaf or self._guess(question))))
        self.kind = Segments({"seed": tr("Seed Example"), "row": tr("Training Row")}, tr("Keep it as"))
        self.kind.chosen.connect(lambda key: self._choose(key))
        self.kind.choose("seed")
        self._kind = "seed"
        self.about = label(role="muted", wrap=True)
        self.notice = label(role="error", wrap=True)
        self.notice.hide()
        self.save = button(tr("Keep It"), self._save, role="primary")
        self.cancel = button(tr("Cancel"), self.reject)
        for each in (self.save, self.cancel):
            each.setAutoDefault(False)
        layout = column(
            label(tr("Correct the answer"), "headline"),
            label(tr("Question"), "muted"),
            self.question,
            label(tr("The answer as it should be"), "muted"),
            self.answer,
            row(label(tr("Leaf"), "muted"), self.leaf, None, self.kind),
            self.about,
            self.notice,
            row(None, self.cancel, self.save),
            spacing=8,
        )
        layout.setStretch(4, 1)
        layout.setContentsMargins(24, 20, 24, 20)
        self.setLayout(layout)
        self._choose("seed")
        self._refresh()
        self.answer.setFocus()
        self.answer.selectAll()

    def _guess(self, question: str) -> str:
        try:
            return likely_leaf(read_taxonomy(self._document.project.taxonomy), question)
        except EspalierError:
            return ""

    def _choose(self, kind: str) -> None:
        self._kind = kind
        self.about.setText(
            tr("It is added to the leaf's examples, and the teacher writes more like it. Undo takes it back.")
            if kind == "seed"
            else tr("It is learned as it is, next time you train, if it passes the checks that need no model.")
        )

    @Slot()
    def _refresh(self) -> None:
        is_whole = bool(self.question.words.strip() and self.answer.words.strip()) and self.leaf.count() > 0
        self.save.setEnabled(is_whole)
        self.save.setToolTip("" if is_whole else tr("Write a question and an answer first."))

    def _save(self) -> None:
        path = str(self.leaf.currentData())
        if self._kind == "row":
            self._bring(path)
            return
        texts = self._document.texts
        try:
            text = add_pair(texts.text(path), path, self.question.words, self.answer.words)
        except EspalierError as error:
            self._refuse(said(str(error)))
            return
        self._document.edit(path, text, tr("Corrected Answer"))
        texts.save_all()
        self.accept()
        self.kept.emit(path)

    def _bring(self, path: str) -> None:
        row_ = {"question": self.question.words.strip(), "answer": self.answer.words.strip()}
        with tempfile.NamedTemporaryFile(
            "w", suffix=".jsonl", prefix="corrected-", delete=False, encoding="utf-8"
        ) as file:
            file.write(json.dumps(row_, ensure_ascii=False) + "\n")
        self._file = Path(file.name)
        self.save.setEnabled(False)
        self._transfer.bring(path, file.name)

    @Slot(str, str)
    def _on_imported(self, sentence: str, _: str) -> None:
        self._tidy()
        self.accept()
        self.brought.emit(sentence)

    @Slot(str)
    def _refuse(self, sentence: str) -> None:
        self._tidy()
        self.notice.setText(sentence)
        self.notice.show()
        self._refresh()

    def _tidy(self) -> None:
        if self._file:
            self._file.unlink(missing_ok=True)
            self._file = None

    def done(self, result: int) -> None:
        """Close, and end what is being read."""
        self._transfer.end()
        self._tidy()
        super().done(result)
