"""What the project runs on, and which models fit."""

from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from espalier.machine import Machine
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import column, label, line, picture, row
from espalier_desktop.widgets.formats import memory, number, size

LOW_DISK = 5_000_000_000  # bytes; a model and a run need about 3 GB


class MachineCard(QFrame):
    """Chip, memory, disk, and the largest models that can be trained."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.setProperty("role", "card")
        disk = tr("{size} free").format(size=size(machine.disk_free))
        advice = tr("Make room: a model and a run need about 3 GB.") if machine.disk_free < LOW_DISK else ""
        self.facts = [
            _Fact("chip", tr("Chip"), machine.chip),
            _Fact("memory", tr("Memory"), memory(machine.memory)),
            _Fact("disk", tr("Disk"), disk, advice),
            _Fact("fits", tr("Can train"), *_largest(machine)),
        ]
        widest = max(fact.name.sizeHint().width() for fact in self.facts)
        for fact in self.facts:
            fact.name.setMinimumWidth(widest)
        layout: QVBoxLayout = column(label(tr("This machine"), "headline"), 4, spacing=10)
        for place, fact in enumerate(self.facts):
            if place:
                layout.addWidget(line())
            layout.addLayout(fact.layout)
        layout.addStretch(1)
        layout.setContentsMargins(20, 16, 20, 16)
        self.setLayout(layout)


class _Fact:
    """One row: an icon, a name, a value, and what to know about it."""

    def __init__(self, icon_name: str, name: str, value: str, note: str = "") -> None:
        self.value: QLabel = label(value, "strong", wrap=True)
        items = [self.value]
        if note:
            items.append(label(note, "caption", wrap=True))
        self.name = label(name, "muted")
        self.layout = row(picture(icon_name, 20), self.name, column(*items, spacing=2), spacing=10)
        self.layout.setStretch(2, 1)


def _largest(machine: Machine) -> tuple[str, str]:
    small, whole = machine.largest_model(4), machine.largest_model(16)
    if not small:
        return tr("The starter model"), tr("Larger models need more memory.")
    text = tr("Models up to about {count} B in 4 bits").format(count=_billions(small))
    if not whole:
        return text, tr("B stands for billions of parameters.")
    return text, tr("Or {count} B in 16 bits. B stands for billions of parameters.").format(count=_billions(whole))


def _billions(count: float) -> str:
    return number(count, 0 if count == int(count) else 1)
