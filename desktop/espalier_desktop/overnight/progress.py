"""The plan as it goes: each step with its state, what it waits for, and how to end it."""

from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from espalier.overnight.plan import Plan
from espalier_desktop.i18n import tr
from espalier_desktop.job_card import unit_text
from espalier_desktop.jobs.job import Job
from espalier_desktop.overnight.night import Night
from espalier_desktop.overnight.wording import PICTURES, TOKENS, stage_name, state_text
from espalier_desktop.widgets.basics import button, card, clear, column, label, picture, row
from espalier_desktop.widgets.formats import time_left


class ProgressView(QWidget):
    """A plan that is on, or one that was cut off and waits for a yes."""

    def __init__(self, night: Night) -> None:
        super().__init__()
        self._night = night
        self._shown: Plan | None = None
        self.line = label(role="headline", wrap=True)
        self.sentence = label(role="muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the step"))
        self._steps = QVBoxLayout()
        self._steps.setSpacing(8)
        self._steps.setContentsMargins(0, 0, 0, 0)
        self.stop = button(tr("End the Night"), night.stop)
        self.stop.setToolTip(tr("What runs is stopped and the rest is left out. Finished work is kept."))
        self.go_on = button(tr("Go On"), night.go_on, role="primary")
        self.forget = button(tr("Forget the Plan"), night.dismiss)
        steps = QWidget()
        steps.setLayout(self._steps)
        buttons = row(None, self.forget, self.stop, self.go_on)
        head = column(self.line, self.sentence, spacing=4)
        self.setLayout(column(head, self.bar, card(steps), buttons, None, spacing=12))
        night.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show where the plan is."""
        night, plan = self._night, self._night.plan
        if not plan:
            return
        for made, is_wanted in (
            (self.stop, night.is_on),
            (self.go_on, night.is_cut_off),
            (self.forget, night.is_cut_off),
        ):
            made.setVisible(is_wanted)
        if plan != self._shown:
            self._shown = plan
            self._show_steps(plan)
        self._show_now(plan, night.job)

    def _show_now(self, plan: Plan, job: Job | None) -> None:
        done = sum(step.is_over for step in plan.steps)
        count = tr("{done} of {total} steps are over.").format(done=done, total=len(plan.steps))
        self.bar.setVisible(job is not None)
        if self._night.is_cut_off:
            self.line.setText(tr("The night's work was cut off"))
            self.sentence.setText(tr("What it finished is kept. It can go on where it was."))
        elif job and plan.next is not None:
            self.line.setText(stage_name(plan.steps[plan.next].stage))
            progress = job.progress
            self.bar.setRange(0, progress.total if progress else 0)
            self.bar.setValue(progress.done if progress else 0)
            left = time_left(progress.seconds_left) if progress else ""
            self.sentence.setText(" · ".join(text for text in (count, unit_text(job), left) if text))
        else:
            self.line.setText(self._night.waits_for or tr("The report is being written"))
            self.sentence.setText(f"{count} {tr('Leave Espalier open.')}")

    def _show_steps(self, plan: Plan) -> None:
        clear(self._steps)
        for project in plan.projects:
            title = label(project.rpartition("/")[2], "strong")
            title.setToolTip(project)
            self._steps.addWidget(title)
            for step in plan.steps:
                if step.project != project:
                    continue
                text = label(state_text(step), "error" if step.state == "failed" else "muted", wrap=True)
                line = QWidget()
                items = row(picture(PICTURES[step.state], 16, TOKENS[step.state]), label(stage_name(step.stage)), text)
                items.setStretch(2, 1)
                line.setLayout(items)
                self._steps.addWidget(line)
