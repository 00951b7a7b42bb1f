"""A question or a message that belongs to one window and stops no other."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row

_NARROWEST = 440  # px


class Sheet(QDialog):
    """A line, a sentence, and buttons: the first is what Return does, Escape is Cancel."""

    def __init__(self, parent: QWidget, line: str, sentence: str) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(line)
        self.setMinimumWidth(_NARROWEST)
        self.setMaximumWidth(560)
        self.line = label(line, "headline", wrap=True)
        self.sentence = label(sentence, wrap=True, selectable=True)
        for text in (self.line, self.sentence):
            text.setMinimumWidth(_NARROWEST - 48)  # else Qt reserves the height that it would have at any width
        self.body = column(self.line, self.sentence, spacing=8)
        self._buttons = row(None)
        layout = column(self.body, self._buttons, spacing=20)
        layout.setContentsMargins(24, 24, 24, 20)
        self.setLayout(layout)

    def add(self, text: str, do: Callable[[], object] | None = None, *, is_primary: bool = False) -> "Sheet":
        """Add a button that closes the sheet and does something; return the sheet."""
        made = button(text, role="primary" if is_primary else "")
        made.setDefault(is_primary)
        made.setAutoDefault(is_primary)
        made.clicked.connect(self.accept)
        if do:
            made.clicked.connect(lambda: do())
        self._buttons.insertWidget(self._buttons.count() if is_primary else 1, made)
        if is_primary:
            made.setFocus()
        return self

    def add_cancel(self) -> "Sheet":
        """Add a button that closes the sheet and does nothing; return the sheet."""
        made = button(tr("Cancel"))
        made.setAutoDefault(False)
        made.clicked.connect(self.reject)
        self._buttons.insertWidget(1, made)
        return self


def tell(parent: QWidget, line: str, sentence: str) -> Sheet:
    """Show what went wrong and what to do about it."""
    sheet = Sheet(parent, line, sentence).add(tr("OK"), is_primary=True)
    sheet.open()
    return sheet
