"""Train: the loss as it falls, how far it is, and what the last run was."""

from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from espalier.training.run import Run, all_runs
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.steps import next_verb
from espalier_desktop.widgets.basics import button, card, clear, column, label, line, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import duration, memory, number
from espalier_desktop.widgets.line_chart import LineChart


class TrainPage(Page):
    """Figures and a curve while the student learns; the settings of the newest run below."""

    offers = frozenset({"train"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.loss, self.updates = Figure(tr("Loss")), Figure(tr("Updates"))
        self.left, self.memory = Figure(tr("Time left")), Figure(tr("Memory"))
        self.chart = LineChart(tr("Loss on the answers"))
        self.state = label(role="headline", wrap=True)
        self.advice = label(role="muted", wrap=True)
        self.action = button("", lambda: shell.do("train"), role="primary")
        self.runs = column(spacing=10)
        self._lay_out()
        shell.document.status_changed.connect(self.refresh)
        shell.jobs.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the training that runs, or the last one."""
        status = self.shell.document.status
        story = self._story()
        runs = all_runs(self.shell.document.project)
        self._stack.setCurrentIndex(1 if story or runs else 0)
        is_running = story is not None and not story.state.is_over
        document = self.shell.document
        self.start.setEnabled(self.shell.jobs.current is None and bool(document.leaves) and not document.errors)
        if story:
            self._show_story(story)
        self._figures.setVisible(story is not None)
        self._chart_card.setVisible(story is not None)
        if is_running and story:
            is_training = story.stage == "train"
            self.state.setText(tr("The student is learning") if is_training else tr("Training begins soon"))
            self.advice.setText(tr("You can stop at any time; training goes on from the last checkpoint."))
        elif status and status.is_trained:
            self.state.setText(tr("The adapter is up to date"))
            self.advice.setText(tr("It was trained on exactly these samples with these settings."))
        elif status and status.run:
            self.state.setText(tr("The adapter is out of date"))
            self.advice.setText(tr("The samples or the settings have changed since it was trained."))
        else:
            self.state.setText(tr("No adapter yet"))
            self.advice.setText(next_verb(self.shell.document).sentence)
        self.action.setText(next_verb(self.shell.document).text if self._is_next() else tr("Train"))
        self.action.setVisible(self.shell.jobs.current is None and not (status and status.is_trained))
        self._show_runs(runs)

    def _is_next(self) -> bool:
        return next_verb(self.shell.document).command == "train"

    def _story(self) -> Story | None:
        """Return the latest job that trains or is going to, None when this window has seen none."""
        stories = [self.shell.jobs.latest[name] for name in ("train", "tune") if name in self.shell.jobs.latest]
        told = [story for story in stories if story.losses or not story.state.is_over]
        return max(told, key=lambda story: story.log.name, default=None)

    def _show_story(self, story: Story) -> None:
        losses = story.losses
        progress = story.progress if story.progress and story.progress.stage == "train" else None
        self.loss.show_text(number(losses[-1][1], 3) if losses else "–")
        total = progress.total if progress else losses[-1][0] if losses else 0
        done = progress.done if progress else losses[-1][0] if losses else 0
        text = tr("{done} of {all}").format(done=number(done), all=number(total))
        self.updates.show_text(text if total else "–")
        left = duration(progress.seconds_left) if progress and not story.state.is_over else ""
        self.left.show_text(left or (tr("done") if story.state is JobState.DONE else "–"))
        self.memory.show_text(memory(story.memory) if story.memory else "–")
        spoken = ""
        if losses:
            spoken = tr("Loss {now} at update {step}, {first} at the start").format(
                now=number(losses[-1][1], 3), step=number(losses[-1][0]), first=number(losses[0][1], 3)
            )
        self.chart.show_points(losses, total, spoken)

    def _show_runs(self, runs: list[Run]) -> None:
        clear(self.runs)
        for run in list(reversed(runs))[:5]:
            if self.runs.count():
                self.runs.addWidget(line())
            self.runs.addWidget(_run_row(run))
        self._runs_card.setVisible(bool(runs))

    def _lay_out(self) -> None:
        words = column(self.state, self.advice, spacing=4)
        head = row(words, self.action, spacing=16)
        head.setStretch(0, 1)
        self._figures = QWidget()
        self._figures.setLayout(row(self.loss, self.updates, self.left, self.memory, spacing=16))
        self._chart_card = card(label(tr("Loss on the answers"), "headline"), self.chart)
        self._runs_card = card(label(tr("Runs"), "headline"), self.runs)
        content = column(head, self._figures, self._chart_card, self._runs_card, None, spacing=16)
        content.setStretch(2, 1)
        content.setContentsMargins(32, 28, 32, 28)
        inner = QWidget()
        inner.setLayout(content)
        self.start = button(tr("Train"), lambda: self.shell.do("train"), role="primary")
        text = tr(
            "The student learns from your seed examples and the accepted samples. Only a small adapter is trained; the "
            "model itself stays as it is. Samples that are missing are written first."
        )
        self._stack = empty_or(EmptyState("train", tr("Nothing is trained yet"), text, self.start), inner)
        self.setLayout(column(self._stack, spacing=0))


class Figure(QFrame):
    """One number with its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.value: QLabel = label("–", "figure")
        layout = column(label(name, "caption"), self.value, spacing=2)
        layout.setContentsMargins(16, 12, 16, 12)
        self.setLayout(layout)

    def show_text(self, text: str) -> None:
        """Show another number."""
        self.value.setText(text)


def _run_row(run: Run) -> QWidget:
    settings: dict[str, Any] = run.request.get("settings", {})
    state = tr("adapter ready") if run.adapter else tr("not finished")
    rank = settings.get("lora", {}).get("rank", "?")
    facts = tr("rank {rank}, {epochs} rounds, {student}").format(
        rank=rank, epochs=settings.get("epochs", "?"), student=run.request.get("student", "?")
    )
    day, _, time = run.folder.name.partition("T")
    made = QWidget()
    texts = column(label(f"{day} {time.replace('-', ':')}", "strong"), label(facts, "caption"), spacing=2)
    made.setLayout(row(texts, None, label(state, "good" if run.adapter else "muted")))
    return made
