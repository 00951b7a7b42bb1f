"""A disclosure: a button that shows and hides what is below it."""

from functools import partial

from PySide6.QtWidgets import QPushButton, QWidget

from espalier_desktop.widgets.basics import button


def fold(text: str, part: QWidget, name: str = "") -> QPushButton:
    """Return a button that shows and hides a part."""
    made = button(text, role="fold")
    made.setCheckable(True)
    made.setAccessibleName(name or text)
    made.toggled.connect(part.setVisible)
    made.toggled.connect(partial(_turn, made, text))
    part.hide()
    _turn(made, text, False)
    return made


def _turn(made: QPushButton, text: str, is_open: bool) -> None:
    made.setText(f"{'▾' if is_open else '▸'}  {text}")
