"""Every training value behind a disclosure: what it is called, what it does, whether it was changed, and back."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget
from typing_extensions import override

from espalier.training.explained import EXPLAINED
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.train.wording import choices, groups, value_text, value_titles
from espalier_desktop.widgets.basics import button, column, label, row, set_role

_FIELD = 150  # px


class ValueField(QObject):
    """One value: its title, its field and what it does.

    Signals:
        changed: name and the new value, as the person gave it.
    """

    changed = Signal(str, object)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        title = value_titles()[name]
        self.title = label(title)
        self.field: QWidget
        if name in choices():
            box = QComboBox()
            for key, text in choices()[name].items():
                box.addItem(text, key)
            box.activated.connect(lambda _: self.changed.emit(name, box.currentData()))
            self.field = box
        elif name == "checkpointing":
            check = QCheckBox()
            check.clicked.connect(lambda is_on: self.changed.emit(name, is_on))
            self.field = check
        else:
            line = QLineEdit()
            line.setFixedWidth(_FIELD)
            line.editingFinished.connect(self._typed)
            self.field = line
        self.field.setAccessibleName(title)
        self.field.installEventFilter(self)
        self.help = label(said(EXPLAINED[name]), "caption", wrap=True)
        self.field.setAccessibleDescription(self.help.text())
        self.reset: QPushButton = button(tr("Reset"), lambda: self.changed.emit(name, None), role="link")
        self.reset.setAccessibleName(tr("Reset {name}").format(name=title))
        self._value: Any = None

    def show_value(self, value: Any, usual: Any) -> None:
        """Show a value, with a mark and a way back when it is not the usual one."""
        self._value = value
        with QSignalBlocker(self.field):
            if isinstance(self.field, QComboBox):
                self.field.setCurrentIndex(max(0, self.field.findData(value)))
            elif isinstance(self.field, QCheckBox):
                self.field.setChecked(bool(value))
            elif isinstance(self.field, QLineEdit):
                self.field.setText(self._text(value))
        is_changed = value != usual
        self.reset.setVisible(is_changed)
        title = value_titles()[self.name]
        self.title.setText(f"● {title}" if is_changed else title)
        set_role(self.title, "strong" if is_changed else "")
        was = tr("{text} Usual here: {usual}.") if is_changed else "{text}"
        text = was.format(text=said(EXPLAINED[self.name]), usual=value_text(self.name, usual) or "–")
        self.help.setText(text)
        set_role(self.help, "caption")

    def refuse(self, sentence: str) -> None:
        """Show why what was typed cannot be used; it stays to be mended."""
        self.help.setText(sentence)
        set_role(self.help, "error")

    def _text(self, value: Any) -> str:
        return " ".join(map(str, value)) if isinstance(value, tuple | list) else value_text(self.name, value)

    def _typed(self) -> None:
        assert isinstance(self.field, QLineEdit)
        text = self.field.text().strip().replace(",", ".") if self.name != "lora.keys" else self.field.text().strip()
        if self.field.text() != self._text(self._value):
            self.changed.emit(self.name, text)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QComboBox):
            event.ignore()  # it scrolls the page instead of changing a value unseen
            return True
        return False


class Values(QWidget):
    """All values in groups.

    Signals:
        changed: name and the new value, None for the usual one.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, ValueField] = {}
        self._groups: dict[str, tuple[QLabel, QWidget]] = {}
        layout = column(spacing=6)
        for title, names in groups().items():
            grid = QGridLayout()
            grid.setContentsMargins(0, 0, 0, 10)
            grid.setHorizontalSpacing(14)
            grid.setVerticalSpacing(8)
            grid.setColumnMinimumWidth(0, 215)
            grid.setColumnStretch(2, 1)
            for place, name in enumerate(names):
                made = ValueField(name, self)
                made.changed.connect(self.changed)
                self.fields[name] = made
                top = Qt.AlignmentFlag.AlignVCenter
                grid.addWidget(made.title, place, 0, top)
                grid.addWidget(made.field, place, 1, top | Qt.AlignmentFlag.AlignLeft)
                helped = row(made.help, made.reset, spacing=8)
                helped.setStretch(0, 1)
                grid.addLayout(helped, place, 2)
            part = QWidget()
            part.setLayout(grid)
            head = label(title, "section")
            self._groups[title] = (head, part)
            layout.addWidget(head)
            layout.addWidget(part)
        self.setLayout(layout)

    def show_values(self, values: Mapping[str, Any], usual: Mapping[str, Any], method: str) -> None:
        """Show the values that hold, and hide those that a method has no use for."""
        for name, field in self.fields.items():
            if not field.field.hasFocus() or values[name] != field._value:
                field.show_value(values[name], usual[name])
        unused = {"prompt": ("lora.rank",), "full": ("lora.rank", "prompt.tokens")}.get(method, ("prompt.tokens",))
        for (head, part), names in zip(self._groups.values(), groups().values(), strict=True):
            is_used = not any(name in unused for name in names)
            head.setVisible(is_used)
            part.setVisible(is_used)
