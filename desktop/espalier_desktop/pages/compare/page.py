"""Compare: one question, answered before and after by one model in memory."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QComboBox, QFrame, QPlainTextEdit, QTextBrowser, QWidget
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.evaluation.questions import read_questions
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or

BEAT = 100  # milliseconds between two paintings of an answer that is being written


class ComparePage(Page):
    """One composer above, two panes below: the student before and after."""

    offers = frozenset({"go_compare"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.question = _Composer(self.ask)
        self.question.setAccessibleName(tr("Your question"))
        self.question.setPlaceholderText(tr("Ask something the student should have learned"))
        self.question.setTabChangesFocus(True)
        self.question.setFixedHeight(72)
        self.presets = QComboBox()
        self.presets.setAccessibleName(tr("Held-out questions"))
        self.presets.activated.connect(self._take_preset)
        self.send = button(tr("Ask Both"), self.ask, role="primary")
        keys = QKeySequence("Ctrl+Return").toString(QKeySequence.SequenceFormat.NativeText)
        self.send.setToolTip(tr("Ask ({keys})").format(keys=keys))
        self.before = _Pane(tr("Before"), tr("the student as it came"))
        self.after = _Pane(tr("After"), tr("the same student with your adapter"))
        self.notice = label(role="error", wrap=True)
        self.notice.hide()
        self._timer = QTimer(self, interval=BEAT, singleShot=True)
        self._timer.timeout.connect(self._show_answers)
        self._lay_out()
        shell.document.status_changed.connect(self.refresh)
        shell.document.settings_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._on_jobs_changed)
        shell.jobs.ended.connect(self._show_answers)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show whether there is anything to compare, and the questions there are."""
        status = self.shell.document.status
        self._stack.setCurrentIndex(1 if status and status.run else 0)
        student = self.shell.document.project.student
        self.before.name.setText(student)
        self.after.name.setText(
            tr("{student} + adapter {run}").format(student=student, run=status.run if status else "")
        )
        try:
            texts = [question.question for question in read_questions(self.shell.document.project.questions)]
        except EspalierError:
            texts = []
        if [self.presets.itemText(place) for place in range(1, self.presets.count())] != texts:
            self.presets.clear()
            self.presets.addItem(tr("Held-out questions…"))
            self.presets.addItems(texts)
        self.presets.setVisible(bool(texts))

    def ask(self) -> None:
        """Ask both sides the question in the composer."""
        question = self.question.toPlainText().strip()
        if not question:
            self.question.setFocus()
            return
        if self.shell.jobs.current:
            self.shell.jobs.stop()
            return
        self.notice.hide()
        for pane in (self.before, self.after):
            pane.show_text(tr("Loading the student…"), is_waiting=True)
        self.shell.jobs.start("ask", question=question)

    def save_state(self) -> dict[str, Any]:
        """Return the question."""
        return {"question": self.question.toPlainText()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take the question back."""
        self.question.setPlainText(str(state.get("question", "")))

    @Slot()
    def _on_jobs_changed(self) -> None:
        job = self.shell.jobs.current
        is_asking = job is not None and job.request.command == "ask"
        self.send.setText(tr("Stop") if is_asking else tr("Ask Both"))
        self.send.setEnabled(job is None or is_asking)
        if is_asking and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _show_answers(self) -> None:
        story = self.shell.jobs.latest.get("ask")
        if story is None:
            return
        for pane, key in ((self.before, "base"), (self.after, "tuned")):
            text = str(story.result.get(key, story.answers.get(key, "")))
            if text:
                pane.show_text(text)
            elif story.state.is_over:
                pane.show_text(tr("No answer."), is_waiting=True)
        if story.state in (JobState.FAILED, JobState.CRASHED):
            self.notice.setText(story.message)
            self.notice.show()

    def _take_preset(self, place: int) -> None:
        if place > 0:
            self.question.setPlainText(self.presets.itemText(place))
            self.presets.setCurrentIndex(0)
            self.question.setFocus()

    def _lay_out(self) -> None:
        self.presets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.presets.setMinimumContentsLength(24)
        bar = row(self.presets, self.notice, None, self.send, spacing=12)
        panes = row(self.before, self.after, spacing=16)
        content = column(self.question, bar, 4, panes, spacing=12)
        content.setStretch(3, 1)
        content.setContentsMargins(24, 20, 24, 24)
        inner = QWidget()
        inner.setLayout(content)
        text = tr(
            "One question, two answers: the student before and after, written side by side from one copy of the model. "
            "Train first."
        )
        self.train = button(tr("Go to Train"), lambda: self.shell.go("train"), role="primary")
        self._stack = empty_or(EmptyState("compare", tr("There is nothing to compare yet"), text, self.train), inner)
        self.setLayout(column(self._stack, spacing=0))


class _Composer(QPlainTextEdit):
    """A field for a question; ⌘Return sends it."""

    def __init__(self, send: Callable[[], object]) -> None:
        super().__init__()
        self._send = send

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_return and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._send()
        else:
            super().keyPressEvent(event)


class _Pane(QFrame):
    """One side: which model it is, and its answer as plain text, for models write what they like."""

    def __init__(self, title: str, what: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.name = label(role="caption")
        self.name.setSizePolicy(self.name.sizePolicy().Policy.Ignored, self.name.sizePolicy().Policy.Fixed)
        self.answer = QTextBrowser()
        self.answer.setProperty("role", "answer")
        self.answer.setAccessibleName(title)
        self.answer.setTabChangesFocus(True)
        self.answer.setOpenLinks(False)
        self.answer.document().setDocumentMargin(0)
        self.answer.setPlaceholderText(tr("The answer appears here."))
        layout = column(row(label(title, "headline"), label(what, "muted"), None), self.name, self.answer, spacing=4)
        layout.setContentsMargins(16, 12, 12, 12)
        self.setLayout(layout)

    def show_text(self, text: str, *, is_waiting: bool = False) -> None:
        if is_waiting:
            self.answer.setPlainText("")
            self.answer.setPlaceholderText(text)
        elif self.answer.toPlainText() != text:
            self.answer.setPlainText(text)
