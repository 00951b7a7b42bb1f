"""What the person looks for among the samples."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QWidget

from espalier.synthesis.samples_view import Filter
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.wording import branch_title, check_title, kind_titles
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import align_number, button, label, row

PAUSE = 60  # milliseconds without a key until rows are looked for


class FilterBar(QWidget):
    """A text, a leaf, a state and a check; the range of its scores is shown where the page puts it.

    Signals:
        changed: another filter is wanted.

    Attributes:
        range: the fields of the scores.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._source = ""
        self._typed = QTimer(self, interval=PAUSE, singleShot=True)
        self._typed.timeout.connect(self.changed)
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Find in questions and answers"))
        self.text.setAccessibleName(tr("Find in questions and answers"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(lambda: self._typed.start())
        self.text.returnPressed.connect(self.look)
        self.leaf, self.kind, self.check = _combo(tr("Leaf")), _combo(tr("State")), _combo(tr("Check"))
        for kind, title in kind_titles().items():
            self.kind.addItem(title, kind)
        self.low, self.high = _score(tr("Lowest score")), _score(tr("Highest score"))
        for field in (self.leaf, self.kind, self.check):
            field.activated.connect(self._choose)
        for score in (self.low, self.high):
            score.valueChanged.connect(self._typed.start)
        self.range = QWidget()
        self.range.setLayout(row(label(tr("Score"), "muted"), self.low, label("–", "muted"), self.high, spacing=6))
        self.clear = button(tr("Clear"), self.reset, role="link")
        self.clear.setAccessibleName(tr("Clear the filter"))
        layout = row(self.text, self.leaf, self.kind, self.check, self.clear)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.offer((), ())
        self._show_range(None)

    @property
    def wanted(self) -> Filter:
        """Return what is looked for."""
        has_range = self._scores is not None
        low = self.low.value() if has_range and self.low.value() > self.low.minimum() else None
        high = self.high.value() if has_range and self.high.value() < self.high.maximum() else None
        leaf, kind, check = (str(field.currentData() or "") for field in (self.leaf, self.kind, self.check))
        return Filter(self.text.text(), leaf, kind, check, low, high, self._source)

    @property
    def is_set(self) -> bool:
        """Return whether anything is looked for."""
        return self.wanted != Filter()

    def offer(self, leaves: Sequence[str], checks: Iterable[str]) -> None:
        """Offer leaves with the branches above them, and checks; what is chosen stays chosen."""
        branches = {path[:place] for path in leaves for place, letter in enumerate(path) if letter == "/"}
        paths = sorted({*leaves, *branches}) if len(leaves) > 1 else list(leaves)
        entries = [(tr("All leaves"), "")]
        entries += [(leaf_name(path) if path in leaves else branch_title(path), path) for path in paths]
        _refill(self.leaf, entries)
        _refill(self.check, [(tr("Any check"), ""), *((check_title(name), name) for name in checks)])

    def offer_range(self, scores: tuple[float, float] | None) -> None:
        """Offer a range of scores of the chosen check; None when it has none."""
        if scores != self._scores:
            self._show_range(scores)

    def choose(self, wanted: Filter) -> None:
        """Look for something else."""
        with QSignalBlocker(self.text):
            self.text.setText(wanted.text)
        for field, value in ((self.leaf, wanted.leaf), (self.kind, wanted.kind), (self.check, wanted.check)):
            field.setCurrentIndex(max(0, field.findData(value)))
        self._source = wanted.source
        self._show_range(None)
        self.changed.emit()

    @Slot()
    def look(self) -> None:
        """Look for what is typed now, without waiting for the typing to rest."""
        self._typed.stop()
        self.changed.emit()

    def reset(self) -> None:
        """Look for everything."""
        self.choose(Filter())

    def _choose(self) -> None:
        self._source = ""
        if self.sender() is self.check:
            self._show_range(None)
        self.changed.emit()

    def _show_range(self, scores: tuple[float, float] | None) -> None:
        self._scores = scores
        self.range.setVisible(scores is not None)
        low, high = scores or (0.0, 1.0)
        for field, value in ((self.low, low), (self.high, high)):
            with QSignalBlocker(field):
                field.setRange(low, high)
                field.setSingleStep(max(0.01, (high - low) / 50))
                field.setValue(value)


def _combo(name: str) -> QComboBox:
    field = QComboBox()
    field.setAccessibleName(name)
    field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    field.setMaximumWidth(180)
    return field


def _score(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setAccessibleName(name)
    field.setDecimals(2)
    field.setFixedWidth(64)
    align_number(field)
    field.setKeyboardTracking(False)
    return field


def _refill(field: QComboBox, entries: Sequence[tuple[str, str]]) -> None:
    if [(field.itemText(place), field.itemData(place)) for place in range(field.count())] == list(entries):
        return
    chosen = field.currentData()
    field.clear()
    for text, value in entries:
        field.addItem(text, value)
    field.setCurrentIndex(max(0, field.findData(chosen)))
