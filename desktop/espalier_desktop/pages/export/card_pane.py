"""The model card: as its readers will see it, or as text to be edited."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QStackedWidget, QTextBrowser, QWidget

from espalier.sharing.card_edits import HEAD, keep_card, merged, with_edits
from espalier.training.run import Run
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare import markdown
from espalier_desktop.pages.compare.chats_sheet import ask_link
from espalier_desktop.pages.compare.paint import paint
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.segments import Segments

_FENCE = "---\n"


def blocks_of(card: str) -> list[markdown.Block]:
    """Return a card as blocks; its front matter, which only the Hub reads, is shown as code."""
    text = markdown.clean(card)
    head, body = "", text
    if text.startswith(_FENCE) and (end := text.find(f"\n{_FENCE}", len(_FENCE) - 1)) >= 0:
        head, body = text[len(_FENCE) : end], text[end + len(_FENCE) + 1 :]
    front = [markdown.Block("code", (markdown.Run(head, is_code=True),), language="yaml")] if head else []
    return front + [block for part in markdown.read(body) for block in part.blocks]


class CardPane(QWidget):
    """Preview and text of one card; what a person wrote is never written over, and kept with the run.

    Signals:
        edited: the person changed the card, or took the changes back.
    """

    edited = Signal()

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._written = ""
        self._outdated: tuple[str, ...] = ()
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
        """Show what Espalier wrote, with what the person changed, now or when this run was published before."""
        if card == self._written:
            return
        found = merged(self._written, self.text.words, card) if self._is_own else with_edits(self._run, card)
        self._written, self._outdated = card, found.outdated
        self._is_own = bool(found.kept) or found.text.strip() != card.strip()
        self._show(found.text if self._is_own else card)
        self._refresh()

    def keep(self) -> None:
        """Keep the person's changes with the run.

        Raises:
            OSError: they cannot be written.
        """
        if self._written:
            keep_card(self._run, self._written, self.own or self._written)

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
        self.preview.moveCursor(QTextCursor.MoveOperation.Start)  # else it shows the end, where the writing stopped
        self.preview.verticalScrollBar().setValue(place)

    def _on_typed(self) -> None:
        was, self._is_own = self._is_own, self.text.words != self._written
        self._refresh()
        if was != self._is_own:
            self.edited.emit()

    def _take_back(self) -> None:
        self._is_own, self._outdated = False, ()
        self._show(self._written)
        self._refresh()
        self.edited.emit()

    def _refresh(self) -> None:
        self.back.setVisible(self._is_own)
        if not self._is_own:
            text = tr("Written from the run. Edit its text to say more.")
        elif self._outdated:
            parts = ", ".join(part for part in self._outdated if part != HEAD) or tr("its head")
            text = tr("The run has changed what your own words are about: {parts}. Read them again.").format(
                parts=parts
            )
        else:
            text = tr("You changed this card. It is published as it stands here.")
        self.note.setText(text)
        set_role(self.note, "caption warning" if self._is_own and self._outdated else "caption")
