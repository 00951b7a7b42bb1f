"""The window of the night's work: the form, the plan as it goes, or the morning report, whichever is due."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.notifications import badge
from espalier_desktop.overnight.form import PlanForm
from espalier_desktop.overnight.morning import MorningView
from espalier_desktop.overnight.progress import ProgressView
from espalier_desktop.recent import recent_projects
from espalier_desktop.widgets.basics import column, scrolling
from espalier_desktop.widgets.sheet import Sheet

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk


class OvernightWindow(QWidget):
    """Shows what is due; while a plan is on, closing the last window asks first."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk, self._night = desk, desk.night
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Overnight"))
        self.resize(700, 680)
        self.setMinimumSize(660, 420)
        self.view: QWidget | None = None
        inner = QWidget()
        self._place = QVBoxLayout(inner)
        self._place.setContentsMargins(24, 24, 24, 24)
        self.setLayout(column(scrolling(inner), spacing=0))
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        self._night.changed.connect(self.refresh)
        self._night.reported.connect(self.refresh)
        if self._night.plan and self._night.plan.ended and not self._night.report:
            self._night.ask_for_report()
        self.refresh()

    def refresh(self) -> None:
        """Show the view that is due."""
        plan, report = self._night.plan, self._night.report
        kind = MorningView if report else ProgressView if plan else PlanForm
        if isinstance(self.view, kind):
            return
        if self.view:
            self._place.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
        if kind is MorningView:
            self.view = MorningView(self._night, self._desk.open)
            badge(0)
        elif kind is ProgressView:
            self.view = ProgressView(self._night)
        else:
            self.view = self._form()
        self._place.addWidget(self.view)

    def _form(self) -> PlanForm:
        opened = [window.document.root for window in self._desk.windows.values()]
        known = {root.resolve() for root in opened}
        others = [root for root in recent_projects() if root.resolve() not in known]
        form = PlanForm([*opened, *others], opened[:1])
        form.planned.connect(self._night.start)
        return form

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        is_last = not any(window.isVisible() for window in self._desk.windows.values())
        if self._night.is_on and not self.property("closing") and (is_last or self._desk.is_quitting):
            event.ignore()
            sentence = tr(
                "Closing it ends Espalier, and nothing runs any more. Finished work is kept, and the plan goes on, "
                "or is offered again, when Espalier is started the next time."
            )
            sheet = Sheet(self, tr("The night's work is not over"), sentence)
            sheet.add_cancel().add(tr("Close Anyway"), self._close_at_once, is_primary=True).open()
            return
        super().closeEvent(event)

    def _close_at_once(self) -> None:
        self.setProperty("closing", True)
        self._night.close()
        self.close()
        self._desk.quit()
