"""Quantize: the small students of the run on one side, what could be made on the other."""

from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from espalier.errors import EspalierError
from espalier.machine import free_space
from espalier.models.folder import find_model
from espalier.models.shapes import Part, read_parts
from espalier.quantization.settings import QuantizeSettings, flat_values
from espalier.quantization.store import Quantized, choose, quantized_models
from espalier.training.run import Run, all_runs
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.quantize.made_card import Doings, MadeCard
from espalier_desktop.pages.quantize.picker import Picker
from espalier_desktop.pages.quantize.wording import way_title
from espalier_desktop.widgets.basics import button, clear, column, label, row, scrolling
from espalier_desktop.widgets.empty import EmptyState, empty_or


class QuantizePage(Page):
    """What the run has, what each cost, and the way to the next one."""

    offers = frozenset({"quantize", "go_compare"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.state = label(role="headline", wrap=True)
        self.advice = label(role="muted", wrap=True)
        self.compare = button(tr("Compare Before and After"), lambda: shell.go("compare"), role="primary")
        self.picker = Picker()
        self.picker.wanted.connect(self._make)
        self._cards = column(spacing=12)
        self.cards: list[MadeCard] = []
        self._parts: tuple[Path | None, list[Part], str] = (None, [], "")
        self._is_busy = False
        self._lay_out()
        shell.document.status_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._on_jobs_changed)
        shell.jobs.ended.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        words = column(self.state, self.advice, spacing=4)
        head = row(words, self.compare, spacing=16)
        head.setStretch(0, 1)
        holder = QWidget()
        holder.setLayout(column(self._cards, None, spacing=0))
        self._made = scrolling(holder)
        both = row(self._made, self.picker, spacing=16)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        content = column(head, both, spacing=16)
        content.setStretch(1, 1)
        content.setContentsMargins(32, 28, 32, 16)
        inner = QWidget()
        inner.setLayout(content)
        text = tr(
            "After training, the adapter is merged into the student and the result is stored with fewer bits: a "
            "quarter of the size and less, ready for smaller machines. Train first."
        )
        self.train = button(tr("Go to Train"), lambda: self.shell.go("train"), role="primary")
        self._stack = empty_or(EmptyState("quantize", tr("There is no adapter yet"), text, self.train), inner)
        self.setLayout(column(self._stack, spacing=0))

    @Slot()
    def _on_jobs_changed(self) -> None:
        if self._is_busy != (self.shell.jobs.current is not None):  # else a job only moved on
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the run that the project's status is about."""
        self._is_busy = self.shell.jobs.current is not None
        run = self._run()
        self._stack.setCurrentIndex(1 if run else 0)
        if run is None:
            return
        models = list(reversed(quantized_models(run.folder)))
        student, parts, problem = self._student(run)
        whole = _size_of(student) + _size_of(run.adapter)
        self._show_cards(models, whole)
        self._show_state(models)
        if not problem and self._is_busy:
            problem = tr("Another job is at work. This can begin when it is done.")
        ways = [model.settings for model in models]
        self.picker.show_student(parts, ways, free_space(run.folder), problem)

    def _show_state(self, models: list[Quantized]) -> None:
        story = self.shell.jobs.latest.get("quantize")
        chosen = next((model for model in models if model.is_chosen), None)
        self.compare.setVisible(bool(models))
        if story and not story.state.is_over:
            self.state.setText(tr("The student is made small"))
            self.advice.setText(tr("You can stop at any time; what was made before stays."))
        elif story and story.state in (JobState.FAILED, JobState.CRASHED) and story.message:
            self.state.setText(tr("The student was not made small"))
            self.advice.setText(said(story.message))
        elif chosen:
            self.state.setText(tr("In use: {way}").format(way=way_title(chosen.settings)))
            self.advice.setText(tr("It answers without the adapter: everything is inside. The adapter stays."))
        else:
            self.state.setText(tr("The student can be made smaller"))
            self.advice.setText(
                tr("The adapter is merged in, and the result stored with fewer bits. The adapter stays.")
            )

    def _show_cards(self, models: list[Quantized], whole: int) -> None:
        doings = Doings(self._use, self._show, self._measure)
        clear(self._cards)
        self.cards = [MadeCard(model, whole, not self._is_busy, doings) for model in models]
        for made in self.cards:
            self._cards.addWidget(made)
        self._made.setVisible(bool(models))

    def _make(self, way: QuantizeSettings) -> None:
        self.shell.jobs.start("quantize", settings=flat_values(way))

    def _measure(self, model: Quantized) -> None:
        self._make(model.settings)

    def _use(self, model: Quantized) -> None:
        run = self._run()
        if run is None:
            return
        try:
            choose(run.folder, model.name)
        except (EspalierError, OSError) as error:
            self.shell.tell(tr("It could not be chosen."), said(str(error)))
            return
        self.shell.toast(tr("In use: {way}").format(way=way_title(model.settings)))
        self.refresh()
        self.shell.document.refresh()

    def _show(self, model: Quantized) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(model.folder)))

    def _run(self) -> Run | None:
        status = self.shell.document.status
        name = status.run if status else ""
        return next((run for run in all_runs(self.shell.document.project) if name and run.folder.name == name), None)

    def _student(self, run: Run) -> tuple[Path | None, list[Part], str]:
        """Return the run's student, its weights, and why they cannot be read; they are read once."""
        try:
            folder = find_model(str(run.request.get("student", "")))
            if self._parts[0] != folder:
                self._parts = (folder, read_parts(folder), "")
        except EspalierError as error:
            self._parts = (None, [], said(str(error)))
        return self._parts


def _size_of(folder: Path | None) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else 0
