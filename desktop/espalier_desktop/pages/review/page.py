"""Review: every sample in one table, the chosen one in full, and what the person decides about them."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QSplitter

from espalier.synthesis.final import Final, State
from espalier.synthesis.samples_view import Filter
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.review.decisions import Decide
from espalier_desktop.pages.review.panes import Panes
from espalier_desktop.pages.review.passages import Passages
from espalier_desktop.pages.review.rating import ask_ratings
from espalier_desktop.pages.review.sample_list import SampleList
from espalier_desktop.pages.review.store import SampleStore
from espalier_desktop.pages.review.teacher_asks import ask_again, ask_alike, ask_why, tell_suggestions
from espalier_desktop.pages.review.transfer import Transfer, ask_export, ask_import
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.basics import button, column, set_widths
from espalier_desktop.widgets.empty import EmptyState, empty_or

RATED_FROM = 2_000  # rows, spread over all, among which those to rate are chosen


class ReviewPage(Page):
    """The table above; below it the chosen sample, the thresholds, the rejections in groups, or the balance."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.store = SampleStore(shell.document, self)
        self.transfer = Transfer(shell.document.root, self)
        self.bring = button(tr("Import…"), self._import)
        self.take = button(tr("Export…"), self._export)
        self.list = SampleList(self.store, (self.bring, self.take))
        self.filter, self.model, self.table = self.list.filter, self.list.model, self.list.table
        self.panes = Panes(self.store)
        self.reader, self.thresholds = self.panes.reader, self.panes.thresholds
        self._passages = Passages()
        self._edited: Final | None = None  # the sample that is being put into other words
        self._lay_out()
        self._connect()
        self._look()

    def showing(self) -> None:
        """Read what has changed on disk."""
        self._look()

    def closing(self) -> None:
        """Stop what is being read or written."""
        self.reader.finish()
        self.transfer.end()

    def save_state(self) -> dict[str, Any]:
        """Return the pane and the sizes."""
        return {"pane": self.panes.chosen, "sizes": self._splitter.sizes()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Show the pane that was shown."""
        self.panes.show_pane(str(state.get("pane")))
        set_widths(self._splitter, state.get("sizes"))

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
        self.list.point_to(Filter(text, leaf, kind, check))

    def decide(self, decision: str) -> None:
        """Keep or drop the chosen rows, and go on to the next; a yes to words of the person's own leaves them."""
        self.reader.finish()
        rows = self.list.chosen
        if rows:
            found = self.store.finals(rows)
            self.list.go_past()
            self._push(decision, [each for each in found if decision != "keep" or each.state is not State.EDITED])
            self._show_rows()  # also where nothing was to be written

    def edit(self) -> None:
        """Put the chosen sample into other words."""
        shown = self.list.shown
        if shown and not self.reader.is_editing:
            self.panes.show_pane("sample")
            self._edited = shown
            self.reader.begin_edit(shown.sample.question, shown.sample.answer)

    def regenerate(self) -> None:
        """Ask the teacher for other words for the chosen rows."""
        ask_again(self.shell, self.store.finals(self.list.chosen))

    def rate(self) -> None:
        """Let the person rate a few rows, and compare them with the critic."""
        samples = self.store.spread(RATED_FROM)
        ask_ratings(
            self.window(), self.shell.document.root, samples, self.thresholds.try_thresholds, self._use_thresholds
        )

    def _lay_out(self) -> None:
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for half, share in ((self.list, 3), (self.panes, 2)):
            self._splitter.addWidget(half)
            self._splitter.setStretchFactor(self._splitter.indexOf(half), share)
        self._splitter.setSizes([400, 320])
        self.start = button(tr("Generate Samples"), lambda: self.shell.do("generate"), role="primary")
        text = tr(
            "Here you go through the samples with one hand on the keyboard: keep, drop, edit. Let the teacher write "
            "some first, or import your own questions and answers."
        )
        own = button(tr("Import…"), self._import)
        empty = EmptyState("review", tr("Nothing to review yet"), text, self.start, own)
        self._whole = empty_or(empty, self._splitter)
        self.setLayout(column(self._whole, spacing=0))

    def _connect(self) -> None:
        document, store = self.shell.document, self.store
        document.status_changed.connect(self._look)
        document.settings_changed.connect(self._look)
        document.leaves_changed.connect(self._refresh_empty)
        self.shell.jobs.changed.connect(self._refresh_empty)
        self.shell.jobs.ended.connect(self._on_job_ended)
        store.grew.connect(self._on_grown)
        store.replaced.connect(self._on_replaced)
        store.decided.connect(self._on_decided)
        self.filter.changed.connect(self._show_rows)
        self.list.moved.connect(self._on_moved)
        self.table.doubleClicked.connect(lambda _: self.edit())
        self.panes.effect_changed.connect(self._show_rows)
        self.panes.looked_for.connect(self.filter.choose)
        self.panes.groups.wanted.connect(self._on_group)
        self.reader.wanted.connect(self._on_wanted)
        self.reader.edited.connect(self._on_edited)
        self.reader.left.connect(self._leave_edit)
        self.thresholds.rating_wanted.connect(self.rate)
        self.thresholds.applied.connect(self._apply_thresholds)
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
        self.panes.refresh(is_idle=is_idle)

    @Slot()
    def _on_replaced(self) -> None:
        self._passages.forget()
        self.list.offer()
        self._show_rows()
        self._refresh_empty()

    @Slot()
    def _on_grown(self) -> None:
        self.list.offer()
        before = self.list.current
        self.list.refresh(self.panes.effect)
        if self.list.current != before:
            self._show_sample()
        self._refresh_empty()

    @Slot()
    def _show_rows(self) -> None:
        self.panes.follow(self.filter.wanted)
        self.list.refresh(self.panes.effect)
        self._show_sample()

    @Slot()
    def _on_moved(self) -> None:
        self.reader.finish()
        self._show_sample()

    def _show_sample(self) -> None:
        if self.reader.is_editing:
            return  # what is being typed stays until it is saved or given up
        shown = self.list.shown
        if shown is None:
            self.reader.clear()
            return
        suggestion = self.store.reviews.suggestion(shown.drawn)
        explained, check = self.store.explanations(shown), self._judged_check(shown)
        can_ask = check not in explained and self.shell.jobs.current is None
        passage = self._passages.of(self.shell.document.project, shown)
        self.reader.show_sample(shown, passage, suggestion, explained, check if can_ask else "")

    def _judged_check(self, shown: Final) -> str:
        """Return the check by the model that decided about a sample, "" when none did."""
        if shown.sample.failure and shown.sample.failure.score is None:
            return ""
        worst = self.store.view.worst(self.list.current)
        return self.store.view.failed_check(self.list.current) or (worst[0] if worst else "")

    def _push(self, decision: str, rows: list[Final], words: list[tuple[str, str]] | None = None) -> None:
        if rows:
            self.shell.document.undo.push(Decide(self.shell.document, self.store, rows, decision, words or []))

    @Slot(object)
    def _on_decided(self, samples: object) -> None:
        self._show_rows()
        self.panes.refresh(is_idle=self.shell.jobs.current is None)

    @Slot(str)
    def _on_wanted(self, action: str) -> None:
        shown = self.list.shown
        offered = self.store.reviews.suggestion(shown.drawn) if shown else None
        if action == "edit":
            self.edit()
            return
        if action == "regenerate":
            self.regenerate()
        elif shown and action == "explain":
            ask_why(self.shell, shown, self._judged_check(shown))
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
        edited, self._edited = self._edited, None
        if edited is None:
            return
        self.table.setFocus()
        if (question, answer) == (edited.drawn.question, edited.drawn.answer):
            self._push("keep", [edited])
            return
        self._push("edit", [edited], [(question, answer)])
        self._show_sample()
        check = edited.sample.failure.name if edited.sample.failure else ""
        others = dict(self.store.view.groups()).get(check, 0)
        if others and self.shell.jobs.current is None:
            text = tr("Edited. %n other row(s) failed “{check}”.", others).format(check=check_title(check))
            self.shell.toast(text, tr("Rewrite Them Like This"), lambda: self._on_group("rewrite", check))

    @Slot()
    def _leave_edit(self) -> None:
        self._edited = None
        self._show_sample()
        self.table.setFocus()

    @Slot()
    def _apply_thresholds(self) -> None:
        self._use_thresholds(self.thresholds.draft)

    def _use_thresholds(self, thresholds: Mapping[str, float]) -> None:
        self.thresholds.only.setChecked(False)
        document = self.shell.document
        document.set_thresholds({**document.project.thresholds, **thresholds})

    @Slot(str, str)
    def _on_group(self, action: str, check: str) -> None:
        rows = self.store.view.rows(Filter(kind="rejected", check=check)).tolist()
        if action == "show":
            self.filter.choose(Filter(kind="rejected", check=check))
        elif action in ("keep", "drop"):
            self._push(action, self.store.finals(rows))
            done = tr("%n row(s) kept.", len(rows)) if action == "keep" else tr("%n row(s) dropped.", len(rows))
            self.shell.toast(done, tr("Undo"), self.shell.document.take_back)
        elif check in (examples := self.store.view.edited_examples()):
            ask_alike(self.shell, self.store.final(examples[check]), self.store.finals(rows))

    @Slot(object)
    def _on_job_ended(self, story: object) -> None:
        assert isinstance(story, Story)
        self.store.look()
        if story.command == "explain":
            self._show_sample()
        if story.command == "suggest" and story.state is JobState.DONE:
            waiting = self.store.view.counts()["suggested"]
            tell_suggestions(self.shell, waiting, lambda: self.filter.choose(Filter(kind="suggested")))

    def _import(self) -> None:
        leaves = [path for path, leaf in self.shell.document.leaves.items() if not leaf.errors]
        if not leaves:
            self.shell.toast(tr("Samples belong to a leaf. Add one without errors first."))
            return
        ask_import(self.window(), leaves, self.filter.wanted.leaf, self.transfer.bring)

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
