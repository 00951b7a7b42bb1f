"""The runs so far: their curves over each other, in what they differ, notes, and deleting one."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from espalier.errors import EspalierError
from espalier.training.curves import CurvesReader
from espalier.training.history import delete_run, differences, read_note, write_note
from espalier.training.run import Run
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.train.feed import SLICE
from espalier_desktop.pages.train.wording import methods, run_title, value_text, value_titles
from espalier_desktop.widgets.basics import button, card, column, label, row
from espalier_desktop.widgets.chart import Chart, Series
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.plain_edit import PlainEdit
from espalier_desktop.widgets.sheet import Sheet

MOST = 4  # runs over each other: more cannot be told apart
_LOOKS = (("ink", "solid"), ("warning", "dash"), ("error", "dot"), ("muted", "solid"))
_SPARE = 14  # px that Qt leaves out of account beside a tick
_NOTE_WAIT = 600  # milliseconds after the last key until a note is written


class RunsPane(QWidget):
    """The list with ticks on the left; the curves and the table of differences on the right.

    Signals:
        shown: folder name of a run to be looked at on the first pane.
        delete_wanted: folder name of a run.
    """

    shown = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.table = QTableWidget(0, 4)
        self.table.setAccessibleName(tr("Runs"))
        self.table.setHorizontalHeaderLabels([tr("Run"), tr("Method"), tr("Held out"), tr("State")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.itemChanged.connect(self._on_ticked)
        self.table.currentCellChanged.connect(lambda *_: self._choose())
        self.table.setMinimumWidth(380)
        self.note = PlainEdit(tr("Note to the run"))
        self.note.setPlaceholderText(tr("A note to this run: what you tried, what you saw"))
        self.note.setFixedHeight(74)
        self.note.textChanged.connect(self._on_typed)
        self.look = button(tr("Show"), lambda: self.shown.emit(self.current))
        self.delete = button(tr("Delete…"), lambda: self.delete_wanted.emit(self.current))
        self.chart = Chart(tr("Losses of the runs"), lambda value: number(value, 2))
        self.values = QTableWidget(0, 1)
        self.values.setAccessibleName(tr("What the runs differ in"))
        self.values.verticalHeader().hide()
        self.values.setShowGrid(False)
        self.values.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.values.setTabKeyNavigation(False)
        self.values.setFixedHeight(150)
        for table in (self.table, self.values):
            table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.same = label(role="caption", wrap=True)
        self._runs: list[Run] = []
        self._ticked: list[str] = []
        self._readers: dict[str, CurvesReader] = {}
        self._reading = QTimer(self, interval=0)
        self._reading.timeout.connect(self._read)
        self._write = QTimer(self, interval=_NOTE_WAIT, singleShot=True)
        self._write.timeout.connect(self.save_note)
        self._noted = ""
        left = column(self.table, self.note, row(self.look, None, self.delete), spacing=10)
        left.setStretch(0, 1)
        right = card(
            label(tr("Loss, smoothed; dots on held-out rows"), "muted"),
            self.chart,
            label(tr("What the runs differ in"), "headline"),
            self.same,
            self.values,
            spacing=8,
            margin=14,
        )
        layout = row(left, right, spacing=14)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @property
    def current(self) -> str:
        """Return the folder name of the chosen run, "" for none."""
        place = self.table.currentRow()
        return self._runs[place].folder.name if 0 <= place < len(self._runs) else ""

    @property
    def ticked(self) -> list[str]:
        """Return the folder names of the runs whose curves are shown."""
        return list(self._ticked)

    def show_runs(self, runs: Sequence[Run], *, can_delete: bool) -> None:
        """Show the runs, the newest first; the newest two are ticked as long as nobody chose."""
        newest_first = list(reversed(runs))
        self.delete.setEnabled(can_delete and bool(runs))
        self.delete.setToolTip("" if can_delete else tr("Another job runs."))
        if [(run.folder, run.adapter) for run in newest_first] == [(run.folder, run.adapter) for run in self._runs]:
            return
        kept = self.current
        self.save_note()
        self._runs = newest_first
        names = [run.folder.name for run in newest_first]
        self._ticked = [name for name in self._ticked if name in names] or names[:2]
        self._readers = {name: reader for name, reader in self._readers.items() if name in names}
        self.table.blockSignals(True)
        self.table.setRowCount(len(newest_first))
        for place, run in enumerate(newest_first):
            self._fill(place, run)
        self.table.resizeColumnsToContents()
        self.table.setColumnWidth(0, self.table.columnWidth(0) + _SPARE)
        self.table.blockSignals(False)
        if names:
            self.table.setCurrentCell(names.index(kept) if kept in names else 0, 0)
        self._choose()
        self._compare()

    def save_note(self) -> None:
        """Write the note that is being typed."""
        self._write.stop()
        run = next((run for run in self._runs if run.folder.name == self._noted), None)
        if run and run.folder.is_dir() and self.note.toPlainText().rstrip() != read_note(run):
            write_note(run, self.note.toPlainText())

    def _fill(self, place: int, run: Run) -> None:
        name = QTableWidgetItem(run_title(run))
        name.setFlags(name.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        is_on = run.folder.name in self._ticked
        name.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
        name.setToolTip(read_note(run))
        method = str(run.request.get("settings", {}).get("method", ""))
        state = tr("done") if run.adapter else tr("stopped")
        for column_, item in enumerate(
            (name, QTableWidgetItem(methods().get(method, method)), QTableWidgetItem("–"), QTableWidgetItem(state))
        ):
            self.table.setItem(place, column_, item)

    def _on_ticked(self, item: QTableWidgetItem) -> None:
        if item.column() != 0:
            return
        name = self._runs[item.row()].folder.name
        if item.checkState() == Qt.CheckState.Checked:
            self._ticked = [*self._ticked, name]
            if len(self._ticked) > MOST:
                gone = self._ticked.pop(0)
                place = next(index for index, run in enumerate(self._runs) if run.folder.name == gone)
                other = self.table.item(place, 0)
                self.table.blockSignals(True)
                if other:
                    other.setCheckState(Qt.CheckState.Unchecked)
                self.table.blockSignals(False)
        else:
            self._ticked = [each for each in self._ticked if each != name]
        self._compare()

    def _choose(self) -> None:
        if self.current == self._noted:
            return
        self.save_note()
        self._noted = self.current
        run = next((run for run in self._runs if run.folder.name == self._noted), None)
        self.note.blockSignals(True)
        self.note.setPlainText(read_note(run) if run else "")
        self.note.blockSignals(False)
        self.note.setEnabled(run is not None)
        self.look.setEnabled(run is not None)

    def _on_typed(self) -> None:
        self._write.start()

    def _compare(self) -> None:
        """Show the curves of the ticked runs, and what differs between them."""
        chosen = {run.folder.name: run for run in self._runs if run.folder.name in self._ticked}
        for name, run in chosen.items():
            self._readers.setdefault(name, CurvesReader(run))
        self._reading.start()
        found = differences(chosen) if len(chosen) > 1 else {}
        self.values.setVisible(bool(found))
        if len(chosen) < 2:
            self.same.setText(tr("Tick two runs or more to compare them."))
        else:
            self.same.setText("" if found else tr("They have the same values; only the samples can differ."))
        self.same.setVisible(not found)
        self.values.setColumnCount(1 + len(chosen))
        self.values.setHorizontalHeaderLabels([tr("Value"), *(run_title(run) for run in chosen.values())])
        self.values.setRowCount(len(found))
        for place, (name, values) in enumerate(found.items()):
            self.values.setItem(place, 0, QTableWidgetItem(value_titles()[name]))
            for column_, run_name in enumerate(chosen, 1):
                self.values.setItem(place, column_, QTableWidgetItem(value_text(name, values[run_name])))
        self.values.resizeColumnsToContents()

    def _read(self) -> None:
        """Read the curves that are still missing, a slice at a time, and draw them when all are there."""
        waiting = [self._readers[name] for name in self._ticked if name in self._readers]
        if any(reader.read(SLICE / max(1, len(waiting))) for reader in waiting):
            return
        self._reading.stop()
        self._draw()

    def _draw(self) -> None:
        series, told, end = list[Series](), list[str](), 1
        for place, run in enumerate(run for run in self._runs if run.folder.name in self._ticked):
            curves = self._readers[run.folder.name].curves
            token, dash = _LOOKS[place % len(_LOOKS)]
            title = run_title(run)
            series.append(Series(title, curves.steps, curves.smoothed, "line", token, dash))  # type: ignore[arg-type]
            scores = curves.scores
            series.append(Series("", [each.step for each in scores], [each.loss for each in scores], "dots", token))
            end = max(end, curves.total)
            if curves.steps:
                told.append(f"{title}: {number(curves.smoothed[-1], 3)}")
        self.chart.show_series(series, end, "; ".join(told))
        self._show_scores()

    def _show_scores(self) -> None:
        self.table.blockSignals(True)
        for place, run in enumerate(self._runs):
            reader = self._readers.get(run.folder.name)
            best = reader.curves.best if reader else None
            item = self.table.item(place, 2)
            if item and best:
                item.setText(number(best.loss, 3))
        self.table.blockSignals(False)


def ask_delete(parent: QWidget, shell: Shell, run: Run, done: Callable[[], object]) -> None:
    """Ask before a run is deleted, and say what goes with it."""

    def delete() -> None:
        try:
            delete_run(shell.document.project, run)
        except (EspalierError, OSError) as error:
            shell.tell(tr("Espalier could not do that"), said(sentence_of(error)))
        shell.document.refresh()
        done()

    text = tr(
        "Its adapter, its 4-bit student, its curves and its note are deleted from {folder}. This cannot be undone."
    )
    sheet = Sheet(
        parent.window(), tr("Delete the run of {time}?").format(time=run_title(run)), text.format(folder=run.folder)
    )
    sheet.add(tr("Delete"), delete)
    sheet.add(tr("Keep"), is_primary=True).open()
