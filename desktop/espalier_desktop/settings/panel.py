"""What every panel of the settings has: rows of a name and a control, in cards under a title."""

from PySide6.QtWidgets import QLayout, QWidget

from espalier_desktop.widgets.basics import card, column, label


class Panel(QWidget):
    """Groups of settings, one below the other."""

    def __init__(self, *groups: QWidget | QLayout | int | None) -> None:
        super().__init__()
        items = column(*groups, None, spacing=8)
        items.setContentsMargins(20, 12, 24, 12)
        self.setLayout(items)


def group(title: str, *items: QWidget | QLayout | int | None, spacing: int = 12) -> QLayout:
    """Return a title with a card below it."""
    return column(label(title, "section"), card(*items, spacing=spacing), 8, spacing=6)
