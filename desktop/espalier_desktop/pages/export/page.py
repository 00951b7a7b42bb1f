"""Export: which run, its forms as cards, and what was published of it."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget
from typing_extensions import override

from espalier.taxonomy.names import proper_name
from espalier.training.run import Run, all_runs
from espalier_desktop.i18n import said, tr
from espalier_desktop.job_card import unit_text
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.compare.markdown import web_address
from espalier_desktop.pages.export.base_sheet import with_base
from espalier_desktop.pages.export.form_card import Doings, FormCard
from espalier_desktop.pages.export.history_card import HistoryCard
from espalier_desktop.pages.export.publish_sheet import PublishSheet
from espalier_desktop.pages.export.wording import form_title, run_words
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, clear, column, label, row, scrolling
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import short_path

_CHANGES = ("export", "publish", "import_adapter", "train", "quantize", "evaluate", "tune")  # what a run has


class ExportPage(Page):
    """The forms of one run, made and checked by the worker; publishing has a sheet of its own."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.survey = Errand("share_survey", shell.document, self)
        self.survey.changed.connect(self._show_survey)
        self.runs = QComboBox()
        self.runs.setAccessibleName(tr("Run"))
        self.runs.setMinimumWidth(240)
        self.runs.activated.connect(self._on_run_chosen)
        self.import_adapter = button(tr("Import Adapter…"), self._import)
        self.import_adapter.setToolTip(tr("An adapter in PEFT’s format becomes a run of this project."))
        self.publish = button(tr("Publish…"), lambda: self._publish(), role="primary")
        self.state = label(role="muted", wrap=True)
        self.cards: dict[str, FormCard] = {}
        self._cards = column(spacing=12)
        self.history = HistoryCard(lambda: shell.toast(tr("Copied.")), self._publish)
        self._sheet: PublishSheet | None = None
        self._is_publish_wanted = False
        self._run_name = ""
        self._problems: dict[tuple[str, str], str] = {}  # why a form of a run could not be made, in this window
        self._surveyed: Mapping[str, Any] = {}
        self._lay_out()
        shell.document.status_changed.connect(self._on_status)
        shell.jobs.changed.connect(self._show_cards)
        shell.jobs.ended.connect(self._on_ended)
        self._show_runs()

    @property
    def run(self) -> Run | None:
        """Return the run that is shown, None while there is no trained one."""
        return next((run for run in self._trained() if run.folder.name == self._run_name), None)

    @override
    def showing(self) -> None:
        self.refresh()

    @override
    def closing(self) -> None:
        self.survey.close()

    @override
    def save_state(self) -> dict[str, Any]:
        return {"run": self._run_name}

    @override
    def restore_state(self, state: dict[str, Any]) -> None:
        self._run_name = str(state.get("run", ""))
        self._show_runs()

    @override
    def give(self, command: str) -> None:
        if command == "import_adapter":
            self._import()
        elif self.run:
            self._is_publish_wanted = True  # the survey may still be on its way
            self._show_survey()

    def refresh(self) -> None:
        """Show the runs that there are, and ask what the chosen one has."""
        self._show_runs()
        if self._run_name:
            self.survey.ask(run=self._run_name)

    def _lay_out(self) -> None:
        choice = column(label(tr("Run"), "section"), self.runs, spacing=4)
        models = button(tr("Manage Models…"), lambda: self.shell.do("models"), role="link")
        head = row(choice, None, models, self.import_adapter, self.publish, spacing=10)
        cards, aside = QWidget(), QWidget()
        cards.setLayout(column(self._cards, None, spacing=0))
        aside.setLayout(column(self.history, None, spacing=0))
        both = row(scrolling(cards), scrolling(aside), spacing=16)
        both.setStretch(0, 4)
        both.setStretch(1, 3)
        content = column(head, self.state, both, spacing=14)
        content.setStretch(2, 1)
        content.setContentsMargins(32, 28, 32, 16)
        inner = QWidget()
        inner.setLayout(content)
        text = tr(
            "After training, the adapter can be saved in the forms that other programs read, each checked against the "
            "running student, and published on Hugging Face. Train first, or import an adapter in PEFT’s format."
        )
        self.train = button(tr("Go to Train"), lambda: self.shell.go("train"), role="primary")
        self.import_first = button(tr("Import Adapter…"), self._import)
        empty = EmptyState("export", tr("There is nothing to share yet"), text, self.train, self.import_first)
        self._stack = empty_or(empty, inner)
        self.setLayout(column(self._stack, spacing=0))

    def _trained(self) -> list[Run]:
        return [run for run in reversed(all_runs(self.shell.document.project)) if run.adapter]

    def _show_runs(self) -> None:
        """Show the trained runs, the newest first; the chosen one stays chosen as long as it is there."""
        found = self._trained()
        names = [run.folder.name for run in found]
        self._stack.setCurrentIndex(1 if found else 0)
        if self._run_name not in names:
            self._run_name = names[0] if names else ""
        self.runs.clear()
        for run in found:
            self.runs.addItem(run_words(run), run.folder.name)
        self.runs.setCurrentIndex(names.index(self._run_name) if names else -1)
        self.runs.setEnabled(len(found) > 1)

    @Slot(int)
    def _on_run_chosen(self, place: int) -> None:
        self._run_name = str(self.runs.itemData(place))
        self._surveyed = {}
        self._show_survey()
        self.survey.ask(run=self._run_name)

    @Slot()
    def _on_status(self) -> None:
        if [run.folder.name for run in self._trained()] != [
            self.runs.itemData(place) for place in range(self.runs.count())
        ]:
            self.refresh()

    @Slot()
    def _show_survey(self) -> None:
        """Show what the run has, as far as it is known; what was known stays until the next answer is there."""
        if self.survey.result.get("run") == self._run_name:
            self._surveyed = self.survey.result
        offers = list(self._surveyed.get("forms") or ())
        if self.survey.problem:
            self.state.setText(self.survey.problem)
        elif not offers:
            self.state.setText(tr("Looking at what this run has…"))
        else:
            self.state.setText(tr("Each form is compared with the running student before it is offered."))
        forms = [str(offer["form"]) for offer in offers]
        if forms != list(self.cards):
            clear(self._cards)
            doings = Doings(self._save, self._make, self._show, self._stop)
            self.cards = {form: FormCard(form, doings) for form in forms}
            for card in self.cards.values():
                self._cards.addWidget(card)
        self.publish.setEnabled(bool(offers))
        self.history.show_records(self._surveyed.get("published") or ())
        self._show_cards()
        if offers and self._is_publish_wanted:
            self._is_publish_wanted = False
            self._publish()

    @Slot()
    def _show_cards(self) -> None:
        """Show each form's state: what the survey says, or how far the job is that makes it."""
        for offer in self._surveyed.get("forms") or ():
            form = str(offer["form"])
            job = self._job_of(form)
            if job is None:
                self.cards[form].show_form(offer, self._problems.get((self._run_name, form), ""))
                continue
            progress = job.progress
            waits = job.state is JobState.QUEUED
            text = tr("Waits for another job.") if waits else unit_text(job) or tr("Being made and checked…")
            self.cards[form].show_work(text, progress.done if progress else 0, progress.total if progress else 0)

    def _job_of(self, form: str) -> Job | None:
        """Return the job that makes a form of the run, None when there is none."""
        for job in self.shell.jobs.jobs:
            asked = job.request.arguments
            if (job.request.command, asked.get("run"), asked.get("form")) == ("export", self._run_name, form):
                return job
        return None

    def _save(self, form: str) -> None:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = f"{proper_name(self.shell.document.root.name)}-{form}"
        place = str(_free(Path(documents or Path.home()) / name))
        title = tr("Save {form}").format(form=form_title(form))
        found, _ = QFileDialog.getSaveFileName(self, title, place)
        if found:
            self._start(form, found)

    def _make(self, form: str) -> None:
        self._start(form, "")

    def _start(self, form: str, folder: str) -> None:
        run = self.run
        if run is None:
            return

        def start(base: str) -> None:
            self._problems.pop((run.folder.name, form), None)
            self.shell.jobs.start("export", form=form, to=folder, run=run.folder.name, base=base)

        with_base(self.window(), run, (form,), start)

    def _stop(self, form: str) -> None:
        job = self._job_of(form)
        if job:
            job.stop()

    def _show(self, form: str) -> None:
        offer = next(offer for offer in self._surveyed["forms"] if offer["form"] == form)
        run = self.run
        if run and offer.get("made"):
            _reveal(run.folder / str(offer["made"]["folder"]))

    def _import(self) -> None:
        title = tr("Choose the folder of an adapter in PEFT’s format")
        folder = QFileDialog.getExistingDirectory(self, title, str(Path.home()))
        if folder:
            self.shell.jobs.start("import_adapter", source=folder)
            self.shell.toast(tr("The adapter is read and checked…"))

    def _publish(self, record: Mapping[str, Any] | None = None) -> None:
        run = self.run
        if run:
            self._sheet = PublishSheet(self.shell, self.window(), run, self._surveyed, record or {})
            self._sheet.finished.connect(self._on_sheet_closed)
            self._sheet.open()

    @Slot()
    def _on_sheet_closed(self) -> None:
        self._sheet = None

    @Slot(object)
    def _on_ended(self, story: Story) -> None:
        if story.command == "export":
            self._conclude_export(story)
        elif story.command == "import_adapter":
            self._conclude_import(story)
        elif story.command == "publish" and self._sheet is None:
            self._conclude_publishing(story)
        if story.command in _CHANGES:
            if self.isVisible():
                self.refresh()
            else:
                self._show_cards()

    def _conclude_export(self, story: Story) -> None:
        form, folder = str(story.arguments["form"]), str(story.arguments["to"])
        if story.state is JobState.DONE:
            saved = tr("{form} was saved to {folder}.") if folder else tr("{form} was made and checked.")
            place = short_path(Path(folder)) if folder else ""
            show = (lambda: _reveal(Path(folder))) if folder else None
            text = saved.format(form=form_title(form), folder=place)
            self.shell.toast(text, tr("Show") if show else "", show)
        elif story.state is not JobState.STOPPED:
            self._problems[str(story.arguments["run"]), form] = story.message
            if not self.isVisible():
                self.shell.tell(tr("{form} could not be made").format(form=form_title(form)), story.message)

    def _conclude_publishing(self, story: Story) -> None:
        """Tell how publishing ended when its sheet was closed meanwhile."""
        repo, url = str(story.arguments["repo"]), web_address(str(story.result.get("url", "")))
        if story.state is JobState.DONE:
            show = (lambda: QDesktopServices.openUrl(QUrl(url))) if url else None
            self.shell.toast(tr("{repo} is published.").format(repo=repo), tr("Open Page") if show else "", show)
        elif story.state is not JobState.STOPPED:
            self.shell.tell(tr("{repo} could not be published").format(repo=repo), story.message)

    def _conclude_import(self, story: Story) -> None:
        if story.state is JobState.DONE:
            self._run_name = Path(str(story.result.get("run", ""))).name
            self.shell.toast(
                tr("The adapter is a run of this project now."), tr("Compare"), lambda: self.shell.go("compare")
            )
        elif story.state is not JobState.STOPPED:
            self.shell.tell(tr("The adapter could not be imported"), said(story.message))


def _reveal(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _free(folder: Path) -> Path:
    """Return the folder, or the first with a number behind its name that is not there yet."""
    names = (folder if number == 1 else folder.with_name(f"{folder.name} {number}") for number in count(1))
    return next(path for path in names if not path.exists())
