"""Which of a leaf's views are seen: its form, its source, both where there is room, or its documents."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.segments import Segments

NARROW = 760  # px: below, form and source do not stand side by side
_NARROWEST = 240  # px of one of them
_SIDE_BY_SIDE = [460, 380]


class Panes(QStackedWidget):
    """The views, and the switch between them, which stands elsewhere.

    Attributes:
        mode: ``form``, ``both``, ``source`` or ``documents``: what the person wants, as far as leaf and room allow.
        modes: the switch.
        splitter: form and source side by side.
    """

    def __init__(self, form: QWidget, source: QWidget, documents: QWidget) -> None:
        super().__init__()
        self._form, self._source = form, source
        self.mode, self._has_documents = "both", False
        views = {"form": tr("Form"), "both": tr("Both"), "source": tr("Source"), "documents": tr("Documents")}
        self.modes = Segments(views, tr("View"))
        self.modes.chosen.connect(self.show_mode)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(form)
        self.splitter.addWidget(source)
        self.splitter.setSizes(_SIDE_BY_SIDE)
        self.addWidget(self.splitter)
        documents.setMinimumWidth(_NARROWEST)  # while it is hidden, it takes no room from the tree
        self.addWidget(documents)

    @property
    def is_narrow(self) -> bool:
        """Return whether there is no room for form and source at once."""
        return self.width() < NARROW

    def show_leaf(self, has_documents: bool) -> None:
        """Show a leaf, which has documents or not."""
        self._has_documents = has_documents
        self.show_mode(self.mode)

    @Slot(str)
    def show_mode(self, mode: str) -> None:
        """Show what is wanted, or what comes nearest to it."""
        self.mode = mode
        shown = "both" if mode == "documents" and not self._has_documents else mode
        shown = "form" if shown == "both" and self.is_narrow else shown
        self.setCurrentIndex(1 if shown == "documents" else 0)
        self.modes.buttons["documents"].setVisible(self._has_documents)
        self._form.setVisible(shown != "source")
        self._source.setVisible(shown != "form")
        if shown == "both" and min(self.splitter.sizes()) < _NARROWEST:
            self.splitter.setSizes(_SIDE_BY_SIDE)  # Qt gives a pane that comes back what little room is left
        self.modes.buttons["both"].setVisible(not self.is_narrow)
        self.modes.choose(shown)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_mode(self.mode)
