"""The sheet that publishes a run: it is set up, looked at, sent, and its address given; it can be closed meanwhile."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from espalier.training.run import Run
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.export.base_sheet import with_base
from espalier_desktop.pages.export.setup_pane import SetupPane
from espalier_desktop.pages.export.transfer_pane import TransferPane
from espalier_desktop.pages.export.wording import run_words
from espalier_desktop.pages.page import Shell
from espalier_desktop.widgets.basics import button, label, set_role
from espalier_desktop.widgets.sheet import Sheet

_SIZE = QSize(920, 620)


class PublishSheet(Sheet):
    """Publishes one run; a job that already publishes is shown instead of the choices.

    Args:
        shell: the window's own.
        parent: the window.
        run: that is published.
        survey: what the run has, as the page knows it.
        record: of an earlier publication that is to be updated, {} for a new one.
    """

    def __init__(
        self, shell: Shell, parent: QWidget, run: Run, survey: Mapping[str, Any], record: Mapping[str, Any]
    ) -> None:
        super().__init__(parent, tr("Publish on Hugging Face"), run_words(run))
        set_role(self.sentence, "muted")
        self._shell, self._run = shell, run
        self._followed: Story | None = None
        self._problem = ""
        self.account = Errand("hub_account", shell.document, self)
        self.plan = Errand("share_plan", shell.document, self)
        self.setup = SetupPane(self.account, self.plan, run, survey.get("forms") or (), record)
        self.transfer = TransferPane(lambda: shell.toast(tr("Copied.")))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.setup)
        self._stack.addWidget(self.transfer)
        self.body.addSpacing(8)
        self.body.addWidget(self._stack, 1)
        self.note = label(role="muted", wrap=True, selectable=True)
        self.cancel = button(tr("Cancel"), self.reject)
        self.stop = button(tr("Stop"), self._stop)
        self.confirm = button(tr("Publish"), self._confirm, role="primary")
        self.confirm.setDefault(True)
        for each in (self.cancel, self.stop):
            each.setAutoDefault(False)
        self._buttons.insertWidget(0, self.note, 100)  # beside the room that is left
        for each in (self.stop, self.cancel, self.confirm):
            self._buttons.addWidget(each)
        self.setMaximumSize(parent.size())
        self.resize(_SIZE.boundedTo(parent.size()))
        self.setup.changed.connect(self._refresh)
        shell.jobs.changed.connect(self._follow)
        shell.jobs.ended.connect(self._on_ended)
        self.finished.connect(self._on_closed)
        if job := self._job():
            self._followed = shell.jobs.story(job)
            self._follow()
        else:
            self._show_setup("")
            self.setup.ask()
            self.setup.account.ask()
            self.setup.destination.name.setFocus()

    def _job(self) -> Job | None:
        return next((job for job in self._shell.jobs.jobs if job.request.command == "publish"), None)

    def _show_setup(self, problem: str) -> None:
        """Show the choices, with the reason why the last try failed."""
        self._problem = problem
        self._followed = None
        self._stack.setCurrentWidget(self.setup)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """Say on the button what it does, and beside it why it cannot."""
        if self._followed:
            return
        problem = self.setup.problem
        self.note.setText(self._problem or problem)
        set_role(self.note, "error" if self._problem else "muted")
        again, new = (
            tr("Try Again"),
            tr("Publish") if self.setup.destination.is_private else tr("Publish for Everyone…"),
        )
        self.confirm.setText(again if self._problem else new)
        self.confirm.setEnabled(not problem)
        self.confirm.show()
        self.stop.hide()
        self.cancel.setText(tr("Cancel"))

    def _confirm(self) -> None:
        """Ask what has to be asked, one thing after the other, and publish."""
        if self._followed:
            self.accept()
        elif self.setup.destination.is_private:
            self._ask_over()
        else:
            text = tr(
                "{repo} will be seen and copied by everyone on the internet. What is copied cannot be taken back, even "
                "if you make it private later."
            )
            sheet = Sheet(self, tr("Publish for everyone?"), text.format(repo=self.setup.destination.repo))
            sheet.add(tr("Publish for Everyone"), self._ask_over)
            sheet.add(tr("Keep Private"), self._keep_private, is_primary=True).open()

    def _keep_private(self) -> None:
        self.setup.destination.choose_private(True)
        self.setup.destination.changed.emit()

    def _ask_over(self) -> None:
        """Ask before something is replaced that somebody else put there."""
        remote = self.setup.remote
        if not remote.get("sentence"):
            self._ask_base("")
            return
        line = tr("Publish over what is in {repo}?").format(repo=self.setup.destination.repo)
        sheet = Sheet(self, line, said(str(remote["sentence"])))
        sheet.add(tr("Publish Over It"), lambda: self._ask_base(str(remote["head"])))
        sheet.add(tr("Cancel"), is_primary=True).open()

    def _ask_base(self, over: str) -> None:
        with_base(self, self._run, self.setup.request["forms"], lambda base: self._publish(base, over))

    def _publish(self, base: str, over: str) -> None:
        self._problem = ""
        self._keep_card()
        self._shell.jobs.start("publish", **self.setup.request, base=base, over=over)
        job = self._job()
        if job:
            self._followed = self._shell.jobs.story(job)
            self._follow()

    def _stop(self) -> None:
        job = self._job()
        if job:
            job.stop()

    @Slot()
    def _follow(self) -> None:
        """Show how far the job is."""
        if self._followed is None or self._followed.state.is_over:
            return
        self._stack.setCurrentWidget(self.transfer)
        self.transfer.show_work(self._followed)
        self.note.setText(tr("You can close this sheet; publishing goes on."))
        set_role(self.note, "muted")
        self.confirm.hide()
        self.stop.show()
        self.stop.setEnabled(self._followed.state is not JobState.STOPPING)
        self.cancel.setText(tr("Close"))

    @Slot(object)
    def _on_ended(self, story: Story) -> None:
        if story is not self._followed:
            return
        if story.state is not JobState.DONE:
            self._show_setup("" if story.state is JobState.STOPPED else story.message)
            return
        self.transfer.show_published(story)
        self.note.setText("")
        self.stop.hide()
        self.cancel.hide()
        self.confirm.setText(tr("Done"))
        self.confirm.setEnabled(True)
        self.confirm.show()

    @Slot()
    def _on_closed(self) -> None:
        self._keep_card()
        for errand in (self.account, self.plan):
            errand.close()

    def _keep_card(self) -> None:
        try:
            self.setup.card.keep()
        except OSError as error:
            self._shell.tell(tr("Your words in the card could not be kept"), sentence_of(error))
