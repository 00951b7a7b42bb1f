"""The model card: as its readers will see it, or as text to be edited."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QStackedWidget, QTextBrowser, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.chats_sheet import ask_link
from espalier_desktop.pages.compare.markdown import Block, Run, clean, read
from espalier_desktop.pages.compare.paint import paint
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.segments import Segments

_FENCE = "---\n"


def blocks_of(card: str) -> list[Block]:
    """Return a card as blocks; its front matter, which only the Hub reads, is shown as code."""
    text = clean(card)
    head, body = "", text
    if text.startswith(_FENCE) and (end := text.find(f"\n{_FENCE}", len(_FENCE) - 1)) >= 0:
        head, body = text[len(_FENCE) : end], text[end + len(_FENCE) + 1 :]
    front = [Block("code", (Run(head, is_code=True),), language="yaml")] if head else []
    return front + [block for part in read(body) for block in part.blocks]


class CardPane(QWidget):
    """Preview and text of one card; what a person wrote is never written over.

    Signals:
        edited: the person changed the card, or took the changes back.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._written = ""
        self._is_own = False
        self.mode = Segments({"preview": tr("Preview"), "text": tr("Text")}, tr("How the card is shown"))
        self.mode.choose("preview")
        self.mode.chosen.connect(self.show_mode)
        self.note = label(role="caption", wrap=True)
        self.back = button(tr("Back to Written Card"), self._take_back, role="link")
        self.back.setAutoDefault(False)
        self.preview = QTextBrowser()
        self.preview.setProperty("role", "reader")
        self.preview.setAccessibleName(tr("Model card"))
        self.preview.setOpenLinks(False)
        self.preview.setTabChangesFocus(True)
        self.preview.anchorClicked.connect(lambda url: ask_link(self, bytes(url.toEncoded().data()).decode()))
        self.text = PlainEdit(tr("Text of the model card"))
        self.text.setUndoRedoEnabled(True)
        self.text.textChanged.connect(self._on_typed)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.preview)
        self._stack.addWidget(self.text)
        head = row(self.mode, self.note, self.back, spacing=12)
        head.setStretch(1, 1)
        content = column(head, self._stack, spacing=8)
        content.setStretch(1, 1)
        self.setLayout(content)
        self._refresh()

    @property
    def own(self) -> str | None:
        """Return the card as the person wants it, None where it is as Espalier wrote it."""
        return self.text.words if self._is_own else None

    def show_card(self, card: str) -> None:
        """Show what Espalier wrote; the person's own text stays where there is one."""
        is_same = card == self._written
        self._written = card
        if not self._is_own and not is_same:
            self._show(card)
        self._refresh()

    def show_mode(self, mode: str) -> None:
        """Show the preview or the text."""
        self.mode.choose(mode)
        if mode == "preview":
            self._paint(self.text.words)
        self._stack.setCurrentIndex(0 if mode == "preview" else 1)

    def _show(self, card: str) -> None:
        self.text.blockSignals(True)
        self.text.setPlainText(card)
        self.text.blockSignals(False)
        self._paint(card)

    def _paint(self, card: str) -> None:
        place = self.preview.verticalScrollBar().value()
        self.preview.clear()
        paint(QTextCursor(self.preview.document()), blocks_of(card))
        self.preview.verticalScrollBar().setValue(place)

    def _on_typed(self) -> None:
        was, self._is_own = self._is_own, self.text.words != self._written
        self._refresh()
        if was != self._is_own:
            self.edited.emit()

    def _take_back(self) -> None:
        self._is_own = False
        self._show(self._written)
        self._refresh()
        self.edited.emit()

    def _refresh(self) -> None:
        self.back.setVisible(self._is_own)
        own = tr("You changed this card. It is published as it stands here.")
        self.note.setText(own if self._is_own else tr("Written from the run. Edit its text to say more."))
