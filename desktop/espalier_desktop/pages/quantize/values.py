"""The values of one way to make the student small, each with what it does."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from espalier.quantization.settings import BITS, EXPLAINED, FIXED, GROUPS, QuantizeSettings, flat_values
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import label
from espalier_desktop.widgets.formats import number


class Values(QWidget):
    """A field for each value that the way reads.

    Signals:
        changed: something was typed or chosen.

    Attributes:
        fields: by name, those of the way that is shown.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.setLayout(self._grid)
        self.fields: dict[str, QComboBox | QLineEdit] = {}

    @property
    def values(self) -> dict[str, Any]:
        """Return what the fields hold, by name, as it was typed."""
        return {
            name: field.currentData() if isinstance(field, QComboBox) else field.text().strip()
            for name, field in self.fields.items()
        }

    def show_way(self, way: QuantizeSettings) -> None:
        """Show the fields that a way reads, with its values."""
        while item := self._grid.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self.fields = {}
        held = flat_values(way)
        for line, name in enumerate(_names(way)):
            title = label(_title(name), "strong")
            field = self._field(name, held[name])
            field.setAccessibleName(_title(name))
            field.setAccessibleDescription(said(EXPLAINED[name]))
            title.setBuddy(field)
            self._grid.addWidget(title, 2 * line, 0, 1, 2)
            self._grid.addWidget(field, 2 * line, 2, Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(label(said(EXPLAINED[name]), "caption", wrap=True), 2 * line + 1, 0, 1, 3)
            self.fields[name] = field

    def _field(self, name: str, value: Any) -> QComboBox | QLineEdit:
        if name in ("group", "embedding_bits", "bits"):
            box = QComboBox()
            for choice in {"group": GROUPS, "bits": BITS[:-1], "embedding_bits": (0, *BITS)}[name]:
                box.addItem(number(choice) if choice else tr("as the rest"), choice)
            box.setCurrentIndex(box.findData(value))
            box.currentIndexChanged.connect(self.changed)
            return box
        line = QLineEdit(f"{value:g}" if isinstance(value, float) else str(value))
        line.setFixedWidth(96)
        line.setAlignment(Qt.AlignmentFlag.AlignRight)
        line.textEdited.connect(self.changed)
        return line


def _names(way: QuantizeSettings) -> list[str]:
    if way.method in FIXED:
        return ["embedding_bits"]
    names = ["group", "embedding_bits"]
    if way.method == "dwq":
        names = ["bits", *names, *(name for name in EXPLAINED if name.startswith("dwq."))]
    return names


def _title(name: str) -> str:
    return {
        "bits": tr("Bits"),
        "group": tr("Weights in a group"),
        "embedding_bits": tr("Bits of the token table"),
        "dwq.updates": tr("Steps"),
        "dwq.rows": tr("Samples in each step"),
        "dwq.learning_rate": tr("Learning rate"),
        "dwq.temperature": tr("Temperature"),
        "dwq.seed": tr("Seed"),
    }[name]
