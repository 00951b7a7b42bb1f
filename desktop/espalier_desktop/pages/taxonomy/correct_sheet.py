"""The sheet in which a person corrects the Markdown of a document that is in the project."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.sheet import Sheet

_LARGEST = QSize(860, 760)


class CorrectSheet(QDialog):
    """One document's whole text.

    Signals:
        saved: the text as it is now; whoever keeps it closes the sheet.
    """

    saved = Signal(str)

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        line = tr("Correct {name}").format(name=title)
        self.setWindowTitle(line)
        window = parent.window()
        self.resize(QSize(window.width() - 120, window.height() - 80).boundedTo(_LARGEST))
        self._before = text
        self.text = PlainEdit(tr("Markdown of the document"))
        self.text.setPlainText(text)
        self.text.setUndoRedoEnabled(True)
        about = tr("Its Markdown. Correct what was misread. Samples made from it are written again after that.")
        self.cancel = button(tr("Cancel"), self.reject)
        self.save = button(tr("Save Document"), lambda: self.saved.emit(self.text.words), role="primary")
        for each in (self.cancel, self.save):
            each.setAutoDefault(False)
        layout = column(
            label(line, "headline"),
            label(about, "muted", wrap=True),
            self.text,
            row(None, self.cancel, self.save),
            spacing=12,
        )
        layout.setStretch(2, 1)
        layout.setContentsMargins(24, 20, 24, 20)
        self.setLayout(layout)
        self.text.textChanged.connect(self._refresh)
        self._refresh()
        self.text.setFocus()

    @override
    def reject(self) -> None:
        if self.text.words == self._before:
            super().reject()
            return
        sheet = Sheet(self, tr("Leave the corrections out?"), tr("What you corrected in this document would be lost."))
        sheet.add(tr("Leave Them Out"), super().reject).add(tr("Go On Correcting"), is_primary=True).open()

    @Slot()
    def _refresh(self) -> None:
        self.save.setEnabled(self.text.words != self._before and bool(self.text.words.strip()))
