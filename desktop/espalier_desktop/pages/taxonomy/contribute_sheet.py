"""The sheet that gives leaves back: which, in what words, in whose name, and where they go."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QProgressBar, QWidget
from typing_extensions import override

from espalier_desktop.document import Document
from espalier_desktop.home import logs_folder, settings
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.pages.taxonomy.changed_leaves import ChangedLeaves
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.sheet import Sheet

_ELSEWHERE, _PATCH = "elsewhere", "patch"
_MOST_TOLD = 3  # problems or hints of a leaf


class ContributeSheet(Sheet):
    """Asks the engine what can be contributed, lets the person choose and write, and has it pushed or written.

    Signals:
        contributed: what `espalier.sharing.contribute.contribute` returned.
    """

    contributed = Signal(object)

    def __init__(self, parent: QWidget, document: Document) -> None:
        sentence = tr("Espalier makes a branch of them beside yours and signs it off. Your own files and branch stay.")
        super().__init__(parent, tr("Contribute leaves"), sentence)
        set_role(self.sentence, "muted")
        self.setMinimumWidth(620)
        self.setMaximumWidth(900)
        self._document = document
        self._plan: Mapping[str, Any] = {}
        self._job: Job | None = None
        self._is_own_title = self._is_own_text = False
        self._errand = Errand("contribute_plan", document, document)  # which outlives a sheet that is closed early
        self._make_fields()
        self._lay_out()
        self._errand.changed.connect(self._take)
        self.destroyed.connect(_ending(self._errand))
        self._errand.ask()
        self._refresh()
        parent_size = parent.size()
        self.resize(min(parent_size.width() - 80, 760), min(parent_size.height() - 60, 720))

    def _make_fields(self) -> None:
        self.leaves = ChangedLeaves(is_choice=True)
        self.leaves.setMinimumHeight(96)
        self.about = label(role="muted", wrap=True, selectable=True)
        self.title = QLineEdit()
        self.title.setAccessibleName(tr("Title"))
        self.text = PlainEdit(tr("Text of the pull request"))
        self.text.setMinimumHeight(110)
        self.place = QComboBox()
        self.place.setAccessibleName(tr("Where it goes"))
        self.address = QLineEdit()
        self.address.setAccessibleName(tr("Address of your fork"))
        self.address.setPlaceholderText("https://github.com/…/taxonomy.git")
        self.name, self.email = QLineEdit(), QLineEdit()
        self.name.setAccessibleName(tr("Name"))
        self.email.setAccessibleName(tr("E-mail"))
        self.signs = label(role="muted", wrap=True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the contribution"))
        self.note = label(role="warning", wrap=True, selectable=True)
        self.leaves.itemChanged.connect(self._on_ticks)
        self.leaves.currentRowChanged.connect(self._show_about)
        self.title.textEdited.connect(self._on_title)
        self.text.textChanged.connect(self._on_text)
        self.place.currentIndexChanged.connect(self._refresh)
        for field in (self.title, self.address, self.name, self.email):
            field.textChanged.connect(self._refresh)

    def _lay_out(self) -> None:
        self.person = QWidget()
        fields = ((tr("Name"), self.name), (tr("E-mail"), self.email))
        line = row(*(column(label(text, "section"), field, spacing=4) for text, field in fields), spacing=12)
        line.setContentsMargins(0, 0, 0, 0)
        self.person.setLayout(line)
        self.person.hide()
        self.body.addWidget(self.leaves, 2)
        self.body.addWidget(self.about)
        self.body.addLayout(column(label(tr("Title"), "section"), self.title, spacing=4))
        written = column(label(tr("Text of the pull request"), "section"), spacing=4)
        written.addWidget(self.text, 1)
        self.body.addLayout(written, 3)
        self.body.addLayout(column(label(tr("Where it goes"), "section"), row(self.place, self.address), spacing=4))
        for widget in (self.person, self.signs, self.progress, self.note):
            self.body.addWidget(widget)
        self.progress.hide()
        self.add_cancel()
        self.confirm = button(tr("Contribute"), self._start, role="primary")
        self.confirm.setDefault(True)
        self._buttons.addWidget(self.confirm)

    @override
    def reject(self) -> None:
        """Stop the push, if one is running; else close the sheet."""
        if self._job is None:
            super().reject()
        else:
            self._job.stop()

    @Slot()
    def _take(self) -> None:
        """Show what the engine found; what the person wrote stays."""
        if self._errand.result:
            is_first = not self._plan
            self._plan = self._errand.result
            if is_first:
                self._fill()
            if not self._is_own_title:
                self.title.setText(self._plan["title"])
            if not self._is_own_text:
                self.text.show_words(self._plan["text"])
        self._refresh()

    def _fill(self) -> None:
        found = self._plan
        if found["base"]:
            self.line.setText(tr("Contribute to {branch}").format(branch=found["base"]))
        states = {each["leaf"]: each["state"] for each in found["leaves"]}
        self.leaves.fill(states, {each["leaf"]: len(each["problems"]) for each in found["leaves"] if each["problems"]})
        for remote in found["remotes"]:
            self.place.addItem(f"{remote['name']} · {remote['address']}", remote["name"])
        self.place.addItem(tr("Another repository, such as your fork"), _ELSEWHERE)
        self.place.addItem(tr("A patch file, to send by yourself"), _PATCH)
        if not found["remotes"]:
            self.place.setCurrentIndex(self.place.count() - 1)
        self.name.setText(found["name"] or str(settings().value("person/name", "")))
        self.email.setText(found["email"] or str(settings().value("person/email", "")))
        self.person.setVisible(not (found["name"] and found["email"]))
        self._show_about()
        self.title.setFocus()

    def _on_ticks(self) -> None:
        if not (self._is_own_title and self._is_own_text) and self.leaves.ticked:
            self._errand.ask(leaves=self.leaves.ticked)
        self._refresh()

    def _on_title(self) -> None:
        self._is_own_title = True

    def _on_text(self) -> None:
        self._is_own_text = True

    @Slot()
    def _show_about(self) -> None:
        """Say what stands against the chosen leaf, or what is to be known of it."""
        leaf: Mapping[str, Any] = next((each for each in self._leaves() if each["leaf"] == self.leaves.path), {})
        problems, hints = leaf.get("problems", ()), leaf.get("hints", ())
        told = [said(each["message"]) for each in (problems or hints)[:_MOST_TOLD]]
        set_role(self.about, "warning" if problems else "muted")
        self.about.setText("\n".join(told))
        self.about.setVisible(bool(told))

    def _leaves(self) -> list[Mapping[str, Any]]:
        return list(self._plan.get("leaves", ()))

    @Slot()
    def _refresh(self) -> None:
        is_busy = self._job is not None
        place = self.place.currentData()
        self.address.setVisible(place == _ELSEWHERE)
        for widget in (self.leaves, self.title, self.text, self.place, self.address, self.name, self.email):
            widget.setEnabled(bool(self._plan) and not is_busy)
        person = f"{self.name.text().strip()} <{self.email.text().strip()}>"
        signs = tr("Signed off as {person}: you say that you may share this text and that others may use it.")
        short = tr("The commit is signed off: you say that you may share this text and that others may use it.")
        self.signs.setText(short if self.person.isVisible() else signs.format(person=person))
        self.signs.setVisible(bool(self._plan))
        reason = self._refusal()
        self.note.setText(reason)
        set_role(self.note, "error" if self._errand.problem else "warning")
        self.note.setVisible(bool(reason))
        self.confirm.setEnabled(bool(self._plan) and not reason and not is_busy)
        self.confirm.setText(tr("Save Patch…") if place == _PATCH else tr("Contribute"))

    def _refusal(self) -> str:
        """Return why these leaves cannot be contributed so, "" when they can or while that is not known."""
        if self._errand.problem and not self._plan:
            return self._errand.problem
        if not self._plan or self._job:
            return ""
        ticked = self.leaves.ticked
        broken = next((each["leaf"] for each in self._leaves() if each["leaf"] in ticked and each["problems"]), "")
        if broken:
            text = tr("{leaf} has errors. Mend it first, or take away its tick.")
            return text.format(leaf=leaf_name(broken))
        if not ticked:
            return tr("Tick at least one leaf.")
        if not self.title.text().strip():
            return tr("Give it a title.")
        if not (self.name.text().strip() and "@" in self.email.text()):
            return tr("Give your name and e-mail address. Everyone who has the taxonomy can see them.")
        if self.place.currentData() == _ELSEWHERE and not self.address.text().strip():
            return tr("Give the address of the repository.")
        return ""

    def _start(self) -> None:
        place = self.place.currentData()
        arguments: dict[str, Any] = {
            "leaves": self.leaves.ticked,
            "title": self.title.text().strip(),
            "text": self.text.words,
            "name": self.name.text().strip(),
            "email": self.email.text().strip(),
            "push": self.address.text().strip() if place == _ELSEWHERE else "" if place == _PATCH else place,
        }
        if place == _PATCH:
            start = str(Path.home() / f"{self._plan['branch'].rpartition('/')[2]}.patch")
            arguments["patch"], _ = QFileDialog.getSaveFileName(self, tr("Save Patch"), start, "*.patch")
            if not arguments["patch"]:
                return
        if self.person.isVisible():
            settings().setValue("person/name", arguments["name"])
            settings().setValue("person/email", arguments["email"])
        job = Job("contribute", arguments, self._document.root, logs_folder() / "contribute.log", self._document)
        self._job = job
        self.progress.setRange(0, 0)  # until Git says how much there is
        self.progress.show()
        job.changed.connect(self._show_progress)
        job.finished.connect(self._conclude)
        job.finished.connect(job.deleteLater)
        job.finished.connect(self._document.history.stale)
        job.start()
        self._refresh()

    @Slot()
    def _show_progress(self) -> None:
        if self._job and self._job.progress and self._job.progress.detail == "Writing objects":
            self.progress.setRange(0, 100)
            self.progress.setValue(self._job.progress.done)

    @Slot()
    def _conclude(self) -> None:
        job, self._job = self._job, None
        assert job
        self.progress.hide()
        self._refresh()
        if job.state is JobState.DONE:
            self.contributed.emit(job.result)
            self.accept()
        elif job.state is not JobState.STOPPED:
            self.note.setText(job.message)
            set_role(self.note, "error")
            self.note.show()


def _ending(errand: Errand) -> Callable[[], None]:
    """Return what ends an errand that nobody waits for any more."""

    def end() -> None:
        errand.close()

    return end
