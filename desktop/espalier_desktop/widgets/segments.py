"""A choice of few, all in sight."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QWidget

from espalier_desktop.widgets.basics import button, row


class Segments(QWidget):
    """Buttons in one row, of which one is down.

    Signals:
        chosen: the key that the person chose.
    """

    chosen = Signal(str)

    def __init__(self, choices: Mapping[str, str], name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self.buttons = {key: button(text, role="segment") for key, text in choices.items()}
        for index, (key, made) in enumerate(self.buttons.items()):
            made.setCheckable(True)
            bold = QFont(made.font())
            bold.setBold(True)  # as it is when it is down
            made.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(made.text()) + 32)
            made.setAccessibleName(f"{name}: {made.text()}")
            made.setProperty("place", "first" if index == 0 else "last" if index == len(choices) - 1 else "")
            made.clicked.connect(lambda _, key=key: self.chosen.emit(key))
            self._group.addButton(made)
        self.setLayout(row(*self.buttons.values(), spacing=0))

    def focus_chosen(self) -> None:
        """Put the keyboard on the button that is down."""
        chosen = self._group.checkedButton()
        if chosen:
            chosen.setFocus()

    def choose(self, key: str) -> None:
        """Show a choice without telling anyone."""
        self.buttons[key].setChecked(True)
