"""What the student answers to seed questions as it came: asked when the person wants to know, kept while it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from espalier.taxonomy.leaf import Kind
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.leaf_view import pairs_of

COMMAND = "probe"

Ask = tuple[str, str]
"""A question and its context, which is "" where the question stands alone."""


def asks_of(seed: Any, kind: Kind) -> list[Ask]:
    """Return what the student is asked of a seed example; only a grounded skill shows its context."""
    context = str(seed.get("context") or "").strip() if kind == "grounded skill" and isinstance(seed, Mapping) else ""
    return [(question, context) for _, question, _ in pairs_of(seed)]


@dataclass(frozen=True)
class Reply:
    """Where a question is.

    Attributes:
        waiting: what it waits for, in a sentence; "" when it waits for nothing.
        answer: of the student; None before there is one.
        failed: why there is none, in a sentence.
    """

    waiting: str = ""
    answer: str | None = None
    failed: str = ""


class StudentCheck(QObject):
    """Asks the untaught student in jobs of the project; the questions of one press share one worker.

    Signals:
        changed: a question was asked, moved on or was answered.
    """

    changed = Signal()

    def __init__(self, shell: Shell, parent: QObject) -> None:
        super().__init__(parent)
        self._shell = shell
        self._student = shell.document.project.student
        self._replies: dict[Ask, Reply] = {}
        shell.jobs.changed.connect(self._on_jobs_changed)
        shell.jobs.ended.connect(self._on_ended)
        shell.document.settings_changed.connect(self._on_settings_changed)

    def reply(self, ask: Ask) -> Reply | None:
        """Return where a question is, None when it was not asked."""
        return self._replies.get(ask)

    def is_asking(self, asks: Sequence[Ask]) -> bool:
        """Return whether one of these questions has no answer yet and will get one."""
        return any(reply.waiting for ask in asks if (reply := self._replies.get(ask)))

    def ask(self, asks: Sequence[Ask]) -> None:
        """Ask the student those of the questions that are not being asked already."""
        new = [ask for ask in dict.fromkeys(asks) if ask[0].strip() and not self.is_asking([ask])]
        status = self._shell.document.status
        if status and self._student in status.missing_models:
            text = tr("{student} is not on this Mac. Get it, or choose another student in Overview.")
            self._replies |= {ask: Reply(failed=text.format(student=self._student)) for ask in new}
        elif new:
            self._replies |= {ask: Reply(waiting=tr("Waiting…")) for ask in new}
            self._shell.jobs.start(COMMAND, questions=new)
        self.changed.emit()

    def stop(self, asks: Sequence[Ask]) -> None:
        """Give up the jobs that ask one of these questions."""
        for job in self._shell.jobs.jobs:
            if job.request.command == COMMAND and set(asks) & set(job.request.arguments["questions"]):
                job.stop()

    @Slot()
    def _on_jobs_changed(self) -> None:
        for job in self._shell.jobs.jobs:
            if job.request.command != COMMAND:
                continue
            if job.state is JobState.QUEUED:
                words = tr("Waiting until the running job is done…")
            elif job.progress:
                words = tr("The student answers…")
            else:
                words = tr("Loading the student…")
            self._tell({ask: Reply(waiting=words) for ask in job.request.arguments["questions"]})

    @Slot(object)
    def _on_ended(self, story: Story) -> None:
        if story.command != COMMAND:
            return
        asks: Sequence[Ask] = story.arguments["questions"]
        if story.state is JobState.DONE:
            answers = story.result["answers"]
            self._tell({ask: Reply(answer=answer) for ask, answer in zip(asks, answers, strict=True)})
        elif story.state is JobState.STOPPED:
            for ask in asks:
                self._replies.pop(ask, None)
            self.changed.emit()
        else:
            self._tell({ask: Reply(failed=story.message) for ask in asks})

    @Slot()
    def _on_settings_changed(self) -> None:
        student = self._shell.document.project.student
        if student != self._student:  # its answers are another model's
            self._student = student
            self._replies = {ask: reply for ask, reply in self._replies.items() if reply.waiting}
            self.changed.emit()

    def _tell(self, replies: dict[Ask, Reply]) -> None:
        if any(self._replies.get(ask) != reply for ask, reply in replies.items()):
            self._replies |= replies
            self.changed.emit()
