"""The samples that the Review page shows: read in slices, decided by the person, and kept in step with the disk."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot

from espalier.synthesis.final import Final, State
from espalier.synthesis.imported import import_path
from espalier.synthesis.later import explanations, later_path
from espalier.synthesis.reviews import FILE as REVIEWS
from espalier.synthesis.reviews import Review, Reviews, read_reviews
from espalier.synthesis.sample import Sample
from espalier.synthesis.sample_table import SampleFile, SampleTable
from espalier.synthesis.samples_view import View
from espalier_desktop.document import Document

SLICE = 12  # milliseconds of reading at a time
TELL = 400  # milliseconds between two looks at what was read so far
SETTLE = 1_000  # milliseconds without a decision until the project is looked through again


class SampleStore(QObject):
    """Every sample of the leaves as they are now.

    Signals:
        grew: more rows were read.
        replaced: the rows are others; numbers of rows that were kept mean nothing any more.
        decided: samples whose decision or words are others, as they were drawn.

    Attributes:
        view: the table with the thresholds that hold.
        is_loading: whether rows are still being read.
    """

    grew = Signal()
    replaced = Signal()
    decided = Signal(object)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._stamp: list[tuple[str, tuple[int, int]]] | None = None
        self._reviewed = (0, 0)
        self._explained: dict[Path, tuple[tuple[int, int], dict[tuple[str, str], str]]] = {}  # as of a file's stamp
        self._reading: Iterator[int] | None = None
        self._is_behind = False  # something was decided that the rows being read do not know
        self.view = View(SampleTable([], Reviews(Path("/nonexistent"))))
        self._next = self.view
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(self._read)
        self._told = QElapsedTimer()
        self._settled = QTimer(self, interval=SETTLE, singleShot=True)
        self._settled.timeout.connect(document.refresh)

    @property
    def is_loading(self) -> bool:
        """Return whether rows are still being read."""
        return self._reading is not None

    @property
    def reviews(self) -> Reviews:
        """Return the decisions of the project."""
        return self.view.table.reviews

    def look(self) -> None:
        """Read everything again if a file has changed."""
        files = self._files()
        project = self._document.project
        stamp = [(str(path), _stamp(path)) for file in files for path in (file.path, later_path(file.path))]
        reviewed = _stamp(project.root / REVIEWS)
        if stamp == self._stamp and reviewed != self._reviewed and not self.is_loading:
            self._reviewed = reviewed
            samples = self.view.table.take_reviews(read_reviews(project))
            self.view.refresh()
            self.decided.emit(samples)
        elif stamp != self._stamp or reviewed != self._reviewed:
            self._reviewed = reviewed
            self._stamp = stamp
            self._next = View(SampleTable(files, read_reviews(project)), project.thresholds)
            self._is_behind = False
            self._reading = self._next.table.load()
            self._told.start()
            self._slices.start()
            if not len(self.view.table):
                self._read()
        elif dict(self.view.thresholds) != dict(project.thresholds):
            self.view.thresholds = project.thresholds
            self.view.refresh()
            self.replaced.emit()

    def final(self, row: int) -> Final | None:
        """Return how a row stands; None when its file is being written anew."""
        try:
            return self.view.table.final(row, self.view.thresholds)
        except (OSError, ValueError, KeyError, TypeError):
            self._stamp = None
            return None

    def finals(self, rows: Iterable[int]) -> list[Final]:
        """Return how some rows stand."""
        return [found for row in rows if (found := self.final(row))]

    def spread(self, most: int) -> list[Sample]:
        """Return about so many samples from all over the table; none in words of the person's own."""
        step = max(1, len(self.view.table) // most)
        found = self.finals(range(0, len(self.view.table), step))
        return [each.sample for each in found if each.state is not State.EDITED]

    def write(self, reviews: Sequence[Review], samples: Sequence[Sample]) -> None:
        """Write decisions down and show them; only undo commands call this.

        Raises:
            OSError: the file cannot be written.
        """
        table = self.view.table
        self.reviews.add(reviews)
        rows = table.rows_of(samples)
        for sample in samples:
            table.take(sample, rows[sample.key])
        self._reviewed = _stamp(self._document.project.root / REVIEWS)  # it was we who changed the file
        self._is_behind = self.view is not self._next
        self.view.refresh()
        self.decided.emit(samples)
        self._settled.start()

    def explanations(self, shown: Final) -> dict[str, str]:
        """Return what the judge wrote about a sample, by the check that it explains."""
        leaf = self._document.leaves.get(shown.drawn.leaf)
        if not leaf or not leaf.journal:
            return {}
        path = later_path(self._document.project.samples / leaf.journal)
        stamp = _stamp(path)
        if path not in self._explained or self._explained[path][0] != stamp:
            self._explained[path] = stamp, explanations(path)
        written = self._explained[path][1]
        return {check: text for (key, check), text in written.items() if key == shown.drawn.key}

    def _files(self) -> list[SampleFile]:
        project = self._document.project
        files = []
        for path, leaf in self._document.leaves.items():
            if leaf.journal:
                files.append(SampleFile(project.samples / leaf.journal))
            files.append(SampleFile(import_path(project, path), is_journal=False))
        return files

    @Slot()
    def _read(self) -> None:
        assert self._reading
        clock = QElapsedTimer()
        clock.start()
        is_first = not len(self._next.table)
        for _ in self._reading:
            if clock.elapsed() >= SLICE:
                break
        else:
            self._reading = None
            self._slices.stop()
            if self._is_behind:
                self._catch_up()
        if self._reading is None or is_first or self._told.elapsed() > TELL:
            self._told.restart()
            self._next.refresh()
            if self.view is not self._next and (self._reading is None or not len(self.view.table)):
                self.view = self._next
                self.replaced.emit()
            elif self.view is self._next:
                self.grew.emit()
        if self._reading is None and self._stamp is None:
            self.look()  # a file was written anew meanwhile

    def _catch_up(self) -> None:
        self._is_behind = False
        try:
            self._next.table.take_reviews(read_reviews(self._document.project))
        except (OSError, ValueError, KeyError, TypeError):
            self._stamp = None


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size
