"""A document as the chunks that a teacher is shown, with the tokens of each."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QProcess, Qt, Signal, Slot
from PySide6.QtWidgets import QHeaderView, QTableView
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.jobs.process import end
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.tables import set_up_rows

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_FIRST = 200  # characters: as much of a chunk as a row can show


@dataclass(frozen=True)
class ChunkRow:
    """One chunk; see `espalier.documents.chunks.Chunk`, which this process does not import."""

    text: str
    headings: tuple[str, ...]
    tokens: int
    cut: str


@dataclass(frozen=True)
class Chunked:
    """A document in chunks.

    Attributes:
        limit: tokens that a chunk should not exceed.
        is_estimate: tokens are guessed, for the student's tokenizer is not on this machine.
    """

    rows: tuple[ChunkRow, ...]
    limit: int
    is_estimate: bool

    def remark(self, row: ChunkRow) -> str:
        """Return what is unusual about a chunk, "" when nothing is."""
        if row.tokens > self.limit:
            return tr("over the limit of {limit}").format(limit=number(self.limit))
        words = {"sentence": tr("cut inside a sentence"), "table": tr("part of a table"), "code": tr("part of code")}
        return words.get(row.cut, "")


class Chunker(QObject):
    """Has documents cut into chunks by a process of its own, one at a time; the latest one counts.

    Signals:
        chunked: the Chunked.
        failed: the document could not be cut.
    """

    chunked = Signal(object)
    failed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None

    def cut(self, markdown: str, model: str) -> None:
        """Cut a document into chunks by the tokens of a model."""
        self.stop()
        process = QProcess(self)
        process.finished.connect(self._on_finished)
        process.start(sys.executable, ["-P", "-m", "espalier.documents.chunks", model])
        process.write(markdown.encode())
        process.closeWriteChannel()
        self._process = process

    @Slot()
    def stop(self) -> None:
        """Give up what is being cut."""
        process, self._process = self._process, None
        if process:
            end(process)
            process.deleteLater()

    @Slot()
    def _on_finished(self) -> None:
        process, self._process = self._process, None
        assert process
        process.deleteLater()
        try:
            answer: dict[str, Any] = json.loads(bytes(process.readAllStandardOutput().data()))
        except ValueError:
            self.failed.emit()
            return
        found = answer["chunks"]
        rows = (ChunkRow(each["text"], tuple(each["headings"]), each["tokens"], each["cut"]) for each in found)
        self.chunked.emit(Chunked(tuple(rows), answer["limit"], answer["is_estimate"]))


class ChunkTable(QTableView):
    """One row per chunk: its number, the headings above it and its first words, its tokens.

    Signals:
        chosen: the ChunkRow that is current now.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._chunks = _ChunkModel(self)
        set_up_rows(self, tr("Chunks"), 28)
        self.setModel(self._chunks)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(0)

    def show_chunks(self, chunked: Chunked) -> None:
        """Show these chunks, and choose the first."""
        self._chunks.show_chunks(chunked)
        self.setCurrentIndex(self._chunks.index(0, 0))

    def clear(self) -> None:
        """Show none."""
        self._chunks.show_chunks(Chunked((), 0, False))

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(self._chunks.chunked.rows[current.row()])


class _ChunkModel(QAbstractTableModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.chunked = Chunked((), 0, False)

    def show_chunks(self, chunked: Chunked) -> None:
        self.beginResetModel()
        self.chunked = chunked
        self.endResetModel()

    @override
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.chunked.rows)

    @override
    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else 3

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        chunk = self.chunked.rows[index.row()]
        remark = self.chunked.remark(chunk)
        if role == Qt.ItemDataRole.DisplayRole:
            about = _join((" › ".join(chunk.headings), " ".join(_HEADING.sub("", chunk.text[:_FIRST]).split())))
            tokens = ("≈ " if self.chunked.is_estimate else "") + number(chunk.tokens)
            return (number(index.row() + 1), about, f"▲ {tokens}, {remark}" if remark else tokens)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() != 1:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return ("", tr("Chunk"), tr("Tokens"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == 1 else Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None


def _join(parts: Sequence[str]) -> str:
    return "  ·  ".join(part for part in parts if part)
