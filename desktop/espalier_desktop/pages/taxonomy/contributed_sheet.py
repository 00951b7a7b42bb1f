"""What became of a contribution, and what is left to do: open the page that compares, or send the patch file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import button, label
from espalier_desktop.widgets.sheet import Sheet


class ContributedSheet(Sheet):
    """Says where the branch or the patch is.

    Args:
        made: what `espalier.sharing.contribute.contribute` returned.
    """

    def __init__(self, parent: QWidget, made: Mapping[str, Any]) -> None:
        self._made = made
        if made["patch"]:
            line = (
                tr("The patch file is written") if not made["problem"] else tr("Not pushed, but kept as a patch file")
            )
            sentence = tr("{file} holds the branch {branch}. Send it to who keeps the taxonomy.")
            sentence = sentence.format(file=Path(made["patch"]).name, branch=made["branch"])
        elif made["page"]:
            line, sentence = tr("The branch is pushed"), tr("Open the page and create the pull request there.")
        else:
            line = tr("The branch is pushed")
            sentence = tr(
                "{place} has the branch {branch}. Open a pull request there with the text that Copy Text copies."
            )
            sentence = sentence.format(place=made["remote"], branch=made["branch"])
        super().__init__(parent, line, sentence)
        if made["problem"]:
            self.problem = label(said(made["problem"]), "warning", wrap=True, selectable=True)
            self.problem.setMinimumWidth(392)
            self.body.addWidget(self.problem)
        if made["patch"]:
            self.add(tr("Close"))
            self.add(tr("Show in Folder"), self._show_patch, is_primary=True)
        elif made["page"]:
            self.add(tr("Close"))
            self.add(tr("Open Compare Page"), self._open_page, is_primary=True)
        else:
            self.add(tr("Close"), is_primary=True)
        self.copy = button(tr("Copy Text"), self._copy)
        self.copy.setAutoDefault(False)
        self.copy.setToolTip(tr("Copy the text of the pull request."))
        self._buttons.insertWidget(0, self.copy)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._made["text"])
        self.copy.setText(tr("Copied"))

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._made["page"]))

    def _show_patch(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self._made["patch"]).parent)))
