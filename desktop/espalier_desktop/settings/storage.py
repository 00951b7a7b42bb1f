"""What Espalier keeps on the disk, with its size, and what can be cleaned up."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from espalier.machine import free_space
from espalier.storage import Area, areas, clear
from espalier_desktop.failures import sentence_of
from espalier_desktop.home import logs_folder
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.widgets import basics
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import short_path, size
from espalier_desktop.widgets.sheet import Sheet, tell

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk


class StoragePanel(Panel):
    """One row for each kind of files; projects are never touched."""

    def __init__(self, desk: "Desk") -> None:
        self.free = label(role="muted")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        self._rows.setContentsMargins(0, 0, 0, 0)
        listed = QWidget()
        listed.setLayout(self._rows)
        note = tr("Nothing of a project is removed here. Delete old runs in a project's folder runs.")
        manage = button(tr("Manage Models…"), desk.show_models)
        super().__init__(group(tr("Storage"), self.free, listed, label(note, "caption", wrap=True)), row(None, manage))
        self._show()

    def _show(self) -> None:
        found = areas(logs_folder())
        text = tr("{size} are free where the models are.")
        self.free.setText(text.format(size=size(free_space(found[0].folder))))
        basics.clear(self._rows)
        for area in found:
            made = QWidget()
            made.setLayout(self._row(area))
            self._rows.addWidget(made)

    def _row(self, area: Area) -> QHBoxLayout:
        titles = {
            "models": (tr("Models"), tr("Fetched or imported by Espalier")),
            "hub": (tr("Hugging Face models"), tr("Shared with other programs")),
            "leftovers": (tr("Unfinished downloads and imports"), tr("They are begun again when you ask for them")),
            "caches": (tr("Caches and measurements"), tr("They are made again when they are needed")),
            "logs": (tr("Logs"), tr("What the program and its jobs printed")),
        }
        title, detail = titles[area.name]
        words = column(label(title, "strong"), label(f"{detail} · {short_path(area.folder)}", "caption", wrap=True))
        made = row(words, label(size(area.bytes), "muted"), spacing=12)
        made.setStretch(0, 1)
        if area.can_go:
            clean = button(tr("Clean Up…"), lambda: self._ask(area, title))
            clean.setAccessibleName(tr("Clean up: {what}").format(what=title))
            clean.setEnabled(area.bytes > 0)
            made.addWidget(clean)
        else:
            show = button(tr("Show Folder"), lambda: _show_folder(area))
            show.setAccessibleName(tr("Show the folder of: {what}").format(what=title))
            show.setEnabled(area.folder.is_dir())
            made.addWidget(show)
        return made

    def _ask(self, area: Area, title: str) -> None:
        text = tr("{what}: {size} are deleted. No model and nothing of a project is touched.")
        sheet = Sheet(self.window(), tr("Clean up?"), text.format(what=title, size=size(area.bytes)))
        sheet.add_cancel().add(tr("Delete"), lambda: self._clear(area), is_primary=True).open()

    def _clear(self, area: Area) -> None:
        try:
            clear(area.name, logs_folder())
        except OSError as error:
            tell(self.window(), tr("Espalier could not do that"), sentence_of(error))
        self._show()


def _show_folder(area: Area) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(area.folder)))
