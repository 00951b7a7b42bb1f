"""The sheet in which a model is chosen for a role, and fetched first where it is not here yet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from espalier.models.folder import list_models
from espalier.models.starter import STARTER
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.models.fetch_bar import FetchBar
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.models.model_list import ModelList, RowRole
from espalier_desktop.models.questions import NoProject
from espalier_desktop.models.rows import GET, HERE, Row, rows_here, rows_suggested
from espalier_desktop.pages.overview.models_card import model_name, model_state
from espalier_desktop.widgets.basics import button, label, row
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.sheet import Sheet

_WIDTH = 740  # px, for five buttons in French


@dataclass(frozen=True)
class Choice:
    """What is chosen: ``role`` is student, teacher or critic, ``current`` its model now, ``take`` changes it."""

    role: str
    line: str
    current: str
    take: Callable[[str], object]


class ModelSheet(Sheet):
    """The models on this machine and suggested ones, a folder of one's own, an endpoint; for a critic the teacher."""

    def __init__(
        self,
        parent: QWidget,
        choice: Choice,
        fetcher: Fetcher,
        show_more: Callable[[], object],
        choose_endpoint: Callable[[], object] | None = None,
        choose_teacher: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(parent, choice.line, tr("Models on this machine, and those that are suggested for it."))
        self._choice, self._fetcher = choice, fetcher
        self.setFixedWidth(_WIDTH)
        self.models = ModelList(tr("Models"))
        self.models.setMinimumHeight(240)
        self.models.doubleClicked.connect(self._on_double_click)
        self.why = label(role="muted", wrap=True)
        self.why.setMinimumHeight(self.why.fontMetrics().lineSpacing() * 3)  # else the sheet jumps from row to row
        more = button(tr("More Models…"), show_more, role="link")
        more.setAutoDefault(False)
        self.bar = FetchBar(fetcher)
        below = row(self.why, more, spacing=12)
        below.setStretch(0, 1)
        self.body.addSpacing(8)
        self.body.addWidget(self.models)
        self.body.addLayout(below)
        self.body.addWidget(self.bar)
        self.add_cancel()
        self.add(tr("Choose a Folder…"), self._choose_folder)
        if choose_teacher:
            self.add(tr("The Teacher"), choose_teacher)
        if choose_endpoint:
            self.add(tr("Endpoint…"), choose_endpoint)
        self.use = button(tr("Use This Model"), self._use, role="primary")
        self.use.setDefault(True)
        self._buttons.addWidget(self.use)
        self._survey = Errand("models_survey", NoProject(), self)
        self._survey.changed.connect(self._show_rows)
        self.finished.connect(lambda: self._survey.close())
        self.models.chosen.connect(self._show_row)
        fetcher.changed.connect(self._show_row)
        fetcher.fetched.connect(self._on_fetched)
        self.models.show_rows(self._at_once(), choice.role, choice.current, says_where=True)
        self._survey.ask()
        self.models.setFocus()

    def _at_once(self) -> list[Row]:
        """Return what is known before the disk was looked through."""
        names = dict.fromkeys([STARTER, *(model.name for model in list_models()), self._choice.current])
        return [self._row_of(name) for name in names]

    def _row_of(self, name: str) -> Row:
        return Row(name, model_name(name), model_state(name)[0], HERE)

    @Slot()
    def _show_rows(self) -> None:
        told = self._survey.result
        if not told:
            return
        rows = [row for row in rows_here(told) if row.state == HERE]
        suggested = [row for row in rows_suggested(told, self._choice.role) if row.name != STARTER]
        names = {row.name for row in rows}
        own = [self._row_of(name) for name in dict.fromkeys([STARTER, self._choice.current]) if name not in names]
        suggested = [row for row in suggested if row.name not in {each.name for each in own}]
        self.models.show_rows([*own, *rows, *suggested], self._choice.role, says_where=True)

    @Slot()
    def _show_row(self) -> None:
        shown = self.models.row
        if shown is None:
            return
        told = shown.fit.get(self._choice.role)
        self.why.setText(" ".join(part for part in (shown.sentence, said(told["sentence"]) if told else "") if part))
        is_to_get = shown.state == GET
        self.use.setText(tr("Get, {size}").format(size=size(shown.bytes)) if is_to_get else tr("Use This Model"))
        self.use.setEnabled(not (is_to_get and self._fetcher.is_busy))

    @Slot(QModelIndex)
    def _on_double_click(self, index: QModelIndex) -> None:
        if index.data(RowRole).state == HERE:
            self._use()

    def _use(self) -> None:
        shown = self.models.row
        if shown is None:
            return
        if shown.state == GET:
            self._fetcher.get(shown.name)
            return
        self.accept()
        self._choice.take(shown.name)

    @Slot(str)
    def _on_fetched(self, name: str) -> None:
        self.models.show_rows(self.models.rows, self._choice.role, name, says_where=True)
        self._survey.ask()

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.parentWidget(), tr("Folder of a model"), str(Path.home()))
        if folder:
            self._choice.take(folder)
