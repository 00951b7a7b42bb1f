"""The application object: it alone is told by the Mac which files to open."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from typing_extensions import override


class Application(QApplication):
    """A Qt application that passes on what is dropped on its Dock icon or double-clicked.

    Signals:
        file_opened: path of the file or folder.
    """

    file_opened = Signal(str)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):
            self.file_opened.emit(event.file())
            return True
        return super().event(event)
