"""The settings of the program; those of a project are on its Overview."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QWidget

from espalier.models.folder import list_models, models_folder
from espalier_desktop.home import settings
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, card, column, label, line, row
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.segments import Segments

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk


class SettingsWindow(QWidget):
    """Appearance, language, and where the models are."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Settings"))
        self.setMinimumWidth(620)
        looks = {"system": tr("System"), "light": tr("Light"), "dark": tr("Dark")}
        self.appearance = Segments(looks, tr("Appearance"))
        self.appearance.choose(str(settings().value("appearance", "system")))
        self.appearance.chosen.connect(self._set_appearance)
        self.language = QComboBox()
        self.language.setAccessibleName(tr("Language"))
        for key, text in (("", tr("As the system")), ("en", "English"), ("fr", "Français")):
            self.language.addItem(text, key)
        self.language.setCurrentIndex(max(0, self.language.findData(settings().value("language", ""))))
        self.language.activated.connect(self._set_language)
        self.restart = label(tr("The language changes when Espalier starts again."), "caption")
        self.restart.hide()
        total = sum(model.bytes for model in list_models())
        where = label(str(models_folder()), "caption", wrap=True, selectable=True)
        show = button(tr("Show Folder"), self._show_models)
        taken = label(tr("{size} on disk").format(size=size(total)), "muted")
        general = card(
            row(label(tr("Appearance")), None, self.appearance),
            line(),
            row(label(tr("Language")), None, self.language),
            self.restart,
            spacing=12,
        )
        storage = card(row(label(tr("Models")), taken, None, show), where, spacing=8)
        items = column(
            label(tr("General"), "section"), general, 12, label(tr("Storage"), "section"), storage, None, spacing=8
        )
        items.setContentsMargins(24, 24, 24, 24)
        self.setLayout(items)
        self.adjustSize()
        self.appearance.focus_chosen()
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)

    def _set_appearance(self, appearance: str) -> None:
        settings().setValue("appearance", appearance)
        self._desk.apply_theme()

    def _set_language(self) -> None:
        settings().setValue("language", self.language.currentData())
        self.restart.show()

    def _show_models(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(models_folder())))
