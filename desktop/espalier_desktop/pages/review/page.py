"""Review: every sample in one table, the chosen one in full, and what the person decides about them."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from espalier.documents.passages import Passage, find_passage
from espalier.documents.store import named_documents
from espalier.documents.worded import WordedText, worded
from espalier.errors import EspalierError
from espalier.synthesis.calibration import rate, ratings_path, read_ratings, rows_to_rate
from espalier.synthesis.final import Final, State
from espalier.synthesis.samples_view import Effect, Filter
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import LEAF_FILE
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.review.balance import BalancePane
from espalier_desktop.pages.review.decisions import Decide
from espalier_desktop.pages.review.filter_bar import FilterBar
from espalier_desktop.pages.review.groups import GroupsPane
from espalier_desktop.pages.review.rating import RatingSheet, tell_agreement
from espalier_desktop.pages.review.reader import Reader
from espalier_desktop.pages.review.rows_model import RowsModel
from espalier_desktop.pages.review.store import SampleStore
from espalier_desktop.pages.review.table_view import SamplesTable
from espalier_desktop.pages.review.thresholds import ThresholdPane
from espalier_desktop.pages.review.transfer import Transfer, ask_export, ask_import
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.segments import Segments

RATED_FROM = 2_000  # rows, spread over all, among which those to rate are chosen


class ReviewPage(Page):
    """The table above; below it the chosen sample, the thresholds, the rejections in groups, or the balance."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.store = SampleStore(shell.document, self)
        self.transfer = Transfer(shell.document.root, self)
        self.model = RowsModel(self.store, self)
        self.filter = FilterBar()
        self.table = SamplesTable(self.model)
        self.summary = label(role="muted")
        self.reader = Reader()
        self.thresholds = ThresholdPane()
        self.groups = GroupsPane()
        self.balance = BalancePane()
        self._current = -1  # row of the store
        self._pointed: Filter | None = None  # that waits until its leaf has been read
        self._documents: dict[str, list[WordedText]] = {}
        self._lay_out()
        self._connect()
        self._look()

    def showing(self) -> None:
        """Read what has changed on disk."""
        self._look()

    def closing(self) -> None:
        """Stop what is being read or written."""
        self.transfer.end()

    def save_state(self) -> dict[str, Any]:
        """Return the pane and the sizes."""
        return {"pane": self._pane, "sizes": self._splitter.sizes()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Show the pane that was shown."""
        if state.get("pane") in self.panes.buttons:
            self.show_pane(str(state["pane"]))
        sizes = state.get("sizes")
        if isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(size, int) for size in sizes):
            self._splitter.setSizes(sizes)

    def give(self, command: str) -> None:
        """Carry out a command of the Review menu."""
        {
            "keep_sample": lambda: self.decide("keep"),
            "drop_sample": lambda: self.decide("drop"),
            "edit_sample": self.edit,
            "regenerate_sample": self.regenerate,
            "next_sample": lambda: self.table.go(1),
            "previous_sample": lambda: self.table.go(-1),
            "find_sample": self.filter.text.setFocus,
            "import_samples": self._import,
            "export_samples": self._export,
        }[command]()

    def point_to(self, place: Mapping[str, str]) -> None:
        """Look for the rows of a place: ``leaf``, ``kind``, ``check`` and ``text`` as in a filter."""
        text, leaf, kind, check = (place.get(name, "") for name in ("text", "leaf", "kind", "check"))
        self._pointed = Filter(text, leaf, kind, check)
        self.filter.choose(self._pointed)

    def show_pane(self, pane: str) -> None:
        """Show sample, thresholds, groups or balance below the table."""
        self._pane = pane
        self.panes.choose(pane)
        self._stack.setCurrentIndex(list(self.panes.buttons).index(pane))
        if pane != "thresholds" and self.thresholds.only.isChecked():
            self.thresholds.only.setChecked(False)
        self._refresh_panes()

    def decide(self, decision: str) -> None:
        """Keep or drop the chosen rows, and go on to the next."""
        rows = self._chosen()
        if rows:
            self._go_past()
            self._push(decision, self.store.finals(rows))

    def edit(self) -> None:
        """Put the chosen sample into other words."""
        shown = self._shown()
        if shown:
            self.show_pane("sample")
            self.reader.begin_edit(shown.sample.question, shown.sample.answer)

    def regenerate(self) -> None:
        """Ask the teacher for other words for the chosen rows."""
        found = self.store.finals(self._chosen())
        if not found:
            return
        if self.shell.jobs.current:
            self.shell.toast(tr("Wait until the job is done; then the teacher can be asked."))
            return
        for leaf in dict.fromkeys(each.drawn.leaf for each in found):
            self.shell.jobs.start(
                "suggest", leaf=leaf, keys=[each.drawn.key for each in found if each.drawn.leaf == leaf]
            )

    def rate(self) -> None:
        """Let the person rate a few rows, and compare them with the critic."""
        path = ratings_path(self.shell.document.root)
        step = max(1, len(self.store.view.table) // RATED_FROM)
        found = self.store.finals(range(0, len(self.store.view.table), step))
        samples = [each.sample for each in found if each.state is not State.EDITED]
        chosen = rows_to_rate(samples, read_ratings(path))

        def end() -> None:
            ratings = read_ratings(path)
            if any(sample.key in ratings for sample in samples):
                tell_agreement(self.window(), samples, ratings, self.thresholds.try_thresholds).open()

        if not chosen:
            end()
            return
        RatingSheet(self.window(), chosen, lambda sample, is_good: rate(path, sample, is_good), end).open()

    def _lay_out(self) -> None:
        names = {
            "sample": tr("Sample"),
            "thresholds": tr("Thresholds"),
            "groups": tr("Rejections"),
            "balance": tr("Balance"),
        }
        self.panes = Segments(names, tr("Below the table"))
        self._stack = QStackedWidget()
        for pane in (self.reader, self.thresholds, self.groups, self.balance):
            self._stack.addWidget(pane)
        keys = label(tr("Y keep · D drop · E edit · R regenerate · ← → move"), "caption")
        self.bring = button(tr("Import…"), self._import)
        self.take = button(tr("Export…"), self._export)
        nothing = button(tr("Clear Filter"), self.filter.reset)
        text = tr("Look for something else, or clear the filter to see every sample again.")
        self._found = empty_or(EmptyState("review", tr("No row matches"), text, nothing), self.table)
        top = QWidget()
        above = column(
            self.filter,
            row(self.summary, None, self.filter.range, 12, self.bring, self.take, spacing=8),
            self._found,
            spacing=10,
        )
        above.setContentsMargins(24, 16, 24, 12)
        top.setLayout(above)
        bottom = QWidget()
        below = column(row(self.panes, None, keys), self._stack, spacing=12)
        below.setContentsMargins(24, 12, 24, 16)
        bottom.setLayout(below)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(top)
        self._splitter.addWidget(bottom)
        self._splitter.setSizes([400, 320])
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self.start = button(tr("Generate Samples"), lambda: self.shell.do("generate"), role="primary")
        text = tr(
            "Here you go through the samples with one hand on the keyboard: keep, drop, edit. Let the teacher write "
            "some first, or import your own questions and answers."
        )
        own = button(tr("Import…"), self._import)
        empty = EmptyState("review", tr("Nothing to review yet"), text, self.start, own)
        self._whole = empty_or(empty, self._splitter)
        self.setLayout(column(self._whole, spacing=0))
        self._pane = "sample"
        self.panes.choose("sample")

    def _connect(self) -> None:
        document, store = self.shell.document, self.store
        document.status_changed.connect(self._look)
        document.settings_changed.connect(self._look)
        document.leaves_changed.connect(self._refresh_empty)
        self.shell.jobs.changed.connect(self._refresh_empty)
        self.shell.jobs.ended.connect(self._on_job_ended)
        store.grew.connect(self._on_rows)
        store.replaced.connect(self._on_replaced)
        store.decided.connect(self._on_decided)
        self.filter.changed.connect(self._show_rows)
        self.table.selectionModel().currentChanged.connect(self._on_current)
        self.table.doubleClicked.connect(lambda _: self.edit())
        self.panes.chosen.connect(self.show_pane)
        self.reader.wanted.connect(self._on_wanted)
        self.reader.edited.connect(self._on_edited)
        self.reader.left.connect(self._leave_edit)
        self.thresholds.drafted.connect(self._on_drafted)
        self.thresholds.shown.connect(lambda _: self._show_rows())
        self.thresholds.rating_wanted.connect(self.rate)
        self.thresholds.applied.connect(self._apply_thresholds)
        self.groups.wanted.connect(self._on_group)
        self.balance.wanted.connect(lambda leaf, source: self.filter.choose(Filter(leaf=leaf, source=source)))
        self.transfer.imported.connect(self._on_imported)
        self.transfer.exported.connect(lambda file: self.shell.toast(tr("Written to {file}.").format(file=file)))
        self.transfer.failed.connect(lambda text: self.shell.tell(tr("Espalier could not do that"), text))

    @Slot()
    def _look(self) -> None:
        self.store.look()
        self._refresh_empty()

    @Slot()
    def _refresh_empty(self) -> None:
        is_empty = not len(self.store.view.table) and not self.store.is_loading
        self._whole.setCurrentIndex(0 if is_empty else 1)
        self.offers = frozenset({"generate"}) if is_empty else frozenset()
        is_idle = self.shell.jobs.current is None
        document = self.shell.document
        self.start.setEnabled(is_idle and bool(document.leaves) and not document.errors)
        self.reader.again.setToolTip(tr("Key: {key}").format(key="R") if is_idle else tr("A job is running."))
        self._refresh_panes()

    @Slot()
    def _on_replaced(self) -> None:
        self._documents = {}
        self._on_rows()

    @Slot()
    def _on_rows(self) -> None:
        view = self.store.view
        self.filter.offer(sorted(view.table.leaves), view.table.checks)
        if self._pointed and self.filter.wanted != self._pointed:
            self.filter.choose(self._pointed)
        if not self.store.is_loading:
            self._pointed = None
        self._show_rows()
        self._refresh_empty()

    @Slot()
    def _show_rows(self) -> None:
        """Show what the filter lets through; the chosen row stays chosen, or the one that takes its place."""
        wanted = self.filter.wanted
        self.filter.offer_range(self._range(wanted.check))
        wanted = self.filter.wanted
        place, bar = self.table.currentIndex().row(), self.table.verticalScrollBar()
        scrolled = bar.value()
        self.groups.list.choose(wanted.check if wanted.kind == "rejected" else "")
        self.balance.leaves.choose(wanted.leaf)
        self.balance.sources.choose(wanted.source)
        self.filter.clear.setEnabled(self.filter.is_set)
        self.model.show_rows(wanted, self._effect() if self.thresholds.only.isChecked() else None)
        count = self.model.rowCount()
        self._found.setCurrentIndex(1 if count or self.store.is_loading else 0)
        found = self.model.place_of(self._current)
        place = found if found >= 0 else min(max(place, 0), count - 1)
        bar.setValue(scrolled)
        if place != self.table.currentIndex().row() and place >= 0:
            self.table.setCurrentIndex(self.model.index(place, 0))
        self._show_sample()
        self._show_summary()

    def _range(self, check: str) -> tuple[float, float] | None:
        table = self.store.view.table
        if check not in table.checks:
            return None
        scores = table.scores[:, table.checks.index(check)]
        scores = scores[scores == scores]  # without NaN
        return (float(scores.min()), float(scores.max())) if len(scores) else None

    def _show_summary(self) -> None:
        counts = self.store.view.counts()
        shown = self.model.rowCount()
        every = tr("%n sample(s)", counts["all"])
        texts = [
            every if shown == counts["all"] else tr("{count} of {samples}").format(count=number(shown), samples=every),
            tr("{count} in training").format(count=number(counts["learned"])),
            tr("{count} reviewed").format(count=number(counts["reviewed"])),
        ]
        if counts["suggested"] and not self.filter.range.isVisible():
            texts.append(tr("%n suggestion(s)", counts["suggested"]))
        if self.store.is_loading:
            texts.append(tr("Reading…"))
        self.summary.setText(" · ".join(texts))

    def _chosen(self) -> list[int]:
        selected = self.table.selectionModel().selectedRows()
        return [int(self.model.rows[index.row()]) for index in sorted(selected, key=QModelIndex.row)]

    def _shown(self) -> Final | None:
        return self.store.final(self._current) if 0 <= self._current < len(self.store.view.table) else None

    def _go_past(self) -> None:
        """Make the row below the chosen ones the one that is shown next; the one above when there is none."""
        places = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = self.model.rows
        after = places[-1] + 1 if places[-1] + 1 < len(rows) else max(0, places[0] - 1)
        self._current = int(rows[after])
        self.table.clearSelection()

    def _push(self, decision: str, rows: list[Final], words: list[tuple[str, str]] | None = None) -> None:
        if rows:
            self.shell.document.undo.push(Decide(self.shell.document, self.store, rows, decision, words or []))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid() and now.row() < len(self.model.rows):
            self._current = int(self.model.rows[now.row()])
            self._show_sample()

    def _show_sample(self) -> None:
        shown = self._shown() if self.model.rowCount() else None
        if shown is None:
            self.reader.clear()
            return
        suggestion = self.store.reviews.suggestion(shown.drawn)
        explained, check = self.store.explanations(shown), self._judged_check(shown)
        can_ask = check not in explained and self.shell.jobs.current is None
        self.reader.show_sample(shown, self._passage(shown), suggestion, explained, check if can_ask else "")

    def _judged_check(self, shown: Final) -> str:
        """Return the check by the model that decided about a sample, "" when none did."""
        if shown.sample.failure and shown.sample.failure.score is None:
            return ""
        worst = self.store.view.worst(self._current)
        return self.store.view.failed_check(self._current) or (worst[0] if worst else "")

    def _passage(self, shown: Final) -> Passage:
        leaf, project = shown.drawn.leaf, self.shell.document.project
        if leaf not in self._documents:
            try:
                texts = dict(named_documents(project, leaf))
                if not texts:
                    contexts = read_leaf(project.taxonomy, project.taxonomy / leaf / LEAF_FILE).contexts
                    texts = {tr("Seed examples"): "\n\n".join(contexts)}
            except (EspalierError, OSError):
                texts = {}
            self._documents[leaf] = [worded(name, text) for name, text in texts.items()]
        return find_passage(shown.drawn.source, shown.sample.answer, self._documents[leaf])

    @Slot(object)
    def _on_decided(self, samples: object) -> None:
        self._show_rows()
        self._refresh_panes()

    @Slot(str)
    def _on_wanted(self, action: str) -> None:
        shown = self._shown()
        offered = self.store.reviews.suggestion(shown.drawn) if shown else None
        if action == "edit":
            self.edit()
        elif action == "regenerate":
            self.regenerate()
        elif shown and action == "explain":
            check = self._judged_check(shown)
            self.shell.jobs.start("explain", leaf=shown.drawn.leaf, key=shown.drawn.key, check=check)
            self._show_sample()
        elif shown and offered and action == "use":
            self._push("edit", [shown], [(offered.question, offered.answer)])
        elif shown and offered and action == "dismiss":
            held = self.store.reviews.about(shown.drawn)
            words = [(held.question, held.answer)] if held else None
            self._push(held.decision if held else "none", [shown], words)
        elif action in ("keep", "drop"):
            self.decide(action)
        self.table.setFocus()

    @Slot(str, str)
    def _on_edited(self, question: str, answer: str) -> None:
        shown = self._shown()
        if shown is None:
            return
        self.table.setFocus()
        if (question, answer) == (shown.drawn.question, shown.drawn.answer):
            self._push("keep", [shown])
            return
        self._push("edit", [shown], [(question, answer)])
        self._show_sample()
        check = self.store.view.failed_check(self._current)
        others = dict(self.store.view.groups()).get(check, 0)
        if check and others and self.shell.jobs.current is None:
            text = tr("Edited. %n other row(s) failed “{check}”.", others).format(check=check_title(check))
            self.shell.toast(text, tr("Rewrite Them Like This"), lambda: self._on_group("rewrite", check))

    @Slot()
    def _leave_edit(self) -> None:
        self._show_sample()
        self.table.setFocus()

    def _effect(self) -> Effect:
        return self.store.view.effect({**self.store.view.thresholds, **self.thresholds.draft})

    @Slot()
    def _on_drafted(self) -> None:
        self.thresholds.show_effect(
            self.store.view, {**self.store.view.thresholds, **self.thresholds.draft}, self._effect()
        )
        if self.thresholds.only.isChecked():
            self._show_rows()

    @Slot()
    def _apply_thresholds(self) -> None:
        draft = self.thresholds.draft
        self.thresholds.only.setChecked(False)
        document = self.shell.document
        document.set_thresholds({**document.project.thresholds, **draft})

    def _refresh_panes(self) -> None:
        view = self.store.view
        if self._pane == "thresholds":
            self.thresholds.show_view(view)
            self._on_drafted()
        elif self._pane == "groups":
            self.groups.show_view(view, self._examples(), is_idle=self.shell.jobs.current is None)
        elif self._pane == "balance":
            self.balance.show_view(view)

    def _examples(self) -> dict[str, int]:
        """Return a row that the person edited for each check that had turned such a row away; the newest."""
        view = self.store.view
        edited = view.rows(Filter(kind="edited")).tolist()
        return {check: row for row in edited if (check := view.failed_check(row))}

    @Slot(str, str)
    def _on_group(self, action: str, check: str) -> None:
        rows = self.store.view.rows(Filter(kind="rejected", check=check)).tolist()
        if action == "show":
            self.filter.choose(Filter(kind="rejected", check=check))
        elif action in ("keep", "drop"):
            self._push(action, self.store.finals(rows))
            done = tr("%n row(s) kept.", len(rows)) if action == "keep" else tr("%n row(s) dropped.", len(rows))
            self.shell.toast(done, tr("Undo"), self.shell.document.take_back)
        else:
            self._rewrite(check, rows)

    def _rewrite(self, check: str, rows: list[int]) -> None:
        example = self.store.final(self._examples()[check])
        if example is None or example.state is not State.EDITED:
            return
        leaf = example.drawn.leaf
        keys = [each.drawn.key for each in self.store.finals(rows) if each.drawn.leaf == leaf]
        if keys:
            self.shell.jobs.start("suggest", leaf=leaf, keys=keys, like=example.drawn.key)
        else:
            self.shell.toast(tr("No other row of this leaf is in the group."))

    @Slot(object)
    def _on_job_ended(self, story: object) -> None:
        assert isinstance(story, Story)
        self.store.look()
        if story.command == "explain":
            self._show_sample()
        if story.command == "suggest" and story.state is JobState.DONE:
            waiting = self.store.view.counts()["suggested"]
            if waiting:
                text = tr("%n suggestion(s) wait for your yes or no.", waiting)
                self.shell.toast(text, tr("Show"), lambda: self.filter.choose(Filter(kind="suggested")))
            else:
                self.shell.toast(tr("The teacher had nothing new to suggest."))

    def _import(self) -> None:
        leaves = [path for path, leaf in self.shell.document.leaves.items() if not leaf.errors]
        if not leaves:
            self.shell.toast(tr("Samples belong to a leaf. Add one without errors first."))
            return
        chosen = self.filter.wanted.leaf
        ask_import(self.window(), leaves, chosen, self.transfer.bring)

    def _export(self) -> None:
        ask_export(self.window(), self.transfer.take)

    @Slot(str, str)
    def _on_imported(self, text: str, unread: str) -> None:
        self.store.look()
        self.shell.document.refresh()
        if unread:
            self.shell.tell(text, unread)
        else:
            self.shell.toast(text)
