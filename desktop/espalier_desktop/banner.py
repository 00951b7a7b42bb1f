"""A line above the page that asks for a decision and waits for it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, label, picture, row


class Banner(QFrame):
    """A sentence with one thing to do about it, and a way to dismiss it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = label(wrap=True)
        self.accept = button("", self._accept, role="primary")
        self.dismiss = button(tr("Dismiss"), self._dismiss)
        self._on_accept: Callable[[], object] = _nothing
        self._on_dismiss: Callable[[], object] = _nothing
        layout = row(picture("refresh"), self.text, self.dismiss, self.accept, spacing=12)
        layout.setStretch(1, 1)
        layout.setContentsMargins(24, 10, 24, 10)
        self.setLayout(layout)
        self.hide()

    def offer(
        self, text: str, accept: str, on_accept: Callable[[], object], on_dismiss: Callable[[], object] | None = None
    ) -> None:
        """Show a sentence and do one of two things when the person has decided."""
        self.text.setText(text)
        self.accept.setText(accept)
        self._on_accept, self._on_dismiss = on_accept, on_dismiss or _nothing
        self.show()

    def _accept(self) -> None:
        self.hide()
        self._on_accept()

    def _dismiss(self) -> None:
        self.hide()
        self._on_dismiss()


def _nothing() -> None:
    return
