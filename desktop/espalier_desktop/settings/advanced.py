"""Logs, the report for those who mend the program, and the way back to the settings it came with."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from espalier.errors import EspalierError
from espalier.settings import reset_settings
from espalier_desktop.failures import sentence_of
from espalier_desktop.home import logs_folder, settings
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.widgets.basics import button, label, line, row
from espalier_desktop.widgets.formats import short_path
from espalier_desktop.widgets.sheet import Sheet, tell

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk

_OURS = ("appearance", "zoom", "language", "tour_seen")


class AdvancedPanel(Panel):
    """What is seldom wanted."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        folder = label(short_path(logs_folder()), "caption", wrap=True, selectable=True)
        show = button(tr("Show Folder"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs_folder()))))
        show.setAccessibleName(tr("Show Logs Folder"))
        report = button(tr("Copy Report"), desk.copy_report)
        what = label(tr("Versions and the end of the log, for those who mend Espalier"), wrap=True)
        self.reset = button(tr("Reset All Settings…"), self._ask)
        kept = label(tr("Projects, models and keys stay as they are."), "caption", wrap=True)
        report_row = row(what, report)
        report_row.setStretch(0, 1)
        super().__init__(
            group(tr("Logs"), row(folder, None, show), line(), report_row),
            group(tr("Settings"), row(self.reset, None), kept),
        )

    def _ask(self) -> None:
        text = tr(
            "Appearance, language, default models, power, memory and every address you allowed go back to what they "
            "were at first. Projects, models and keys stay."
        )
        sheet = Sheet(self.window(), tr("Reset all settings?"), text)
        sheet.add_cancel().add(tr("Reset"), self._reset, is_primary=True).open()

    def _reset(self) -> None:
        try:
            reset_settings()
        except (EspalierError, OSError) as error:
            tell(self.window(), tr("Espalier could not do that"), sentence_of(error))
            return
        for name in _OURS:
            settings().remove(name)
        self._desk.apply_theme()
