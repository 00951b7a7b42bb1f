"""The sheet in which a full run is planned: how, how much, and what it will take, before anything is drawn."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QSpinBox, QWidget

from espalier.machine import this_machine
from espalier_desktop.document import Document
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.generate.forecaster import Forecaster
from espalier_desktop.pages.generate.teacher import teacher_words
from espalier_desktop.pages.generate.wording import durations, pipeline_sentence, pipeline_title, pipelines, span
from espalier_desktop.pages.taxonomy.names import kind_title, leaf_name
from espalier_desktop.widgets.basics import align_number, button, card, column, label, line, row, set_role
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.sheet import Sheet

MOST = 100_000  # rows a leaf
_FIELD = 190  # px: both fields are equally wide


class PlanSheet(Sheet):
    """Pipeline and target on top, the totals below; they follow every change.

    Args:
        parent: the window.
        document: the open project.
        leaves: paths of the leaves that are ticked.
        pipeline: to begin with.
        start: does it: with the pipeline and the number of rows to reach in each leaf, 0 for the dial's.
        try_few: draws a few rows with a pipeline first.
    """

    def __init__(
        self,
        parent: QWidget,
        document: Document,
        leaves: Sequence[str],
        pipeline: str,
        start: Callable[[str, int], object],
        try_few: Callable[[str], object],
    ) -> None:
        names = ", ".join(leaf_name(path) for path in leaves[:3])
        more = tr("{names} and %n more", len(leaves) - 3).format(names=names) if len(leaves) > 3 else names
        super().__init__(parent, tr("Generate samples for %n leaf(s)", len(leaves)), more)
        set_role(self.sentence, "muted")
        self._document, self._leaves = document, list(leaves)
        self._start, self._try = start, try_few
        self.forecaster = Forecaster(document, self)
        self.forecaster.changed.connect(self._refresh)
        self.pipeline = QComboBox()
        self.pipeline.setAccessibleName(tr("Pipeline"))
        for name in pipelines(pipeline):
            self.pipeline.addItem(pipeline_title(name), name)
        self.pipeline.setCurrentIndex(max(0, self.pipeline.findData(pipeline)))
        self.pipeline.currentIndexChanged.connect(self._look)
        self.about = label(role="caption", wrap=True)
        self.about.setMinimumHeight(32)  # two lines, so that the sheet stays as high as it is
        self.target = QSpinBox()
        self.target.setAccessibleName(tr("Accepted rows in each leaf"))
        self.target.setRange(0, MOST)
        self.target.setSingleStep(10)
        self.target.setSpecialValueText(_dial_words(document.project.dial))
        for field in (self.pipeline, self.target):
            field.setFixedWidth(_FIELD)
        align_number(self.target)
        self.target.setToolTip(tr("0 leaves it to the thoroughness that is set for the project."))
        self.target.valueChanged.connect(self._refresh)
        self.figures = {key: label("–", "strong") for key in ("rows", "accepted", "calls", "time", "disk")}
        self.note = label(role="caption", wrap=True)
        self.note.setMinimumHeight(32)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        text, role = teacher_words(document.project)
        self.place = label(text, role, wrap=True)
        self._lay_out()
        self.finished.connect(self.forecaster.close)
        self._look()

    @property
    def chosen(self) -> str:
        """Return the pipeline that is chosen."""
        return str(self.pipeline.currentData())

    def _lay_out(self) -> None:
        for title, field, below in (
            (tr("Pipeline"), self.pipeline, self.about),
            (tr("Accepted rows in each leaf"), self.target, None),
        ):
            head = row(label(title, "strong"), None, field, spacing=12)
            self.body.addSpacing(6)
            self.body.addLayout(column(head, *([below] if below else []), spacing=6))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(7)
        names = {
            "rows": tr("Rows to draw"),
            "accepted": tr("Accepted by the critic"),
            "calls": tr("Prompts to the models"),
            "time": tr("Time"),
            "disk": tr("Room on disk"),
        }
        for place, (key, name) in enumerate(names.items()):
            grid.addWidget(label(name, "muted"), place, 0)
            self.figures[key].setAlignment(Qt.AlignmentFlag.AlignRight)
            self.figures[key].setAccessibleName(name)
            grid.addWidget(self.figures[key], place, 1)
        self.body.addSpacing(6)
        self.body.addWidget(card(grid, line(), self.place, self.note, spacing=10))
        self.add_cancel()
        self.few = button(tr("Try 5 First"), self._try_few)
        self.few.setAutoDefault(False)
        self._buttons.addWidget(self.few)
        self.go = button(tr("Generate"), self._go, role="primary")
        self.go.setDefault(True)
        self._buttons.addWidget(self.go)
        self.pipeline.setFocus()

    @Slot()
    def _look(self) -> None:
        self.about.setText(pipeline_sentence(self.chosen))
        self.forecaster.outlooks = {}
        self.forecaster.ask(pipeline=self.chosen)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        found = self.forecaster.forecast(self._leaves, self.target.value())
        problems = [self.forecaster.outlooks[path].problem for path in self._leaves if path in self.forecaster.outlooks]
        problem = next(filter(None, [*problems, self.forecaster.problem]), "")
        for figure in self.figures.values():
            figure.setText("–")
        self.go.setEnabled(not problem)
        self.few.setEnabled(not problem)
        if problem:
            self._say(said(problem), "error")
        elif found is None:
            self._say(tr("Reading the leaves and documents…"), "caption")
        elif not found.waiting:
            self._say(tr("Everything is written. Ask for more rows in each leaf to go on."), "caption")
            self.go.setEnabled(False)
        else:
            spans = {"rows": found.rows, "accepted": found.accepted, "calls": found.calls}
            for key, counts in spans.items():
                self.figures[key].setText(span(*counts) if counts else tr("not measured"))
            self.figures["time"].setText(durations(found.seconds) if found.seconds else tr("not measured"))
            disk = dict.fromkeys(map(size, found.bytes or ()))
            free = tr("{size} free").format(size=size(this_machine(self._document.root).disk_free))
            self.figures["disk"].setText(f"{' – '.join(disk)} ({free})" if disk else free)
            self._say_source(found.unmeasured)

    def _say_source(self, unmeasured: Sequence[str]) -> None:
        if unmeasured:
            kinds = ", ".join(map(kind_title, unmeasured))
            text = tr("Not measured yet with this teacher and pipeline: {kinds}. Try 5 measures it.")
            self._say(text.format(kinds=kinds), "warning")
        else:
            self._say(tr("Measured on this machine with this teacher and pipeline."), "caption")

    def _say(self, text: str, role: str) -> None:
        self.note.setText(text)
        set_role(self.note, role)

    def _go(self) -> None:
        self.accept()
        self._start(self.chosen, self.target.value())

    def _try_few(self) -> None:
        self.accept()
        self._try(self.chosen)


def _dial_words(dial: str) -> str:
    """Return what the spin box says at 0: as many as the dial of the project stands for."""
    return {"quick": tr("A quick look"), "good": tr("A good number"), "thorough": tr("Thorough")}[dial]
