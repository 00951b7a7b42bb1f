"""The keys that may stand where one is typing, offered as one types them."""

import re

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QTextBlock, QTextCursor
from PySide6.QtWidgets import QCompleter, QListView, QPlainTextEdit

from espalier.taxonomy.schema import LATEST_VERSION, Folder, known_keys
from espalier_desktop.i18n import tr

_START = re.compile(r"^(\s*(?:- +)*)(\w*)$")
_KEY = re.compile(r"^(\s*(?:- +)*)(\w+):")
_GROUPS: dict[str, tuple[str | int, ...]] = {
    "": (),
    "seed_examples": ("seed_examples", 0),
    "questions_and_answers": ("seed_examples", 0, "questions_and_answers", 0),
    "document": ("document",),
}
_LEAST = 2  # letters, after which keys are offered
_TAKES = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)


def keys_at(cursor: QTextCursor, folder: Folder) -> list[str]:
    """Return the keys that the format allows where the cursor stands; [] where no key can begin."""
    start = _START.match(cursor.block().text()[: cursor.positionInBlock()])
    if not start:
        return []
    group = _GROUPS.get(_parent(cursor.block(), len(start[1])))
    return known_keys(folder, LATEST_VERSION, group) if group is not None else []


def _parent(block: QTextBlock, column: int) -> str:
    """Return the key that a column of a line stands under; "" at the top."""
    while column and block.previous().isValid():
        block = block.previous()
        key = _KEY.match(block.text())
        if key and len(key[1]) < column:
            return key[2]
    return ""


class KeyCompleter:
    """A list of keys under the cursor of an editor; Return or Tab takes one, Escape none."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        self._editor = editor
        self._keys = QStringListModel(editor)
        self._completer = QCompleter(self._keys, editor)
        self._completer.setWidget(editor)
        self._popup = QListView()
        self._popup.setProperty("role", "rows")
        self._popup.setAccessibleName(tr("Keys"))
        self._completer.setPopup(self._popup)
        self._completer.activated.connect(self._take)

    @property
    def is_open(self) -> bool:
        """Return whether the list is shown."""
        return self._popup.isVisible()

    def takes(self, event: QKeyEvent) -> bool:
        """Return whether a key is for the list and not for the text."""
        return self.is_open and (event.key() in _TAKES or event.key() == Qt.Key.Key_Escape)

    def offer(self, folder: Folder) -> None:
        """Show the keys that begin with what stands before the cursor, or hide the list."""
        cursor = self._editor.textCursor()
        start = _START.match(cursor.block().text()[: cursor.positionInBlock()])
        word = start[2] if start else ""
        keys = keys_at(cursor, folder) if len(word) >= _LEAST else []
        self._keys.setStringList([key for key in keys if key.startswith(word) and key != word])
        self._completer.setCompletionPrefix(word)
        if not self._keys.stringList():
            self._popup.hide()
            return
        self._popup.setCurrentIndex(self._completer.completionModel().index(0, 0))
        place = self._editor.cursorRect()
        place.setWidth(240)
        self._completer.complete(place)

    def _take(self, key: str) -> None:
        cursor = self._editor.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.StartOfWord, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(f"{key}: ")
        self._editor.setTextCursor(cursor)
