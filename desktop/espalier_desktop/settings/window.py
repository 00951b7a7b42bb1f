"""The settings window: a list of what the settings are about, and the panel of the one that is chosen."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QListWidget, QScrollArea, QStackedWidget, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.settings.advanced import AdvancedPanel
from espalier_desktop.settings.general import GeneralPanel
from espalier_desktop.settings.models import ModelsPanel
from espalier_desktop.settings.privacy import PrivacyPanel
from espalier_desktop.settings.storage import StoragePanel
from espalier_desktop.settings.work import WorkPanel
from espalier_desktop.widgets.basics import row, scrolling

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk

Build = Callable[["Desk"], QWidget]


class SettingsWindow(QWidget):
    """Each panel is built when it is chosen for the first time, and shows what is true then."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Settings"))
        self.resize(820, 580)
        self.setMinimumSize(720, 460)
        self._builds: list[tuple[str, Build]] = [
            (tr("General"), GeneralPanel),
            (tr("Models"), ModelsPanel),
            (tr("Power and Memory"), lambda desk: WorkPanel()),
            (tr("Privacy"), PrivacyPanel),
            (tr("Storage"), StoragePanel),
            (tr("Advanced"), AdvancedPanel),
        ]
        self.subjects = QListWidget()
        self.subjects.setObjectName("subjects")
        self.subjects.setProperty("role", "rows")
        self.subjects.setAccessibleName(tr("Subjects of the settings"))
        self.subjects.addItems([title for title, _ in self._builds])
        self.subjects.setFixedWidth(190)
        self._stack = QStackedWidget()
        layout = row(self.subjects, self._stack, spacing=0)
        layout.setContentsMargins(12, 12, 0, 12)
        self.setLayout(layout)
        self.subjects.currentRowChanged.connect(self.show_panel)
        self.subjects.setCurrentRow(0)
        self.subjects.setFocus()
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)

    @property
    def panel(self) -> QWidget:
        """Return the panel that is shown."""
        area = self._stack.currentWidget()
        assert isinstance(area, QScrollArea)
        return area.widget() or area

    def show_panel(self, place: int) -> None:
        """Show one panel, as things are now."""
        if shown := self._stack.currentWidget():
            self._stack.removeWidget(shown)
            shown.deleteLater()
        title, build = self._builds[place]
        made = build(self._desk)
        made.setAccessibleName(title)
        self._stack.addWidget(scrolling(made))
