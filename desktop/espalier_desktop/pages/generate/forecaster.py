"""What generating will take, looked up by a worker of its own, so that reading documents holds nothing up."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Slot

from espalier.synthesis.forecast import Forecast, Outlook, forecast, told
from espalier.synthesis.pace import Pace
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.pages.generate.wording import durations, span


class Forecaster(Errand):
    """The outlook of every leaf with one pipeline.

    Attributes:
        outlooks: by path of the leaf; empty while nothing is known.
        paces: of the teacher, by kind of leaf.
    """

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__("foretell", document, parent)
        self.outlooks: dict[str, Outlook] = {}
        self.paces: dict[str, Pace] = {}
        self.changed.connect(self._take)  # before anybody else hears of it

    def forecast(self, leaves: Iterable[str], per_leaf: int = 0) -> Forecast | None:
        """Return what some leaves will take; None while nothing is known."""
        if not self.outlooks:
            return None
        return forecast([self.outlooks[path] for path in leaves if path in self.outlooks], self.paces, per_leaf)

    @Slot()
    def _take(self) -> None:
        if self.is_asking:
            return
        leaves, self.paces = told(self.result) if "leaves" in self.result else ([], self.paces)
        self.outlooks = {each.leaf: each for each in leaves}


def time_words(found: Forecast) -> str:
    """Return about how long a forecast says, "" where it is not known."""
    return tr("about {time}").format(time=durations(found.seconds)) if found.seconds else ""


def rows_words(found: Forecast) -> str:
    """Return how many rows a forecast says, "" where it is not known."""
    return tr("about {count} rows").format(count=span(*found.rows)) if found.rows else ""
