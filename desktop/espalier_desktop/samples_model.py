"""The samples of one leaf as rows of a table."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from espalier.synthesis.sample import Sample
from espalier_desktop.i18n import said, tr

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class SamplesModel(QAbstractTableModel):
    """Question, answer and verdict; the filter is applied here, so that the view holds no truth."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Sample] = []
        self._rows: list[Sample] = []
        self._filter = "all"

    def show_samples(self, samples: list[Sample], which: str) -> None:
        """Show samples: all, accepted, rejected, or those that failed the check of this name."""
        if samples == self._all and which == self._filter:
            return
        self.beginResetModel()
        self._all, self._filter = samples, which
        self._rows = [sample for sample in samples if _is_wanted(sample, which)]
        self.endResetModel()

    def sample(self, index: Index) -> Sample | None:
        """Return the sample of a row, None for no row."""
        return self._rows[index.row()] if index.isValid() else None

    @override
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else 3

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        sample = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            failure = sample.failure
            verdict = f"✕  {said(failure.told)}" if failure else f"✓  {tr('Passed every check')}"
            return (sample.question, sample.answer, verdict)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return said(sample.failure.told) if sample.failure else tr("Passed every check")
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (tr("Question"), tr("Answer"), tr("Verdict of the critic"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


def _is_wanted(sample: Sample, which: str) -> bool:
    if which == "accepted":
        return sample.is_accepted
    if which == "rejected":
        return not sample.is_accepted
    return which == "all" or (sample.failure is not None and sample.failure.name == which)
