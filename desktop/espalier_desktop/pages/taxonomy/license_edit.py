"""A field for a licence: any SPDX identifier may be typed, the usual ones are found by identifier or name."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView
from typing_extensions import override

from espalier.taxonomy.licenses import licenses
from espalier_desktop.i18n import tr

_IDENTIFIER = Qt.ItemDataRole.UserRole


class LicenseEdit(QLineEdit):
    """One line, with a list of licences that hold what is typed; the Down key shows them all."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        model = QStandardItemModel(self)
        for identifier, title in licenses().items():
            item = QStandardItem(f"{identifier}  ·  {title}")
            item.setData(identifier, _IDENTIFIER)
            model.appendRow(item)
        completer = _Completer(model, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(10)
        popup = QListView()
        popup.setProperty("role", "rows")
        popup.setAccessibleName(tr("Licences"))
        completer.setPopup(popup)
        popup.setMinimumWidth(440)
        self.setCompleter(completer)


class _Completer(QCompleter):
    """Matches identifier and name, and gives the identifier."""

    @override
    def pathFromIndex(self, index: QModelIndex | QPersistentModelIndex) -> str:
        return str(index.data(_IDENTIFIER))
