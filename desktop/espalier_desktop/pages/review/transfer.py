"""A person's own rows in, and the project's rows out: asked for in sheets, done by the command line's own process."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.process import end
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import label
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.sheet import Sheet

_MOST_LINES = 8  # of a file that are told one by one


class Transfer(QObject):
    """Runs ``espalier samples``, one thing after the other, and tells what came of it.

    Signals:
        imported: a sentence on what came in, and one on lines that did not, "" when there is none.
        exported: path of the file that was written.
        failed: a sentence: why nothing was done.
    """

    imported = Signal(str, str)
    exported = Signal(str)
    failed = Signal(str)

    def __init__(self, root: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._root = root
        self._target = ""  # of the export that runs, "" for an import
        self._waiting: list[tuple[str, list[str]]] = []  # targets and arguments
        self._process = QProcess(self)
        self._process.finished.connect(self._on_finished)

    @property
    def is_running(self) -> bool:
        """Return whether rows are on their way."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def bring(self, leaf: str, file: str) -> None:
        """Bring the rows of a file into a leaf."""
        self._run("", "--json", "import", str(self._root), leaf, file)

    def take(self, form: str, file: str) -> None:
        """Write the project's rows to a file."""
        self._run(file, "export", str(self._root), "--form", form, "--to", file)

    def end(self) -> None:
        """Stop what is running, for the window closes."""
        end(self._process)

    def _run(self, target: str, *arguments: str) -> None:
        self._waiting.append((target, ["-m", "espalier.cli", "samples", *arguments]))
        self._start_next()

    def _start_next(self) -> None:
        if self._waiting and not self.is_running:
            self._target, arguments = self._waiting.pop(0)
            self._process.start(sys.executable, arguments)

    @Slot(int)
    def _on_finished(self, code: int) -> None:
        told = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        if code:
            self.failed.emit(said(told.splitlines()[-1]) if told else tr("The rows could not be read or written."))
        elif self._target:
            self.exported.emit(self._target)
        else:
            counts = json.loads(bytes(self._process.readAllStandardOutput().data()))
            self.imported.emit(_imported(counts), _unread(counts["bad"], told))
        self._start_next()


def _imported(counts: dict[str, int]) -> str:
    text = tr("%n row(s) imported", counts["added"])
    parts = [tr("{count} in training").format(count=number(counts["accepted"]))]
    if counts["known"]:
        parts.append(tr("{count} were there already").format(count=number(counts["known"])))
    return f"{text}: {', '.join(parts)}."


def _unread(count: int, told: str) -> str:
    if not count:
        return ""
    lines = [said(line) for line in told.splitlines()[:_MOST_LINES]]
    more = ["…"] if count > len(lines) else []
    return "\n".join([tr("%n line(s) could not be read:", count), *lines, *more])


def ask_import(parent: QWidget, leaves: list[str], chosen: str, do: Callable[[str, str], object]) -> None:
    """Ask for a file and the leaf that its rows belong to."""
    kinds = tr("Questions and answers") + " (*.jsonl *.json *.csv *.tsv)"
    file, _ = QFileDialog.getOpenFileName(parent, tr("Import Samples"), "", kinds)
    if not file:
        return
    text = tr(
        "Choose the leaf that the rows of {file} belong to. Each row goes through the checks that need no model; those "
        "that pass are learned."
    )
    sheet = Sheet(parent, tr("Import samples"), text.format(file=Path(file).name))
    field = QComboBox()
    field.setAccessibleName(tr("Leaf"))
    for path in leaves:
        field.addItem(leaf_name(path), path)
    field.setCurrentIndex(max(0, field.findData(chosen)))
    sheet.body.addWidget(field)
    sheet.add_cancel().add(tr("Import"), lambda: do(str(field.currentData()), file), is_primary=True).open()


def ask_export(parent: QWidget, do: Callable[[str, str], object]) -> None:
    """Ask what the file shall look like, and where it shall go."""
    forms = {
        "messages": (tr("Messages (InstructLab and most trainers)"), tr("The rows that the student learns from.")),
        "instructlab": (tr("InstructLab train file"), tr("The rows that the student learns from.")),
        "mlx": (tr("Chat rows for mlx-lm"), tr("The rows that the student learns from.")),
        "csv": (tr("Table (CSV)"), tr("Every row, with its state and the reason.")),
    }
    sheet = Sheet(parent, tr("Export samples"), tr("Other programs can read what your project has made."))
    field = QComboBox()
    field.setAccessibleName(tr("Form of the file"))
    for form, (title, _) in forms.items():
        field.addItem(title, form)
    says = label(forms["messages"][1], "muted", wrap=True)
    field.currentIndexChanged.connect(lambda _: says.setText(forms[str(field.currentData())][1]))
    sheet.body.addWidget(field)
    sheet.body.addWidget(says)

    def choose() -> None:
        form = str(field.currentData())
        name = "samples.csv" if form == "csv" else "samples.jsonl"
        file, _ = QFileDialog.getSaveFileName(parent, tr("Export Samples"), str(Path.home() / name))
        if file:
            do(form, file)

    sheet.add_cancel().add(tr("Export…"), choose, is_primary=True).open()
