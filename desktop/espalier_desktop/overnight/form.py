"""The form in which a plan for the night is made."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QListWidget, QListWidgetItem, QWidget

from espalier.overnight.plan import STAGES, Plan, make_plan, next_moment
from espalier.teachers.opening import unallowed
from espalier_desktop.i18n import tr
from espalier_desktop.overnight.wording import stage_name
from espalier_desktop.widgets.basics import button, card, column, label, line, row
from espalier_desktop.widgets.formats import short_path
from espalier_desktop.widgets.segments import Segments

_ROW = 32  # px
_MOST_ROWS = 5
_BEDTIME = "23:00"
PathRole = Qt.ItemDataRole.UserRole  # the project's folder


class PlanForm(QWidget):
    """Which projects and stages, when, and under which conditions.

    Signals:
        planned: the Plan that the person made.
    """

    planned = Signal(object)

    def __init__(self, roots: Sequence[Path], chosen: Sequence[Path]) -> None:
        super().__init__()
        self.projects = QListWidget()
        self.projects.setProperty("role", "rows")
        self.projects.setAccessibleName(tr("Projects"))
        for root in roots:
            item = QListWidgetItem(f"{root.name}   {short_path(root.parent)}")
            item.setData(PathRole, str(root))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if root in chosen else Qt.CheckState.Unchecked)
            self.projects.addItem(item)
        self.projects.setFixedHeight(_ROW * min(_MOST_ROWS, max(2, len(roots))) + 12)
        self.stages = {stage: QCheckBox(stage_name(stage)) for stage in STAGES}
        for box in self.stages.values():
            box.setChecked(True)
        self.when = Segments({"now": tr("Now"), "at": tr("At")}, tr("Begin"))
        self.when.choose("at")
        self.time = QComboBox()
        self.time.addItems([f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, 30)])
        self.time.setCurrentText(_BEDTIME)
        self.time.setAccessibleName(tr("Time of day to begin at"))
        self.power = QCheckBox(tr("Only while the power adapter is connected"))
        self.power.setChecked(True)
        self.hot = Segments({"pause": tr("Pause until it has cooled"), "end": tr("End the night")}, tr("Too hot"))
        self.hot.choose("pause")
        self.goes_on = QCheckBox(tr("Go on by itself when Espalier is started again"))
        self.goes_on.setChecked(True)
        self.note = label(role="warning", wrap=True)
        self.begin = button(tr("Start"), self._plan, role="primary")
        self._lay_out()
        self.when.chosen.connect(lambda when: self.time.setEnabled(when == "at"))
        self.projects.itemChanged.connect(self._refresh)
        for box in self.stages.values():
            box.toggled.connect(self._refresh)
        self._refresh()

    @property
    def chosen(self) -> list[Path]:
        """Return the projects that are ticked."""
        items = [self.projects.item(place) for place in range(self.projects.count())]
        return [Path(item.data(PathRole)) for item in items if item.checkState() is Qt.CheckState.Checked]

    def _refresh(self) -> None:
        stages = [stage for stage, box in self.stages.items() if box.isChecked()]
        self.begin.setEnabled(bool(self.chosen and stages))
        waiting = next(((root, endpoint) for root in self.chosen if (endpoint := unallowed(root))), None)
        self.note.setVisible(waiting is not None or not self.chosen)
        if waiting:
            text = tr("{project}: nothing is sent to {host} before you have allowed it. Start a stage by hand first.")
            self.note.setText(text.format(project=waiting[0].name, host=waiting[1].host))
        else:
            self.note.setText(tr("Choose a project. Those that you opened lately are listed."))

    def _plan(self) -> None:
        start = ""
        if self.when.buttons["at"].isChecked():
            moment = next_moment(self.time.currentText(), datetime.now())
            start = moment.isoformat(timespec="seconds")
        stages = [stage for stage, box in self.stages.items() if box.isChecked()]
        plan: Plan = make_plan(
            self.chosen,
            stages,
            start=start,
            needs_power=self.power.isChecked(),
            ends_when_hot=self.hot.buttons["end"].isChecked(),
            goes_on=self.goes_on.isChecked(),
        )
        self.planned.emit(plan)

    def _lay_out(self) -> None:
        what = card(
            label(tr("Projects"), "strong"),
            self.projects,
            line(),
            label(tr("Stages"), "strong"),
            column(*self.stages.values(), spacing=6),
            spacing=8,
        )
        lid = tr("Keep the lid of a MacBook open: a closed one sleeps. The display may go dark.")
        how = card(
            row(label(tr("Begin")), None, self.when, self.time),
            line(),
            self.power,
            row(label(tr("When the machine is too hot")), None, self.hot),
            line(),
            self.goes_on,
            label(lid, "caption", wrap=True),
            spacing=10,
        )
        sentence = tr(
            "One stage after the other, while you sleep. What is up to date is skipped; when a stage fails, the "
            "others go on. In the morning a report says what was done and what waits for you."
        )
        self.setLayout(
            column(label(sentence, "muted", wrap=True), what, how, self.note, row(None, self.begin), None, spacing=12)
        )
