"""The model that is on its way, in one line: how much, how fast, how long, and Stop."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import size, time_left


class FetchBar(QWidget):
    """Is seen while a model is on its way, and afterwards when it did not come."""

    def __init__(self, fetcher: Fetcher) -> None:
        super().__init__()
        self._fetcher = fetcher
        self.title = label(role="strong")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.figures = label(role="caption")
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the download"))
        self.progress.setTextVisible(False)
        self.stop = button(tr("Stop"), fetcher.stop)
        self.stop.setAutoDefault(False)
        self.problem = label(role="error", wrap=True, selectable=True)
        self._running = QWidget()
        left = column(self.title, self.progress, self.figures, spacing=4)
        both = row(left, self.stop, spacing=12)
        both.setStretch(0, 1)
        self._running.setLayout(both)
        self._failed = QWidget()
        forget = button(tr("OK"), fetcher.forget)
        forget.setAutoDefault(False)
        told = row(self.problem, forget, spacing=12)
        told.setStretch(0, 1)
        self._failed.setLayout(told)
        self.setLayout(column(self._running, self._failed, spacing=4))
        fetcher.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show how far it is."""
        fetcher = self._fetcher
        self._running.setVisible(fetcher.is_busy)
        self.problem.setText(fetcher.problem)
        self._failed.setVisible(bool(fetcher.problem))
        self.setVisible(fetcher.is_busy or bool(fetcher.problem))
        if not fetcher.is_busy:
            return
        self.title.setText(tr("Getting {model}").format(model=fetcher.name.rpartition("/")[2]))
        self.stop.setEnabled(not fetcher.is_stopping)
        told = fetcher.progress
        if fetcher.is_stopping or told is None or not told.total:
            self.progress.setRange(0, 0)
            self.figures.setText(tr("Stopping…") if fetcher.is_stopping else tr("Asking…"))
            return
        self.progress.setRange(0, 1000)
        self.progress.setValue(told.done * 1000 // told.total)
        self.figures.setText(_figures(told.done, told.total, told.unit, told.figures, told.seconds_left))


def _figures(done: int, total: int, unit: str, figures: object, left: float | None) -> str:
    if unit != "bytes":
        return f"{done * 100 // total} %"
    speed = figures.get("bytes_per_second", 0) if isinstance(figures, dict) else 0
    parts = [
        tr("{done} of {total}").format(done=size(done), total=size(total)),
        tr("{size} a second").format(size=size(round(speed))) if speed and done < total else "",
        time_left(left) if done < total else "",
    ]
    return " · ".join(part for part in parts if part)
