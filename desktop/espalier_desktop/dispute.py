"""A leaf that both this window and another program changed: a line above the page until the person has decided."""

from difflib import unified_diff

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame

from espalier_desktop.i18n import tr
from espalier_desktop.texts import LeafTexts
from espalier_desktop.widgets.basics import button, label, picture, row
from espalier_desktop.widgets.diff_view import DiffView
from espalier_desktop.widgets.sheet import Sheet


class DisputeBanner(QFrame):
    """Shows the first leaf in dispute; nothing is lost while it stands, and nothing is saved over."""

    def __init__(self, texts: LeafTexts) -> None:
        super().__init__()
        self._texts = texts
        self.setProperty("role", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = label(wrap=True)
        self.difference = button(tr("Show Difference"), self._show_difference)
        self.disk = button(tr("Use Disk"), lambda: texts.use_disk(texts.disputes[0]))
        self.mine = button(tr("Keep Mine"), lambda: texts.keep_mine(texts.disputes[0]), role="primary")
        layout = row(picture("warning"), self.text, self.difference, self.disk, self.mine, spacing=12)
        layout.setStretch(1, 1)
        layout.setContentsMargins(24, 10, 24, 10)
        self.setLayout(layout)
        texts.disputed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        disputes = self._texts.disputes
        if disputes:
            if self._texts.disk_text(disputes[0]):
                text = tr("{leaf} was changed by another program while you were editing it. Both texts are kept.")
            else:
                text = tr("{leaf} was deleted by another program while you were editing it. Your text is kept.")
            self.text.setText(text.format(leaf=disputes[0]))
        self.setVisible(bool(disputes))

    def _show_difference(self) -> None:
        path = self._texts.disputes[0]
        lines = unified_diff(
            self._texts.disk_text(path).splitlines(),
            self._texts.text(path).splitlines(),
            lineterm="",
        )
        sheet = Sheet(self, tr("What differs"), tr("Lines with − are on disk, lines with + are yours."))
        sheet.setMaximumWidth(900)
        shown = DiffView()
        shown.show_diff("\n".join(lines))
        shown.setMinimumSize(640, 320)
        sheet.body.addWidget(shown)
        sheet.add_cancel()
        sheet.add(tr("Use Disk"), lambda: self._texts.use_disk(path))
        sheet.add(tr("Keep Mine"), lambda: self._texts.keep_mine(path), is_primary=True).open()
