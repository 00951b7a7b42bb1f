"""The sheet in which a person chooses what is asked at every checkpoint."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QWidget

from espalier.errors import EspalierError
from espalier.training.probes import COUNT, candidates, chosen
from espalier.training.run import Run
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell
from espalier_desktop.widgets.basics import label, set_role
from espalier_desktop.widgets.sheet import Sheet


class ProbesSheet(Sheet):
    """A list of held-out questions of which a few are ticked.

    Args:
        parent: the window.
        candidates: questions that may be asked.
        chosen: those that are asked now.
        is_free: whether Espalier chose them.
        choose: takes the chosen ones; None lets Espalier choose, () asks nothing.
    """

    def __init__(
        self,
        parent: QWidget,
        candidates: Sequence[str],
        chosen: Sequence[str],
        choose: Callable[[tuple[str, ...] | None], object],
        *,
        is_free: bool,
    ) -> None:
        text = tr("Up to {count} questions are asked again at every checkpoint. They are never trained on.")
        super().__init__(parent, tr("Probe questions"), text.format(count=COUNT))
        set_role(self.sentence, "muted")
        self._take = choose
        self.asks = QCheckBox(tr("Ask at every checkpoint"))
        self.asks.setChecked(bool(chosen) or is_free)
        self.asks.toggled.connect(self._refresh)
        self.list = QListWidget()
        self.list.setProperty("role", "rows")
        self.list.setAccessibleName(tr("Held-out questions"))
        self.list.setMinimumSize(480, 220)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for question in candidates:
            item = QListWidgetItem(question)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if question in chosen else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.itemChanged.connect(self._refresh)
        self.note = label(role="caption", wrap=True)
        for widget in (self.asks, self.list, self.note):
            self.body.addWidget(widget)
        self.add_cancel()
        self.add(tr("Let Espalier Choose"), lambda: self._take(None))
        self.add(tr("Choose"), lambda: self._take(self.ticked if self.asks.isChecked() else ()), is_primary=True)
        self._refresh()

    @property
    def ticked(self) -> tuple[str, ...]:
        """Return the questions that are ticked."""
        items = (self.list.item(place) for place in range(self.list.count()))
        return tuple(item.text() for item in items if item.checkState() == Qt.CheckState.Checked)

    def _refresh(self) -> None:
        count = len(self.ticked)
        self.list.setEnabled(self.asks.isChecked())
        is_ready = not self.asks.isChecked() or 0 < count <= COUNT
        made = self._buttons.itemAt(self._buttons.count() - 1).widget()  # type: ignore[union-attr]  # the primary one
        assert made
        made.setEnabled(is_ready)
        if not self.list.count():
            self.note.setText(tr("There is no held-out question yet: write some into questions.jsonl."))
        elif self.asks.isChecked():
            self.note.setText(tr("%n chosen; the first training after this asks them.", count))
        else:
            self.note.setText(tr("Nothing is asked. What is learned is the same."))


def choose_probes(parent: QWidget, shell: Shell, run: Run | None) -> None:
    """Let the person choose among the held-out questions; ``run`` is the newest, whose held-out rows may be asked."""
    project = shell.document.project
    held_out = run.rows("heldout") if run else []
    try:
        known, now = candidates(project, held_out), chosen(project, held_out)
    except EspalierError as error:
        shell.tell(tr("Espalier could not do that"), said(str(error)))
        return
    questions, asked = ([each.question for each in part] for part in (known, now))
    is_free = project.probes is None
    ProbesSheet(parent.window(), questions, asked, shell.document.set_probes, is_free=is_free).open()
