"""Overview: where the project stands, and the one thing to do next."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget
from typing_extensions import override

from espalier.machine import this_machine
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.permission import is_allowed
from espalier_desktop.endpoints import ask_leave
from espalier_desktop.i18n import tr
from espalier_desktop.job_card import job_title, unit_text
from espalier_desktop.pages.overview.endpoint_sheet import EndpointSheet
from espalier_desktop.pages.overview.machine_card import MachineCard
from espalier_desktop.pages.overview.model_sheet import Choice, ModelSheet
from espalier_desktop.pages.overview.models_card import ModelsCard
from espalier_desktop.pages.overview.scores_card import ScoresCard
from espalier_desktop.pages.overview.strip import StepStrip
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.steps import VERBS, next_verb, steps
from espalier_desktop.widgets.basics import button, card, column, label, row, set_role
from espalier_desktop.widgets.formats import short_path

WIDEST = 1080  # px of content; wider lines are tiring to read


class OverviewPage(Page):
    """The strip of the five steps, what is next, the models and the machine."""

    offers = frozenset({*VERBS, "stop"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.name = label(shell.document.root.name, "display")
        self.place = label(short_path(shell.document.root), "muted", selectable=True)
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.strip = StepStrip()
        self.verb = button("", self._do_next, role="primary")
        self.everything = button(tr("Run All Steps"), lambda: shell.do("tune"))
        self.everything.setToolTip(tr("Everything that is out of date, one step after the other"))
        self.overnight = button(tr("Run Overnight…"), lambda: shell.do("overnight"))
        self.overnight.setToolTip(tr("Every step at a time you choose, with a report in the morning"))
        self.next_line = label(role="headline", wrap=True)
        self.next_sentence = label(role="muted", wrap=True)
        self.models = ModelsCard()
        self.machine = MachineCard(this_machine(shell.document.root))
        self.scores = ScoresCard()
        self._lay_out()
        self.strip.opened.connect(shell.go)
        self.models.change_wanted.connect(self.choose_model)
        self.models.dial_chosen.connect(shell.document.set_dial)
        shell.document.leaves_changed.connect(self.refresh)
        shell.document.status_changed.connect(self.refresh)
        shell.document.settings_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._on_jobs_changed)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show where everything is, if the page is seen: with many leaves it takes its time."""
        if not self.isVisible():
            return
        document = self.shell.document
        self.models.show_project(document.project)
        self.scores.show_scores(document.status.scores if document.status else {})
        self.refresh_next()

    @Slot()
    def refresh_next(self) -> None:
        """Show what runs, or what is next."""
        job = self.shell.jobs.current
        stage = job.stage.name if job and job.stage else ""
        self.strip.show_steps(steps(self.shell.document, stage, unit_text(job) if job else ""))
        verb = next_verb(self.shell.document)
        for made in (self.everything, self.overnight):
            made.setVisible(job is None and verb.command in ("generate", "train", "quantize", "evaluate"))
        if job:
            self.next_line.setText(tr("Now: {job}").format(job=job_title(job)))
            self.next_sentence.setText(unit_text(job) or tr("You can go on working; finished work is always kept."))
            self.verb.setText(tr("Stop"))
            self.verb.setEnabled(True)
            set_role(self.verb, "")
            return
        set_role(self.verb, "primary")
        self.next_line.setText(tr("Next: {verb}").format(verb=verb.text) if verb.command else verb.text)
        self.next_sentence.setText(verb.sentence)
        self.verb.setText(verb.text)
        self.verb.setEnabled(bool(verb.command))

    def choose_model(self, role: str) -> None:
        """Let the person choose the model of a role."""
        document, window = self.shell.document, self.window()
        student, teacher = document.project.student, document.project.teacher
        if role == "student":
            self._choose(Choice(role, tr("Which model shall learn?"), student, document.set_student))
            return
        is_critic = role == "critic"
        line = tr("Which model shall judge?") if is_critic else tr("Which model shall teach?")
        take = document.set_critic if is_critic else document.set_teacher
        current = document.project.judge if is_critic else teacher

        def choose_endpoint() -> None:
            EndpointSheet(window, current, lambda endpoint: self._use_endpoint(endpoint, take)).open()

        teacher_judges = (lambda: take("")) if is_critic and document.project.critic else None
        self._choose(Choice(role, line, current, take), choose_endpoint, teacher_judges)

    def _choose(
        self,
        choice: Choice,
        endpoint: Callable[[], object] | None = None,
        teacher: Callable[[], object] | None = None,
    ) -> None:
        more = partial(self.shell.do, "models")
        ModelSheet(self.window(), choice, self.shell.fetcher, more, endpoint, teacher).open()

    def _use_endpoint(self, endpoint: Endpoint, take: Callable[[str], object]) -> None:
        take(endpoint.setting)
        if not is_allowed(endpoint):
            ask_leave(self.window(), endpoint, self.refresh)

    @Slot()
    def _on_jobs_changed(self) -> None:
        if self.isVisible():
            self.refresh_next()

    def _do_next(self) -> None:
        if self.shell.jobs.current:
            self.shell.jobs.stop()
            return
        command = next_verb(self.shell.document).command
        if command == "choose_models":
            self.choose_model("student")
        elif command:
            self.shell.do(command)

    def _lay_out(self) -> None:
        words = column(self.next_line, self.next_sentence, spacing=4)
        following = row(words, self.overnight, self.everything, self.verb, spacing=12)
        following.setStretch(0, 1)
        cards = row(self.models, self.machine, spacing=16)
        cards.setStretch(0, 3)
        cards.setStretch(1, 2)
        content = column(
            column(self.name, self.place, spacing=2),
            8,
            self.strip,
            card(following, margin=20),
            cards,
            self.scores,
            None,
            spacing=16,
        )
        content.setContentsMargins(32, 28, 32, 32)
        inner = QWidget()
        inner.setLayout(content)
        inner.setMaximumWidth(WIDEST)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setLayout(column(area, spacing=0))
