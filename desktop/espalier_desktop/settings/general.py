"""Appearance, size of the text, and language."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from espalier_desktop.home import ZOOMS, settings, stored_zoom
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.theme import APPEARANCES
from espalier_desktop.widgets.basics import label, line, row
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.segments import Segments

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk


class GeneralPanel(Panel):
    """How the program looks and which language it speaks."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        looks = {"system": tr("System"), "light": tr("Light"), "dark": tr("Dark")}
        self.appearance = Segments(looks, tr("Appearance"))
        stored = str(settings().value("appearance", "system"))
        self.appearance.choose(stored if stored in APPEARANCES else "system")
        self.zoom = QComboBox()
        self.zoom.setAccessibleName(tr("Size of the text"))
        for zoom in ZOOMS:
            self.zoom.addItem(tr("{count} %").format(count=number(zoom * 100)), zoom)
        self.zoom.setCurrentIndex(ZOOMS.index(min(ZOOMS, key=lambda zoom: abs(zoom - stored_zoom()))))
        self.language = QComboBox()
        self.language.setAccessibleName(tr("Language"))
        for key, text in (("", tr("As the system")), ("en", "English"), ("fr", "Français")):
            self.language.addItem(text, key)
        self.language.setCurrentIndex(max(0, self.language.findData(settings().value("language", ""))))
        self.restart = label(tr("The language changes when Espalier starts again."), "caption")
        self.restart.hide()
        super().__init__(
            group(
                tr("General"),
                row(label(tr("Appearance")), None, self.appearance),
                line(),
                row(label(tr("Size of the text")), None, self.zoom),
                line(),
                row(label(tr("Language")), None, self.language),
                self.restart,
            )
        )
        self.appearance.chosen.connect(self._set_appearance)
        self.zoom.activated.connect(self._set_zoom)
        self.language.activated.connect(self._set_language)

    def _set_appearance(self, appearance: str) -> None:
        settings().setValue("appearance", appearance)
        self._desk.apply_theme()

    def _set_zoom(self) -> None:
        settings().setValue("zoom", self.zoom.currentData())
        self._desk.apply_theme()

    def _set_language(self) -> None:
        settings().setValue("language", self.language.currentData())
        self.restart.show()
