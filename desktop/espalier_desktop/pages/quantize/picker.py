"""What will be made: every way with the size that it would have for this very student, and its values."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from espalier.errors import EspalierError
from espalier.models.shapes import Part
from espalier.quantization.layout import check_fit, quantized_bytes
from espalier.quantization.settings import QuantizeSettings, flat_values, settings_of
from espalier.quantization.ways import ways
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.quantize.values import Values
from espalier_desktop.pages.quantize.wording import way_about, way_title
from espalier_desktop.widgets.bar_list import Bar, BarList
from espalier_desktop.widgets.basics import button, column, label, row, scrolling, set_role
from espalier_desktop.widgets.fold import fold
from espalier_desktop.widgets.formats import size

_ROWS = 8  # ways in sight at least


class Picker(QFrame):
    """The list of ways, what the chosen one is, its values behind a disclosure, and the button.

    Signals:
        wanted: a student should be made with these QuantizeSettings.
    """

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.list = BarList(tr("Ways to make the student small"))
        line = self.list.fontMetrics().height() + 12
        self.list.setMinimumHeight(_ROWS * line + 8)
        self.list.setMaximumHeight(len(ways()) * line + 8)
        self.list.chosen.connect(lambda _: self.choose())
        self.about = label(role="muted", wrap=True)
        self.values = Values()
        self.values.changed.connect(self._refresh)
        self.fold = fold(tr("Values"), self.values)
        self.note = label(role="caption", wrap=True)
        self.make = button(tr("Quantize"), self._make, role="primary")
        self._ways = {way.name: way for way in ways()}
        self._parts: Sequence[Part] = ()
        self._made: Sequence[QuantizeSettings] = ()
        self._free, self._problem = 0, ""
        inner = QWidget()
        parts = column(self.list, self.about, row(self.fold, None), self.values, None, spacing=8)
        parts.setStretch(0, 100)  # the list has the room that nothing else needs
        inner.setLayout(parts)
        foot = row(self.note, self.make, spacing=12)
        foot.setStretch(0, 1)
        content = column(label(tr("What will be made"), "headline"), scrolling(inner), foot, spacing=8)
        content.setContentsMargins(16, 14, 16, 14)
        self.setLayout(content)

    @property
    def way(self) -> QuantizeSettings:
        """Return what is chosen, with the values of its fields.

        Raises:
            EspalierError: a value cannot be used.
        """
        chosen = self._ways.get(self.list.current) or next(iter(self._ways.values()))
        return settings_of({**flat_values(chosen), **self.values.values})

    def show_student(self, parts: Sequence[Part], made: Sequence[QuantizeSettings], free: int, problem: str) -> None:
        """Show how large each way would be.

        Args:
            parts: weights of the student, () when they cannot be read.
            made: ways in which the run's student was made already.
            free: bytes that can still be written.
            problem: why nothing can be made, "" when it can.
        """
        self._parts, self._made, self._free, self._problem = parts, [way.essential for way in made], free, problem
        if not self.list.current:
            self._show_list()
            self.list.choose(next(iter(self._ways)))
            self.choose()
        self._refresh()

    def choose(self) -> None:
        """Show what the chosen way is, with its usual values."""
        chosen = self._ways.get(self.list.current)
        if chosen:
            self.values.show_way(chosen)
            self.about.setText(way_about(chosen))
        self._refresh()

    def _refresh(self) -> None:
        self._show_list()
        text, role = self._state()
        self.note.setText(text)
        set_role(self.note, role or "caption")
        self.make.setEnabled(not role)

    def _state(self) -> tuple[str, str]:
        """Return what to say of the chosen way, and the role of that text where nothing can be made, else ""."""
        if self._problem:
            return self._problem, "warning"
        try:
            way = self.way
            left = check_fit(way, self._parts)
        except EspalierError as error:
            return said(str(error)), "warning"
        if way.essential in self._made:
            return tr("The run has this one already."), "muted"
        needed = quantized_bytes(way, self._parts)
        if needed > self._free:
            text = tr("It takes {size}, and {free} is free on the disk. Make room first.")
            return text.format(size=size(needed), free=size(self._free)), "warning"
        return said(left) if left else tr("It takes {size} on the disk.").format(size=size(needed)), ""

    def _show_list(self) -> None:
        whole = sum(part.count * 2 for part in self._parts) or 1
        bars = []
        for name, way in self._ways.items():
            count = self._bytes(self._with_values(way))
            title, room = way_title(way), size(count) if count else "–"
            words = tr("{way}, {size}").format(way=title, size=room if count else tr("does not fit"))
            bars.append(Bar(name, title, room, min(1.0, count / whole), words))
        self.list.show_bars(bars)

    def _bytes(self, way: QuantizeSettings) -> int:
        """Return how large a way would be, 0 where it does not fit the student."""
        try:
            check_fit(way, self._parts)
        except EspalierError:
            return 0
        return quantized_bytes(way, self._parts)

    def _with_values(self, way: QuantizeSettings) -> QuantizeSettings:
        """Return a way with the chosen way's group and token table, by which all are compared."""
        values = self.values.values
        group, table = values.get("group", way.group), values.get("embedding_bits", way.embedding_bits)
        return replace(way, group=group, embedding_bits=table)

    def _make(self) -> None:
        if not self._state()[1]:
            self.wanted.emit(self.way)
