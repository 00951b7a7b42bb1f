"""What is published, where, and what was looked at before: the choices on the left, their consequences on the right."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QStackedWidget, QTableWidget, QTableWidgetItem, QWidget

from espalier.training.run import Run
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.pages.export.account_box import AccountBox
from espalier_desktop.pages.export.card_pane import CardPane
from espalier_desktop.pages.export.destination import Destination
from espalier_desktop.pages.export.gate_view import GateView, stops
from espalier_desktop.pages.export.wording import form_title
from espalier_desktop.widgets.basics import column, label, row, scrolling
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.segments import Segments
from espalier_desktop.widgets.tables import set_up_rows

PUBLISHED_FORMS = ("peft", "mlx", "gguf", "fused", "fused-4bit", "ollama")  # those that are models
_USUAL = ("peft", "mlx")
_TYPING = 500  # milliseconds after the last key until the plan is asked for again
_LEFT = 324  # px


class SetupPane(QWidget):
    """Keeps the plan in step with the choices: every change asks the engine again, the newest question counts.

    Signals:
        changed: what ``problem`` or ``request`` say is another.

    Args:
        account: errand that asks who is signed in.
        plan: errand that asks what would be published.
        run: that is published.
        offers: the survey's entry of each form.
        record: of an earlier publication that is to be updated, {} for a new one.
    """

    changed = Signal()

    def __init__(
        self,
        account: Errand,
        plan: Errand,
        run: Run,
        offers: Sequence[Mapping[str, Any]],
        record: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self._plan, self._run = plan, run
        self._asked: dict[str, Any] = {}
        owner, _, name = str(record.get("repo", "")).rpartition("/")
        self._owner = owner
        self.account = AccountBox(account)
        self.destination = Destination()
        self.destination.show_name(name)
        self.destination.choose_private(bool(record.get("private", True)))
        self.forms = {str(offer["form"]): _box(offer) for offer in offers if offer["form"] in PUBLISHED_FORMS}
        usual = record.get("forms") or _USUAL
        for form, box in self.forms.items():
            box.setChecked(box.isEnabled() and form in usual)
        self.dataset = QCheckBox(tr("Training data, as a dataset"))
        self.dataset.setVisible(any(offer["form"] == "dataset" and not offer.get("reason") for offer in offers))
        self.dataset_repo = label(role="caption", wrap=True)
        self.gate, self.card, self.files = GateView(), CardPane(run), _file_table()
        self.total = label(role="caption")
        self.tabs = Segments(
            {"gate": tr("Before Publishing"), "card": tr("Model Card"), "files": tr("Files")}, tr("What is shown")
        )
        self.tabs.choose("gate")
        self._soon = QTimer(self, interval=_TYPING, singleShot=True)
        self._soon.timeout.connect(self.ask)
        self._lay_out()
        plan.changed.connect(self._show_plan)
        self.account.changed.connect(self._on_account)
        self.destination.changed.connect(self._on_changed)
        self.card.edited.connect(self.changed)
        for box in (*self.forms.values(), self.dataset):
            box.toggled.connect(self._on_changed)
        self._on_account()

    def _lay_out(self) -> None:
        left = QWidget()
        forms = column(label(tr("What is published"), "section"), *self.forms.values(), self.dataset, spacing=6)
        forms.addWidget(self.dataset_repo)
        inside = column(self.account, self.destination, forms, None, spacing=16)
        inside.setContentsMargins(0, 0, 10, 0)
        left.setLayout(inside)
        area = scrolling(left)
        area.setFixedWidth(_LEFT)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        files = QWidget()
        files.setLayout(column(self.total, self.files, spacing=6))
        self._stack = QStackedWidget()
        for part in (self.gate, self.card, files):
            self._stack.addWidget(part)
        self.tabs.chosen.connect(self.show_tab)
        self.state = label(role="caption")
        right = column(row(self.tabs, None, self.state), self._stack, spacing=12)
        right.setStretch(1, 1)
        both = row(area, right, spacing=20)
        both.setStretch(1, 1)
        self.setLayout(both)

    @property
    def request(self) -> dict[str, Any]:
        """Return the arguments with which the worker is to publish."""
        return {**self._choices(), "card": self.card.own}

    @property
    def remote(self) -> Mapping[str, Any]:
        """Return what the Hub has at that address: ``head``, ``private``, and ``sentence`` why it is in the way."""
        is_known = self._asked == self._choices() and not self._plan.is_asking
        return (self._plan.result.get("remote") or {}) if is_known else {}

    @property
    def problem(self) -> str:
        """Return why nothing can be published yet, "" when it can."""
        asked = self._choices()
        if not self.account.account:
            return tr("Sign in first.")
        if not self.account.owners:
            return tr("This token may only read. Sign in with another one.")
        if self.destination.problem:
            return self.destination.problem
        if not (asked["forms"] or asked["dataset_repo"]):
            return tr("Tick at least one form.")
        if self._plan.problem and not self._plan.is_asking:
            return self._plan.problem
        if self._asked != asked or self._plan.is_asking:
            return tr("Looking at what would be published…")
        if self.remote and asked["private"] and not self.remote["private"]:
            return tr("{repo} is public there. Choose Public, or another name.").format(repo=asked["repo"])
        return said(str(self._plan.result.get("problem") or "")) or next(
            iter(stops(self._plan.result.get("gate") or ())), ""
        )

    @Slot(str)
    def show_tab(self, tab: str) -> None:
        """Show the gate, the card or the files."""
        self.tabs.choose(tab)
        self._stack.setCurrentIndex(list(self.tabs.buttons).index(tab))

    @Slot()
    def ask(self) -> None:
        """Ask the engine what would be published with these choices, unless that is known."""
        self._soon.stop()
        choices = self._choices()
        is_something = choices["forms"] or choices["dataset_repo"]
        if is_something and (self._asked != choices or self._plan.problem):
            self._asked = choices
            self._plan.ask(**choices)

    def _choices(self) -> dict[str, Any]:
        forms = [form for form, box in self.forms.items() if box.isChecked()]
        repo, is_private = self.destination.repo, self.destination.is_private
        dataset_repo = f"{repo}-data" if repo and self.dataset.isChecked() else None
        return {
            **{"run": self._run.folder.name, "forms": forms, "repo": repo, "private": is_private},
            "dataset_repo": dataset_repo,
        }

    @Slot()
    def _on_account(self) -> None:
        self.destination.show_owners(self.account.owners, self._owner)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        repo = self.destination.repo
        self.dataset_repo.setText(tr("It goes to {repo}.").format(repo=f"{repo}-data"))
        self.dataset_repo.setVisible(self.dataset.isChecked() and bool(repo))
        if self._asked != self._choices():
            self._soon.start()
        self.changed.emit()

    @Slot()
    def _show_plan(self) -> None:
        plan, asking = self._plan.result, self._plan.is_asking
        self.state.setText(tr("Looking…") if asking else self._plan.problem and tr("Not known"))
        if plan and not asking:
            self._take_name(str(plan.get("repo") or ""))
            self._show_remote()
            self.gate.show_lines(plan.get("gate") or ())
            self.card.show_card(str(plan.get("written") or ""))
            self._show_files(plan.get("files") or (), int(plan.get("bytes") or 0))
        self.changed.emit()

    def _take_name(self, suggested: str) -> None:
        """Put the suggested name into an empty field; with an owner there, that is another question."""
        if not self.destination.name.text() and not self.destination.name.isModified():
            self.destination.show_name(suggested.rpartition("/")[2])
            self._on_changed()

    def _show_remote(self) -> None:
        if not self.destination.repo or self._asked != self._choices() or self._plan.result.get("problem"):
            self.destination.show_remote("", "caption")
        elif self.remote.get("sentence"):
            self.destination.show_remote(said(str(self.remote["sentence"])), "caption warning")
        elif self.remote:
            self.destination.show_remote(tr("It is there already; this makes a new commit."), "caption")
        else:
            self.destination.show_remote(tr("The name is free."), "caption good")

    def _show_files(self, files: Sequence[Mapping[str, Any]], total: int) -> None:
        self.total.setText(tr("%n file(s), and no other", len(files)) + f" · {size(total)}")
        self.files.setRowCount(len(files))
        for place, file in enumerate(files):
            is_made = bool(file.get("is_made", True))
            held = size(int(file["bytes"]))
            count = QTableWidgetItem(held if is_made else tr("about {size}").format(size=held))
            count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.files.setItem(place, 0, QTableWidgetItem(_path_words(str(file["path"]), is_made)))
            self.files.setItem(place, 1, count)


def _path_words(path: str, is_made: bool) -> str:
    return path if is_made else tr("{path} – made before it is sent").format(path=path)


def _box(offer: Mapping[str, Any]) -> QCheckBox:
    made, reason = offer.get("made") or {}, said(str(offer.get("reason") or ""))
    count = int(made.get("bytes") or offer.get("bytes") or 0)
    box = QCheckBox(f"{form_title(str(offer['form']))} · {size(count)}" if count else form_title(str(offer["form"])))
    box.setEnabled(not reason)
    box.setToolTip(reason)
    box.setAccessibleDescription(reason)
    return box


def _file_table() -> QTableWidget:
    table = QTableWidget(0, 2)
    set_up_rows(table, tr("Files"), 26)
    table.setHorizontalHeaderLabels([tr("In the repository"), tr("Size")])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.horizontalHeader().setSectionResizeMode(0, table.horizontalHeader().ResizeMode.Stretch)
    table.horizontalHeader().setSectionResizeMode(1, table.horizontalHeader().ResizeMode.ResizeToContents)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table
