"""What a form says a person wants, made into edits of one leaf's text."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from espalier.taxonomy import splice
from espalier.taxonomy.blank import BLANK_DOCUMENT
from espalier.taxonomy.leaf_text import EditError, Where
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.leaf_view import LeafView


class LeafEdits(QObject):
    """Makes edits of the document; an empty answer is let stand, for the person is still writing.

    Signals:
        refused: why the latest edit could not be made, in a sentence; "" when it was made.
    """

    refused = Signal(str)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document

    def type(self, view: LeafView, where: Where, words: str) -> bool:
        """Put words at a place; return whether that was possible, as the others do."""
        value: Any = words
        if where[0] == "document" and not isinstance(view.contents.get("document"), Mapping):
            where, value = where[:1], {**BLANK_DOCUMENT, where[1]: words}  # the group that the field is in is missing
        return self.change(view.path, tr("Typing"), where, splice.set_value, value, place=str(where))

    def insert(self, path: str, where: Where, value: Any) -> bool:
        """Add an item or a key."""
        if isinstance(where[-1], str):
            return self.change(path, tr("Add"), where, splice.set_value, value)
        if where[-1] == 0:  # the list may be missing, empty, or no list at all
            return self.change(path, tr("Add"), where[:-1], splice.set_value, [value])
        return self.change(path, tr("Add"), where, splice.insert, value)

    def change(
        self, path: str, what: str, where: Where, edit: Callable[..., str], *values: Any, place: str = ""
    ) -> bool:
        """Change a leaf's text by a function of `splice`."""
        try:
            text = edit(self._document.texts.text(path), where, *values)
        except EditError as error:
            self.refused.emit(str(error))
            return False
        self.refused.emit("")
        self._document.edit(path, text, what, place)
        return True
