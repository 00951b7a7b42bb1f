"""Go to Leaf: a few letters, and Return."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import column
from espalier_desktop.widgets.two_lines import show_two_lines

_MOST = 50  # shown


class GoToLeaf(QDialog):
    """A list that shrinks as one types.

    Signals:
        chosen: path of a leaf.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget, leaves: Sequence[str]) -> None:
        super().__init__(parent, Qt.WindowType.Sheet)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Go to Leaf"))
        self._leaves = [(path, f"{leaf_name(path)} {path}".casefold()) for path in leaves]
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Part of a name"))
        self.field.setAccessibleName(tr("Part of a name"))
        self.list = QListWidget()
        show_two_lines(self.list)
        self.list.setAccessibleName(tr("Leaves"))
        self.field.textChanged.connect(self._match)
        self.field.installEventFilter(self)
        self.field.returnPressed.connect(self._take)
        self.list.itemActivated.connect(self._take)
        layout = column(self.field, self.list, spacing=10)
        layout.setContentsMargins(16, 16, 16, 16)
        self.setLayout(layout)
        self.resize(520, 380)
        self._match("")

    def _match(self, text: str) -> None:
        words = text.casefold().split()
        found = [path for path, searched in self._leaves if all(word in searched for word in words)]
        found.sort(key=lambda path: (not leaf_name(path).casefold().startswith(text.casefold()), len(path), path))
        self.list.clear()
        for path in found[:_MOST]:
            item = QListWidgetItem(f"{leaf_name(path)}\n{path.replace('/', ' › ')}")
            item.setData(Qt.ItemDataRole.UserRole, path)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _take(self) -> None:
        item = self.list.currentItem()
        if item:
            path = item.data(Qt.ItemDataRole.UserRole)
            self.accept()
            self.chosen.emit(path)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step:
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
                return True
        return False
