"""The window of the models: those on this machine, suggested ones, and the Hub's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QLineEdit, QStackedWidget, QWidget
from typing_extensions import override

from espalier.models.places import models_folder
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.models.details import Details
from espalier_desktop.models.fetch_bar import FetchBar
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.models.model_list import ModelList
from espalier_desktop.models.questions import NoProject
from espalier_desktop.models.rows import GET, Row, rows_here, rows_of_hub, rows_suggested
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.segments import Segments
from espalier_desktop.widgets.sheet import Sheet, tell

_TYPING = 400  # milliseconds without a key before the Hub is asked
_SETTLED = 500  # milliseconds on one model before the Hub is asked about it
_HUB_PAGE = "https://huggingface.co/"


class ModelsWindow(QWidget):
    """Lists models on the left, tells of the chosen one on the right, and what is on its way below.

    Args:
        fetcher: brings models.
        users: returns for a model's name the projects that use it, each with the role.
    """

    def __init__(self, fetcher: Fetcher, users: Callable[[str], Mapping[str, str]]) -> None:
        super().__init__()
        self._fetcher, self._users = fetcher, users
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Models"))
        self.setMinimumSize(860, 560)
        self.resize(1000, 660)
        places = {"here": tr("On This Machine"), "suggested": tr("Suggested"), "hub": tr("Hugging Face")}
        self.place = Segments(places, tr("Which models"))
        self.place.chosen.connect(self.go)
        self.words = QLineEdit()
        self.words.setPlaceholderText(tr("Search models made for MLX"))
        self.words.setAccessibleName(tr("Search on Hugging Face"))
        self.words.setClearButtonEnabled(True)
        self.words.setMinimumWidth(260)
        self.list = ModelList(tr("Models"))
        self.details = Details()
        self.note = label(role="muted", wrap=True)
        self.bar = FetchBar(fetcher)
        self.storage = label(role="caption")
        self.clean = button(tr("Clean Up"), self._clean)
        self.bring = button(tr("Import a GGUF File…"), self._choose_gguf)
        self._survey = Errand("models_survey", NoProject(), self)
        self._search = Errand("model_search", NoProject(), self)
        self._check = Errand("model_check", NoProject(), self)
        self._remove = Errand("model_remove", NoProject(), self)
        self._clean_up = Errand("models_clean", NoProject(), self)
        self._typed = QTimer(self, interval=_TYPING, singleShot=True)
        self._settled = QTimer(self, interval=_SETTLED, singleShot=True)
        self._shown = "here"
        self._lay_out()
        self._connect()
        self.go("here")
        self.refresh()

    def go(self, place: str) -> None:
        """Show one of the three lists: here, suggested or hub."""
        self._shown = place
        self.place.choose(place)
        self.words.setVisible(place == "hub")
        if place == "hub":
            self.words.setFocus()
            if not self._search.result and not self._search.is_asking:
                self._ask_hub()
        self._show_rows()

    def refresh(self) -> None:
        """Look at the disk again."""
        self._survey.ask()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        for errand in (self._survey, self._search, self._check, self._remove, self._clean_up):
            errand.close()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        again = button("", self.refresh, picture="refresh")
        again.setAccessibleName(tr("Look again"))
        again.setToolTip(tr("Look again"))
        self.empty = EmptyState(
            "chip", tr("No model yet"), tr("Suggested models show what fits this machine. The first is 93 MB.")
        )
        both = QWidget()
        sides = row(self.list, self.details, spacing=16)
        sides.setStretch(0, 4)
        sides.setStretch(1, 5)
        both.setLayout(sides)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(both)
        foot = row(self.storage, self.clean, None, self.bring)
        items = column(row(self.place, None, self.words, again), self.note, self._stack, self.bar, foot, spacing=12)
        items.setStretch(2, 1)
        items.setContentsMargins(20, 20, 20, 16)
        self.setLayout(items)

    def _connect(self) -> None:
        self.list.chosen.connect(self._show_details)
        self._survey.changed.connect(self._show_rows)
        self._search.changed.connect(self._show_rows)
        self._check.changed.connect(self._on_checked)
        self._settled.timeout.connect(self._weigh)
        self._remove.changed.connect(self._on_removed)
        self._clean_up.changed.connect(self._on_removed)
        self._typed.timeout.connect(self._ask_hub)
        self.words.textEdited.connect(lambda: self._typed.start())
        self.words.returnPressed.connect(self._ask_hub)
        self._fetcher.changed.connect(self._show_details)
        self._fetcher.fetched.connect(self._on_fetched)
        self.details.get_wanted.connect(self._get)
        self.details.import_wanted.connect(self._import_found)
        self.details.remove_wanted.connect(self._ask_to_remove)
        self.details.folder_wanted.connect(self._show_folder)
        self.details.page_wanted.connect(self._open_page)
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        QShortcut(QKeySequence.StandardKey.Find, self, lambda: self.go("hub"))

    def _rows(self) -> list[Row]:
        if self._shown == "hub":
            return rows_of_hub(self._search.result.get("models", ()))
        told = self._survey.result
        return rows_here(told) if self._shown == "here" else rows_suggested(told)

    @Slot()
    def _show_rows(self) -> None:
        rows, asked = self._rows(), self._search if self._shown == "hub" else self._survey
        self._stack.setVisible(bool(rows) or (self._shown == "here" and not asked.is_asking))
        self._stack.setCurrentIndex(1 if rows else 0)
        self.list.show_rows(rows, "student")
        self.note.setText(self._note(asked, bool(rows)))
        self.note.setVisible(bool(self.note.text()))
        told = self._survey.result
        if told:
            taken = tr("%n model(s)", len(told["models"])), size(told["bytes"]), size(told["free"])
            self.storage.setText(
                tr("{models}, {size} · {free} free").format(models=taken[0], size=taken[1], free=taken[2])
            )
            left_over = int(told["left_over"])
            self.clean.setVisible(bool(left_over))
            self.clean.setText(tr("Clean Up {size}").format(size=size(left_over)))
            self.clean.setToolTip(tr("Beginnings of downloads that nobody went on with for a day"))
        else:
            self.clean.hide()

    def _note(self, asked: Errand, has_rows: bool) -> str:
        if asked.problem:
            return asked.problem
        if asked.is_asking and not has_rows:
            return tr("Asking Hugging Face…") if self._shown == "hub" else tr("Looking…")
        if self._shown == "hub" and not has_rows:
            return tr("No model made for MLX has these words in its name. Try fewer.")
        if self._shown == "suggested" and not has_rows and asked.result:
            return tr("Every suggested model is on this machine.")
        return ""

    @Slot()
    def _show_details(self) -> None:
        shown = self.list.row
        if shown is None:
            return
        told = self._check.result
        is_checked = told.get("id") == shown.name
        if is_checked:
            shown = replace(shown, fit=told["fit"], bytes=told["missing"] or told["bytes"])
        used = self._users(shown.name)
        text = tr("Used in {projects}.").format(projects=", ".join(f"{name} ({role})" for name, role in used.items()))
        self.details.show_row(shown, text if used else "", self._fetcher.is_busy)
        self.details.say(said(told["access"]) if is_checked and shown.state == GET else "", "error")
        if self._shown == "hub" and shown.state == GET and not is_checked:
            self._settled.start()

    @Slot()
    def _on_checked(self) -> None:
        if self._check.result:
            self._show_details()

    def _weigh(self) -> None:
        """Ask the Hub for the exact size and the configuration of the chosen model, and whether it may be fetched."""
        shown = self.list.row
        if shown and self._shown == "hub" and shown.state == GET:
            self._check.ask(id=shown.name)

    def _get(self) -> None:
        if shown := self.list.row:
            self._fetcher.get(shown.name)

    def _import_found(self) -> None:
        if shown := self.list.row:
            self._fetcher.import_gguf(Path(shown.place), _free_name(shown.title))

    def _choose_gguf(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, tr("Import a GGUF file"), str(Path.home()), tr("GGUF (*.gguf)"))
        if file:
            self._fetcher.import_gguf(Path(file), _free_name(Path(file).stem))

    def _ask_hub(self) -> None:
        self._typed.stop()
        self._search.ask(query=self.words.text())

    def _ask_to_remove(self) -> None:
        shown = self.list.row
        if shown is None:
            return
        used = self._users(shown.name)
        text = tr("{size} become free. It can be fetched again.").format(size=size(shown.bytes))
        if used:
            text += " " + tr("{projects} would have to choose another.").format(projects=", ".join(used))
        sheet = Sheet(self, tr("Remove {model}?").format(model=shown.title), text).add_cancel()
        sheet.add(tr("Remove"), lambda: self._remove.ask(name=shown.name), is_primary=True).open()

    @Slot()
    def _on_removed(self) -> None:
        for errand in (self._remove, self._clean_up):
            if errand.problem and not errand.is_asking and self.sender() is errand:
                tell(self, tr("That did not work"), errand.problem)
        self.refresh()

    @Slot(str)
    def _on_fetched(self, name: str) -> None:
        self.refresh()
        if self._shown == "hub":
            self._ask_hub()

    def _clean(self) -> None:
        self._clean_up.ask()

    def _show_folder(self) -> None:
        if shown := self.list.row:
            place = Path(shown.place)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(place if place.is_dir() else place.parent)))

    def _open_page(self) -> None:
        if shown := self.list.row:
            QDesktopServices.openUrl(QUrl(_HUB_PAGE + shown.name))


def _free_name(wanted: str) -> str:
    """Return a name among our own models that is not taken."""
    plain = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in wanted).strip("-.").lower() or "model"
    places = [plain, *(f"{plain}-{number}" for number in range(2, 100))]
    return next((name for name in places if not (models_folder() / name).exists()), plain)
