"""Generate: what the teacher wrote for each leaf, and what the critic said of it."""

from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QColor, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QComboBox, QHeaderView, QTableView, QTextBrowser, QWidget

from espalier.errors import EspalierError
from espalier.status import LeafStatus
from espalier.synthesis.later import checked
from espalier.synthesis.sample import Journal, Sample
from espalier_desktop import theme
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.samples_model import SamplesModel
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.segments import Segments


class GeneratePage(Page):
    """One leaf's samples in a table, with the whole of the chosen one below."""

    offers = frozenset({"go_generate"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.leaf = QComboBox()
        self.leaf.setAccessibleName(tr("Leaf"))
        self.leaf.setMinimumWidth(220)
        self.leaf.activated.connect(self.refresh)
        self.which = Segments(
            {"all": tr("All"), "accepted": tr("Accepted"), "rejected": tr("Rejected")}, tr("Which samples")
        )
        self.which.choose("all")
        self.which.chosen.connect(self._filter)
        self.reason = QComboBox()
        self.reason.setAccessibleName(tr("Why it was rejected"))
        self.reason.activated.connect(self._filter_reason)
        self.summary = label(role="muted")
        self.write = button(tr("Generate This Leaf"), self._generate)
        self._model = SamplesModel(self)
        self._shown = "all"
        self.table = QTableView()
        self.table.setAccessibleName(tr("Samples"))
        self.table.setModel(self._model)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(32)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.selectionModel().currentChanged.connect(self._show_sample)
        self.detail = QTextBrowser()
        self.detail.setAccessibleName(tr("The chosen sample"))
        self.detail.setTabChangesFocus(True)
        self.detail.setMaximumHeight(190)
        self.detail.setPlaceholderText(tr("Choose a row to read the whole sample and every check it went through."))
        self._lay_out()
        shell.document.leaves_changed.connect(self.refresh)
        shell.document.status_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._refresh_actions)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the leaves there are, and the samples of the chosen one."""
        leaves = self.shell.document.leaves
        if [self.leaf.itemData(place) for place in range(self.leaf.count())] != list(leaves):
            chosen = self.leaf.currentData()
            self.leaf.clear()
            for path in leaves:
                self.leaf.addItem(leaf_name(path), path)
                self.leaf.setItemData(self.leaf.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
            self.leaf.setCurrentIndex(max(0, self.leaf.findData(chosen)))
        leaf = leaves.get(self.leaf.currentData() or "")
        any_samples = any(status.samples != "none" for status in leaves.values())
        self._stack.setCurrentIndex(1 if any_samples else 0)
        if leaf:
            self._show_leaf(leaf)
        self._refresh_actions()

    def save_state(self) -> dict[str, Any]:
        """Return the chosen leaf."""
        return {"leaf": self.leaf.currentData()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Choose the leaf that was chosen."""
        place = self.leaf.findData(state.get("leaf"))
        if place >= 0:
            self.leaf.setCurrentIndex(place)
            self.refresh()

    def _lay_out(self) -> None:
        head = row(self.leaf, self.summary, None, self.write, spacing=12)
        filters = row(self.which, self.reason, None, spacing=12)
        content = column(head, filters, self.table, self.detail, spacing=12)
        content.setContentsMargins(24, 20, 24, 20)
        samples = QWidget()
        samples.setLayout(content)
        self.start = button(tr("Generate Samples"), lambda: self.shell.do("generate"), role="primary")
        text = tr(
            "The teacher reads your seed examples and documents and writes questions and answers like them. The critic "
            "judges each one and says why. Nothing is thrown away."
        )
        self._stack = empty_or(EmptyState("generate", tr("No samples yet"), text, self.start), samples)
        self.setLayout(column(self._stack, spacing=0))

    def _show_leaf(self, leaf: LeafStatus) -> None:
        samples = self._read(leaf)
        rejected = len(samples) - sum(sample.is_accepted for sample in samples)
        texts = [
            tr("{accepted} of {all} accepted").format(
                accepted=number(len(samples) - rejected), all=number(len(samples))
            )
        ]
        if leaf.samples == "part":
            texts.append(tr("not finished"))
        elif leaf.samples == "none":
            texts = [tr("Nothing is written for this leaf as it is now")]
        self.summary.setText(" · ".join(texts))
        reasons = [(tr("Any reason"), "rejected")]
        reasons += [(f"{said(name)} ({number(count)})", name) for name, count in leaf.rejected.items()]
        if [self.reason.itemText(place) for place in range(self.reason.count())] != [text for text, _ in reasons]:
            self.reason.clear()
            for text, name in reasons:
                self.reason.addItem(text, name)
        self.reason.setVisible(self._shown not in ("all", "accepted"))
        self._model.show_samples(samples, self._shown)

    def _read(self, leaf: LeafStatus) -> list[Sample]:
        if not leaf.journal:
            return []
        try:
            return checked(Journal(self.shell.document.project.samples / leaf.journal))
        except (EspalierError, OSError, KeyError, TypeError):
            return []

    def _filter(self, which: str) -> None:
        self._shown = which
        self.reason.setCurrentIndex(0)
        self.refresh()

    def _filter_reason(self) -> None:
        self._shown = self.reason.currentData()
        self.refresh()

    @Slot()
    def _refresh_actions(self) -> None:
        leaf = self.shell.document.leaves.get(self.leaf.currentData() or "")
        is_idle = self.shell.jobs.current is None
        is_ready = leaf is not None and not leaf.errors and leaf.samples != "all"
        self.write.setVisible(is_ready)
        self.write.setEnabled(is_idle)
        self.start.setEnabled(is_idle and bool(self.shell.document.leaves) and not self.shell.document.errors)

    def _generate(self) -> None:
        self.shell.jobs.start("generate", leaves=[self.leaf.currentData()])

    @Slot(QModelIndex, QModelIndex)
    def _show_sample(self, now: QModelIndex, before: QModelIndex) -> None:
        sample = self._model.sample(now)
        if sample is None:
            self.detail.clear()
            return
        self.detail.clear()
        cursor = self.detail.textCursor()
        self._write(cursor, tr("Question"), sample.question)
        self._write(cursor, tr("Answer"), sample.answer)
        if sample.source and sample.source != sample.answer:
            self._write(cursor, tr("Written from"), sample.source)
        checks = "\n".join(f"{'✓' if check.passed else '✕'}  {said(check.reason)}" for check in sample.verdict)
        self._write(cursor, tr("Checks"), checks)
        self.detail.moveCursor(QTextCursor.MoveOperation.Start)

    def _write(self, cursor: QTextCursor, title: str, text: str) -> None:
        """Add a titled part; as plain text, for models write what they like."""
        small = QTextCharFormat()
        small.setForeground(QColor(theme.current().muted))
        small.setProperty(QTextCharFormat.Property.FontPixelSize, 11)
        block = QTextBlockFormat()
        block.setTopMargin(0 if cursor.atStart() else 8)
        if not cursor.atStart():
            cursor.insertBlock(block)
        cursor.insertText(title, small)
        cursor.insertBlock(QTextBlockFormat())
        cursor.insertText(text, QTextCharFormat())
