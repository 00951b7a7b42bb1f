"""The head of the page: what is chosen and what it takes, or what runs, or how the last run ended."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QLabel, QProgressBar, QWidget

from espalier.synthesis.forecast import Forecast
from espalier_desktop.i18n import said, tr
from espalier_desktop.job_card import stage_title, unit_text
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.generate.forecaster import rows_words, time_words
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.formats import memory, number, time_left

ENDED_BADLY = (JobState.FAILED, JobState.CRASHED)


class Head(QFrame):
    """A line, a sentence, the teacher, and the one or two things to do.

    Args:
        plan: opens the plan of a full run.
        try_few: draws a few rows.
        stop: pauses the run.
        go_on: goes on with the last run.
    """

    def __init__(
        self,
        plan: Callable[[], object],
        try_few: Callable[[], object],
        stop: Callable[[], object],
        go_on: Callable[[], object],
    ) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.line = label(role="headline", wrap=True)
        self.sentence = label(role="muted", wrap=True)
        self.teacher = label(role="caption", wrap=True)
        self.few = button(tr("Try 5"), try_few)
        self.few.setToolTip(tr("Five rows with their verdicts, to see whether a full run is worth it"))
        self.plan = button(tr("Generate…"), plan, role="primary")
        self.pause = button(tr("Pause"), stop, picture="stop")
        self.pause.setToolTip(tr("Going on later continues exactly here; nothing is drawn twice."))
        self.go_on = button(tr("Go On"), go_on, role="primary")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the job"))
        self.figures = {
            "drawn": _Figure(tr("Rows drawn")),
            "accepted": _Figure(tr("Accepted")),
            "speed": _Figure(tr("Tokens per second")),
            "left": _Figure(tr("This round")),
            "memory": _Figure(tr("Memory")),
        }
        self._figures = QWidget()
        self._figures.setLayout(row(*self.figures.values(), None, spacing=28))
        words = column(self.line, self.sentence, self.teacher, spacing=3)
        top = row(words, self.few, self.plan, self.pause, self.go_on, spacing=8)
        top.setStretch(0, 1)
        layout = column(top, self.bar, self._figures, spacing=12)
        layout.setContentsMargins(20, 14, 20, 14)
        self.setLayout(layout)

    def show_plan(self, chosen: int, count: int, found: Forecast | None, problem: str, *, is_ready: bool) -> None:
        """Show how many leaves are ticked and what they take.

        Args:
            chosen: number of leaves with a tick.
            count: of all leaves.
            found: what they take, None while that is not known.
            problem: why it is not known, or nothing can be written.
            is_ready: whether something can be started.
        """
        self._show(is_running=False)
        self.line.setText(tr("{chosen} of %n leaf(s) chosen", count).format(chosen=number(chosen)))
        if not chosen:
            self._say(tr("Everything is written. Tick leaves to write more for them."))
        elif problem:
            self._say(said(problem), "error")
        elif found is None:
            self._say(tr("Reading the leaves and documents…"))
        elif not found.waiting:
            self._say(tr("These leaves are up to date; they can be given more rows."))
        else:
            words = [rows_words(found), time_words(found) or tr("time not measured yet: Try 5 tells")]
            text = " · ".join(word for word in words if word)
            self._say(text[:1].upper() + text[1:])
        for each in (self.few, self.plan):
            each.setEnabled(is_ready and chosen > 0 and not problem)
        self.go_on.hide()

    def show_run(self, story: Story, job: Job, count: int) -> None:
        """Show what runs; ``count`` is the number of leaves that it goes through."""
        self._show(is_running=True)
        is_stopping, is_writing = job.state is JobState.STOPPING, story.stage == "generate"
        name = leaf_name(story.leaf) if story.leaf else ""
        if job.state is JobState.QUEUED:
            self.line.setText(tr("Waiting"))
        elif is_stopping:
            self.line.setText(tr("Pausing…"))
        else:
            title = stage_title(story.stage)
            self.line.setText(tr("{stage}: {leaf}").format(stage=title, leaf=name) if name else title)
        begun = sum(stage.name == "generate" for stage in story.stages)
        is_one_of_many = is_writing and count > 1
        texts = [tr("leaf {number} of {all}").format(number=number(begun), all=number(count))] * is_one_of_many
        texts += [unit_text(job)] if is_writing and job.progress else []
        text = " · ".join(filter(None, texts)) or tr("Loading…")
        is_waiting = job.state is JobState.QUEUED
        self._say(tr("Another project's job runs first.") if is_waiting else text[:1].upper() + text[1:])
        progress = story.progress
        self.bar.setRange(0, progress.total if progress else 0)
        if progress:
            self.bar.setValue(progress.done)
        self.pause.setText(tr("Stop Now") if is_stopping else tr("Pause"))
        self._show_figures(story)

    def show_end(self, story: Story) -> None:
        """Add how the last run ended to what is shown, and offer to go on."""
        if story.state in ENDED_BADLY:
            self.line.setText(tr("Generating did not finish"))
            self._say(story.message, "error")
            self.go_on.setText(tr("Try Again"))
        else:
            self.line.setText(tr("Paused"))
            self._say(tr("Going on continues exactly here; nothing is drawn twice."))
            self.go_on.setText(tr("Go On"))
        self.go_on.show()
        set_role(self.plan, "")

    def _show(self, *, is_running: bool) -> None:
        for choice in (self.few, self.plan):
            choice.setVisible(not is_running)
        for widget in (self.pause, self.bar, self._figures):
            widget.setVisible(is_running)
        self.go_on.hide()
        set_role(self.plan, "primary")

    def _show_figures(self, story: Story) -> None:
        drawn, accepted = sum(story.drawn.values()), sum(story.accepted.values())
        progress = story.progress
        speed = progress.figures.get("tokens_per_second", 0) if progress else 0
        texts = {
            "drawn": number(drawn) if drawn else "–",
            "accepted": number(accepted) if drawn else "–",
            "speed": number(speed) if speed else "–",
            "left": time_left(progress.seconds_left) if progress else "",
            "memory": memory(story.memory) if story.memory else "–",
        }
        for key, text in texts.items():
            self.figures[key].value.setText(text or "–")

    def _say(self, text: str, role: str = "muted") -> None:
        self.sentence.setText(text)
        set_role(self.sentence, role)


class _Figure(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.value: QLabel = label("–", "strong")
        self.value.setAccessibleName(name)
        self.setLayout(column(label(name, "caption"), self.value, spacing=1))
