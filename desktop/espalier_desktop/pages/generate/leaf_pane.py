"""The leaf that is looked at: why its samples are as they are, its newest rows, and its funnel."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.status import LeafStatus
from espalier.synthesis.latest import latest_samples
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.story import MOST_ROWS, Story
from espalier_desktop.pages.generate.funnel import FunnelPane, steps_of
from espalier_desktop.pages.generate.rows import Row, RowsTable
from espalier_desktop.pages.generate.wording import leaf_state, state_sentence
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.segments import Segments


class LeafPane(QWidget):
    """Name and sentence above; below them the rows or the funnel.

    Signals:
        wanted: a place of the Review page that the person wants to see.
        switched: the other of rows and funnel is shown.
    """

    wanted = Signal(object)
    switched = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = label(role="headline")
        self.counts = label(role="muted")
        self.why = label(role="muted", wrap=True)
        self.review = button(tr("Open in Review"), lambda: self._want(), role="link")
        self.panes = Segments({"rows": tr("Newest rows"), "funnel": tr("Funnel")}, tr("About the leaf"))
        self.panes.chosen.connect(self.show_pane)
        self.rows = RowsTable(tr("Newest rows"))
        self.rows.opened.connect(lambda found: self._want(text=str(found["question"])))
        self.funnel = FunnelPane()
        self.funnel.wanted.connect(self._want_check)
        nothing = EmptyState("generate", tr("No rows yet"), tr("What the teacher writes for this leaf is shown here."))
        nothing.sentence.setMinimumWidth(240)
        self._found = empty_or(nothing, self.rows)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._found)
        self._stack.addWidget(self.funnel)
        head = row(self.title, None, self.review, spacing=12)
        choice = row(self.panes, None, self.counts, spacing=12)
        self.setLayout(column(head, self.why, choice, self._stack, spacing=10))
        self._leaf = ""
        self._read_of: tuple[object, ...] = ()  # what the rows from disk were read from
        self._rows: list[Row] = []
        self.pane = "rows"
        self.panes.choose("rows")

    def show_pane(self, pane: str) -> None:
        """Show the rows or the funnel."""
        self.pane = pane
        self.panes.choose(pane)
        self.switched.emit()

    def show_leaf(self, project: Project, leaf: LeafStatus, story: Story | None, *, is_running: bool) -> None:
        """Show a leaf.

        Args:
            project: whose thresholds count.
            leaf: to show.
            story: of the run that has just written for it; None shows what is on disk.
            is_running: whether the run is at this leaf.
        """
        self._leaf = leaf.path
        self.title.setText(leaf_name(leaf.path))
        self.title.setToolTip(leaf.path)
        self.why.setText(state_sentence(leaf))
        self.why.setVisible(not is_running)
        set_role(self.why, "error" if leaf_state(leaf) == "error" else "muted")
        accepted, drawn = leaf.accepted, leaf.accepted + sum(leaf.rejected.values())
        if story:
            accepted, drawn = story.accepted[leaf.path], story.drawn[leaf.path]
        text = tr("{accepted} of {all} accepted").format(accepted=number(accepted), all=number(drawn))
        self.counts.setText(text if drawn else "")
        self.review.setVisible(drawn > 0)
        is_funnel = self.pane == "funnel" and drawn > 0
        self._stack.setCurrentIndex(1 if is_funnel else 0)
        if is_funnel:
            self.funnel.show_steps(story.funnels.get(leaf.path, ()) if story else steps_of(leaf))
            return
        rows = [each for each in story.rows if each["leaf"] == leaf.path] if story else self._read(project, leaf)
        self.rows.rows.show_rows(rows)
        self._found.setCurrentIndex(1 if rows else 0)

    def _read(self, project: Project, leaf: LeafStatus) -> list[Row]:
        """Return the newest rows of a leaf from disk."""
        if not leaf.journal:
            return []
        journal = project.samples / leaf.journal
        try:
            state = journal.stat()
            read_of = (leaf, state.st_mtime_ns, state.st_size, project.thresholds)
            if read_of == self._read_of:
                return self._rows
            samples = latest_samples(journal, project.thresholds, MOST_ROWS)
        except (EspalierError, OSError):
            return []
        self._read_of = read_of
        self._rows = [
            {
                "leaf": leaf.path,
                "question": sample.question,
                "answer": sample.answer,
                "accepted": sample.is_accepted,
                "reason": sample.failure.told if sample.failure else "",
            }
            for sample in samples
        ]
        return self._rows

    def _want(self, **place: Any) -> None:
        self.wanted.emit({"leaf": self._leaf, **place})

    def _want_check(self, check: str) -> None:
        if check == "accepted":
            self._want(kind="learned")
        else:
            self._want(kind="rejected", check=check)
