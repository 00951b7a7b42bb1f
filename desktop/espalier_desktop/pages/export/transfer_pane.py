"""How far publishing is, and where it ended: the address, or what went wrong and what to do."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QProgressBar, QWidget

from espalier.messages import Progress, Stage
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.compare.markdown import web_address
from espalier_desktop.widgets.basics import button, column, label, picture, row
from espalier_desktop.widgets.formats import number, size, time_left


def transfer_words(progress: Progress, speed: float) -> str:
    """Return how much is done, how fast it goes, in bytes a second, and how long it takes, as far as that is known."""
    if progress.unit == "bytes":
        amount = tr("{done} of {all}").format(done=size(progress.done), all=size(progress.total))
    else:
        amount = tr("{done} of {all}").format(done=number(progress.done), all=number(progress.total))
    parts = [amount, tr("{size} a second").format(size=size(round(speed))) if speed else ""]
    return " · ".join(part for part in (*parts, time_left(progress.seconds_left)) if part)


def _stage_words(stage: Stage) -> str:
    text = said(stage.text)
    return tr("Making: {form}").format(form=text) if stage.name == "export" else text


class TransferPane(QWidget):
    """A bar while it goes on; afterwards the page's address with what can be done with it.

    Args:
        copied: told when the address was copied.
    """

    def __init__(self, copied: Callable[[], object]) -> None:
        super().__init__()
        self._copied = copied
        self._url = ""
        self._clock = QElapsedTimer()
        self._begun: tuple[str, int] = ("", 0)
        self.line = label(role="headline", wrap=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of publishing"))
        self.text = label(role="muted", wrap=True)
        self.sign = picture("check", 32, "good")
        self.address = label(role="strong", wrap=True, selectable=True)
        self.open_page = button(tr("Open Page"), self._open)
        self.copy = button(tr("Copy Address"), self._copy)
        for each in (self.open_page, self.copy):
            each.setAutoDefault(False)
        buttons = row(self.open_page, self.copy, None)
        self.setLayout(
            column(None, row(self.sign, None), self.line, self.bar, self.text, self.address, buttons, None, spacing=10)
        )

    def show_work(self, story: Story) -> None:
        """Show a job that is not over."""
        progress = story.progress
        self._show_result(False)
        if story.state is JobState.QUEUED:
            self.line.setText(tr("Waits for another job"))
            self.text.setText("")
        elif story.state is JobState.STOPPING:
            self.line.setText(tr("Stopping…"))
        else:
            self.line.setText(_stage_words(story.stages[-1]) if story.stages else tr("Publishing begins"))
            detail = said(progress.detail) if progress else ""
            words = transfer_words(progress, self._speed(progress)) if progress and progress.total else ""
            self.text.setText("\n".join(part for part in (words, detail) if part))
        self.bar.setRange(0, _STEPS if progress and progress.total else 0)
        if progress and progress.total:
            self.bar.setValue(round(_STEPS * progress.done / progress.total))

    def _speed(self, progress: Progress) -> float:
        """Return bytes a second since the stage was first seen, 0 where too little is known."""
        if progress.unit != "bytes":
            return 0.0
        if self._begun[0] != progress.stage:
            self._begun = (progress.stage, progress.done)
            self._clock.start()
        seconds = self._clock.elapsed() / 1_000
        return (progress.done - self._begun[1]) / seconds if seconds >= _SOON else 0.0

    def show_published(self, story: Story) -> None:
        """Show where it is now."""
        self._url = web_address(str(story.result.get("url", "")))
        self._show_result(True)
        self.line.setText(tr("Published"))
        private = bool(story.result.get("private", True))
        self.text.setText(
            tr("Only you and your team see it. You can change that on its page at any time.")
            if private
            else tr("Everyone can see it.")
        )
        addresses = [self._url, str((story.result.get("dataset") or {}).get("url", ""))]
        self.address.setText("\n".join(filter(None, addresses)) or str(story.arguments.get("repo", "")))
        self.open_page.setEnabled(bool(self._url))
        self.open_page.setFocus()

    def _show_result(self, is_over: bool) -> None:
        for widget in (self.sign, self.address, self.open_page, self.copy):
            widget.setVisible(is_over)
        self.bar.setVisible(not is_over)

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl(self._url))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._url)
        self._copied()


_SOON = 1.0  # seconds before a speed is told
_STEPS = 1_000  # of the bar: bytes are more than it counts
