"""Quantize: the student in 4 bits, and how much smaller it is."""

from pathlib import Path

from PySide6.QtCore import QRectF, Qt, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.training.run import Run, all_runs
from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, card, column, label, row
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import size


class QuantizePage(Page):
    """The size before and after, and what it cost where that is known."""

    offers = frozenset({"quantize"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.state = label(role="headline", wrap=True)
        self.advice = label(role="muted", wrap=True)
        self.action = button("", self._act, role="primary")
        self.before, self.after = _SizeBar(), _SizeBar()
        self.before_text, self.after_text = label(role="strong"), label(role="strong")
        self.cost = label(wrap=True)
        words = column(self.state, self.advice, spacing=4)
        head = row(words, self.action, spacing=16)
        head.setStretch(0, 1)
        sizes = card(
            label(tr("Size on disk"), "headline"),
            row(label(tr("Student with its adapter"), "muted"), None, self.before_text),
            self.before,
            8,
            row(label(tr("4-bit student"), "muted"), None, self.after_text),
            self.after,
            spacing=8,
            margin=20,
        )
        self._cost_card = card(label(tr("What it cost"), "headline"), self.cost, spacing=8, margin=20)
        content = column(head, sizes, self._cost_card, None, spacing=16)
        content.setContentsMargins(32, 28, 32, 28)
        inner = QWidget()
        inner.setLayout(content)
        text = tr(
            "After training, the adapter is merged into the student and the result is stored in 4 bits: about a "
            "quarter of the size, ready for smaller machines. Train first."
        )
        self.train = button(tr("Go to Train"), lambda: shell.go("train"), role="primary")
        self._stack = empty_or(EmptyState("quantize", tr("There is no adapter yet"), text, self.train), inner)
        self.setLayout(column(self._stack, spacing=0))
        shell.document.status_changed.connect(self.refresh)
        shell.jobs.changed.connect(self._refresh_action)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the run that the project's status is about."""
        run = self._run()
        self._stack.setCurrentIndex(1 if run else 0)
        if run:
            student = _size_of(self._student()) + _size_of(run.adapter)
            small = _size_of(run.quantized)
            self.before_text.setText(size(student))
            self.after_text.setText(size(small) if small else tr("not made yet"))
            self.before.show_share(1.0)
            self.after.show_share(small / student if student else 0.0)
            self.state.setText(tr("The 4-bit student is ready") if small else tr("The student can be made smaller"))
            self.advice.setText(
                tr("It answers without the adapter: everything is inside.")
                if small
                else tr("The adapter is merged in and the result stored in 4 bits. The adapter stays.")
            )
            self._show_cost()
        self._refresh_action()

    @Slot()
    def _refresh_action(self) -> None:
        run = self._run()
        self.action.setText(tr("Show Folder") if run and run.quantized else tr("Quantize"))
        self.action.setEnabled(bool(run and run.quantized) or self.shell.jobs.current is None)

    def _show_cost(self) -> None:
        status = self.shell.document.status
        totals = status.scores.values() if status else []
        has_all = bool(totals) and all("4-bit" in total and "tuned" in total for total in totals)
        if has_all:
            tuned, small, questions = (sum(total[name] for total in totals) for name in ("tuned", "4-bit", "questions"))
            text = tr(
                "On {questions} held-out questions, the tuned student gets {tuned} right and its 4-bit form {small}."
            )
            self.cost.setText(text.format(questions=questions, tuned=tuned, small=small))
        else:
            self.cost.setText(tr("Evaluate to see how many answers change when the student is made smaller."))

    def _act(self) -> None:
        run = self._run()
        if run and run.quantized:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.quantized)))
        else:
            self.shell.do("quantize")

    def _run(self) -> Run | None:
        status = self.shell.document.status
        name = status.run if status else ""
        return next((run for run in all_runs(self.shell.document.project) if name and run.folder.name == name), None)

    def _student(self) -> Path | None:
        try:
            return find_model(self.shell.document.project.student)
        except EspalierError:
            return None


class _SizeBar(QWidget):
    """A share of the full width."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setFixedHeight(12)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_share(self, share: float) -> None:
        self._share = min(max(share, 0.0), 1.0)
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, colour in ((1.0, tokens.line), (self._share, tokens.accent)):
            if share:
                painter.setBrush(QColor(colour))
                painter.drawRoundedRect(QRectF(0, 0, self.width() * share, 12), 6, 6)
        painter.end()


def _size_of(folder: Path | None) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else 0
