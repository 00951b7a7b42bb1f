"""The window: opens a project and runs the loop on it. Its pages follow; this first one is honest about that."""

import sys
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from espalier.errors import EspalierError
from espalier.messages import Failed, Finished, Progress, Stage
from espalier.project import open_project
from espalier_desktop.job import Job


class MainWindow(QMainWindow):
    """One project: its folder, the running job, and what the job says."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Espalier")
        self.resize(760, 480)
        self._root: Path | None = None
        self._job: Job | None = None
        self._title = QLabel("Open a project to tune it. The taxonomy editor and the other pages are not built yet.")
        self._title.setWordWrap(True)
        self._open = QPushButton("Open Project…")
        self._tune = QPushButton("Tune")
        self._stop = QPushButton("Stop")
        self._bar = QProgressBar()
        self._log = QPlainTextEdit(readOnly=True)
        self._log.setPlaceholderText("What the worker does appears here.")
        buttons = QHBoxLayout()
        for button in (self._open, self._tune, self._stop):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout()
        layout.addWidget(self._title)
        layout.addLayout(buttons)
        layout.addWidget(self._bar)
        layout.addWidget(self._log)
        page = QWidget()
        page.setLayout(layout)
        self.setCentralWidget(page)
        self._open.clicked.connect(self._choose)
        self._tune.clicked.connect(self._start)
        self._stop.clicked.connect(self._cancel)
        self._refresh()

    def open(self, root: Path) -> None:
        """Show a project; a folder that is none is said to be none."""
        try:
            open_project(root)
        except EspalierError as error:
            QMessageBox.warning(self, "Espalier", str(error))
            return
        self._root = root
        self._title.setText(str(root))
        self._refresh()

    @Slot()
    def _choose(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open Project"):
            self.open(Path(folder))

    @Slot()
    def _start(self) -> None:
        self._job = Job("tune", {"project": str(self._root)}, self)
        self._job.reported.connect(self._show)
        self._job.finished.connect(self._end)
        self._job.start()
        self._refresh()

    @Slot()
    def _cancel(self) -> None:
        if self._job:
            self._job.cancel()

    @Slot(object)
    def _show(self, event: object) -> None:
        if isinstance(event, Stage):
            self._log.appendPlainText(f"{event.text}{' (fresh)' if event.is_fresh else ''}")
        elif isinstance(event, Progress):
            self._bar.setRange(0, event.total)
            self._bar.setValue(event.done)

    @Slot(object)
    def _end(self, outcome: Finished | Failed | None) -> None:
        if isinstance(outcome, Finished):
            totals = outcome.result.get("report", {}).get("leaves", {})
            for leaf, right in totals.items():
                self._log.appendPlainText(f"{leaf}: {right}")
            self._log.appendPlainText("Done.")
        else:
            self._log.appendPlainText(outcome.message if outcome else "Stopped. Tune again to go on.")
        self._job = None
        self._refresh()

    def _refresh(self) -> None:
        self._tune.setEnabled(self._root is not None and self._job is None)
        self._stop.setEnabled(self._job is not None)
        self._open.setEnabled(self._job is None)


def main() -> int:
    """Run the window until it is closed; a project folder may be given."""
    application = QApplication(sys.argv)
    application.setApplicationName("Espalier")
    application.setStyle("Fusion")
    window = MainWindow()
    window.show()
    if len(sys.argv) > 1:
        window.open(Path(sys.argv[1]))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
