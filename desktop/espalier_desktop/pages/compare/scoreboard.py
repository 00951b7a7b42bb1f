"""The scoreboard: held-out questions before and after, leaf by leaf, with the answers, and what learning cost."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QGridLayout, QScrollArea, QSizePolicy, QSplitter, QWidget

from espalier.errors import EspalierError
from espalier.evaluation.read import read_report
from espalier.evaluation.report_files import FORMS, write_report
from espalier.training.run import Run
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.scoreboard_answers import AnswersPane
from espalier_desktop.pages.compare.scoreboard_leaves import LeafScores, Legend
from espalier_desktop.pages.compare.scoreboard_sheet import EvaluateSheet
from espalier_desktop.pages.compare.scoreboard_words import facts, headline, verdict, why_not
from espalier_desktop.pages.page import Shell
from espalier_desktop.widgets.basics import button, card, clear, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or

_SIDE_BY_SIDE = 2  # cards in a row
_NARROWEST_CARD, _NARROWEST_HEAD = 280, 380  # px of their texts
_LEAST = 400  # px of the lists and answers; below that the page scrolls


class Scoreboard(QWidget):
    """The last evaluation of the project's run; it listens to the document and starts evaluations.

    Attributes:
        report: as ``report.json`` has it, {} before the first evaluation.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.report: dict[str, Any] = {}
        self._seen: tuple[str, int] = ("", 0)
        self.headline = label(role="headline", wrap=True)
        self.verdict = label(role="muted", wrap=True)
        self.reason = label(role="muted", wrap=True)
        self.evaluate = button(tr("Evaluate…"), self.ask, role="primary")
        self.export = button(tr("Export Report…"), self.save)
        self.leaves = LeafScores()
        self.answers = AnswersPane()
        self.more = button(tr("Generate More Here"), self.generate_more, picture="generate")
        self._cards = QGridLayout()
        self._lay_out()
        self.leaves.chosen.connect(self._on_leaf)
        shell.document.status_changed.connect(self.refresh)
        shell.document.settings_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._refresh_action)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the report as it is on disk, if it is another."""
        run = self._run()
        file = run.report if run else None
        try:
            seen = (str(file), file.stat().st_mtime_ns) if file else ("", 0)
        except OSError:
            seen = (str(file), 0)
        if seen != self._seen or not self.report:
            self._seen = seen
            self.report = read_report(file) if file else {}
            self._show()
        self._refresh_action()

    def ask(self) -> None:
        """Ask what the evaluation shall hold, and start it."""
        parts = self.report.get("parts", ())
        has_documents = any(leaf.kind == "knowledge" for leaf in self.shell.document.leaves.values())
        EvaluateSheet(self.window(), parts, has_documents, self._start).open()

    def save(self) -> None:
        """Write the report where the person says, in the form that the file's name says."""
        name = str(Path.home() / f"{self.shell.document.root.name}.html")
        forms = {".html": tr("Web page"), ".md": tr("Markdown"), ".csv": tr("Table (CSV)")}
        kinds = ";;".join(f"{forms[form]} (*{form})" for form in forms if form in FORMS)
        file, kind = QFileDialog.getSaveFileName(self, tr("Export Report"), name, kinds)
        if not file:
            return
        path = Path(file)
        if path.suffix.casefold() not in FORMS:
            path = path.with_name(path.name + kind.rpartition("*")[2].rstrip(")"))
        try:
            write_report(self.report, path)
        except (EspalierError, OSError) as error:
            self.shell.tell(tr("The report could not be written"), sentence_of(error))
            return
        self.shell.toast(tr("Wrote {file}.").format(file=path.name))

    def generate_more(self) -> None:
        """Go where more practice is written, with the chosen leaf ticked."""
        if self.leaves.path:
            self.shell.go("generate", {"leaf": self.leaves.path})

    def _start(self, parts: list[str]) -> None:
        self.shell.jobs.start("evaluate", parts=parts)

    def _run(self) -> Run | None:
        status = self.shell.document.status
        project = self.shell.document.project
        return Run(project.runs / status.run, {}) if status and status.run else None

    def _show(self) -> None:
        report = self.report
        self._stack.setCurrentIndex(1 if report else 0)
        if not report:
            return
        self.headline.setText(headline(report))
        self.verdict.setText(verdict(report))
        self.verdict.setVisible(bool(self.verdict.text()))
        self.leaves.show_leaves(report["leaves"])
        self.answers.show_questions(report["questions"], self.leaves.path)
        self._on_leaf(self.leaves.path)
        clear(self._cards)
        for place, (title, lines) in enumerate(facts(report)):
            texts = [label(line, wrap=True, selectable=True) for line in lines]
            for text in texts:
                text.setMinimumWidth(_NARROWEST_CARD)
            made = card(label(title, "headline"), *texts, None, spacing=4, margin=14)
            self._cards.addWidget(made, place // _SIDE_BY_SIDE, place % _SIDE_BY_SIDE)

    @Slot()
    def _refresh_action(self) -> None:
        status, job = self.shell.document.status, self.shell.jobs.current
        reason = why_not(status, is_busy=job is not None)
        for made in (self.evaluate, self.first):
            made.setEnabled(not reason)
            made.setToolTip(reason)
            made.setAccessibleDescription(reason)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason) and bool(self.report))
        has_run = bool(status and status.run)
        self.first.setVisible(has_run)
        self.train.setVisible(not has_run)
        text = tr(
            "The held-out questions, which the student never saw in training, are answered before and after. Every "
            "leaf gets its score, and weak leaves show where more practice helps."
        )
        self.empty.sentence.setText(f"{text} {reason}" if has_run else f"{text} {tr('Train first.')}")
        self.export.setEnabled(bool(self.report.get("questions")))

    @Slot(str)
    def _on_leaf(self, path: str) -> None:
        self.answers.show_leaf(path)
        self.more.setEnabled(path in self.shell.document.leaves)

    def _lay_out(self) -> None:
        for text in (self.headline, self.verdict, self.reason):
            text.setMinimumWidth(_NARROWEST_HEAD)  # else Qt reserves the height that it would have at any width
        words = column(self.headline, self.verdict, self.reason, spacing=4)
        head = row(words, self.export, self.evaluate, spacing=12)
        head.setStretch(0, 1)
        head.setAlignment(self.export, Qt.AlignmentFlag.AlignTop)
        head.setAlignment(self.evaluate, Qt.AlignmentFlag.AlignTop)
        left = QWidget()
        left.setLayout(column(Legend(), self.leaves, row(self.more, None), spacing=8))
        left.setMinimumWidth(270)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setProperty("role", "gap")
        self._splitter.setHandleWidth(20)
        self._splitter.setChildrenCollapsible(False)
        for part in (left, self.answers):
            self._splitter.addWidget(part)
        self._splitter.setMinimumHeight(_LEAST)
        self._splitter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._splitter.setSizes([300, 620])
        self._splitter.setStretchFactor(1, 1)
        self._cards.setSpacing(12)
        self._cards.setContentsMargins(0, 0, 0, 0)
        content = column(head, self._splitter, self._cards, spacing=16)
        content.setStretch(1, 1)
        content.setContentsMargins(24, 8, 24, 20)
        inner = QWidget()
        inner.setObjectName("page")
        inner.setLayout(content)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the keys, and scrolls into view
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self.first = button(tr("Evaluate…"), self.ask, role="primary")
        self.train = button(tr("Go to Train"), lambda: self.shell.go("train"), role="primary")
        self.empty = EmptyState("review", tr("Nothing has been evaluated yet"), "", self.first, self.train)
        self._stack = empty_or(self.empty, scroll)
        self.setLayout(column(self._stack, spacing=0))
