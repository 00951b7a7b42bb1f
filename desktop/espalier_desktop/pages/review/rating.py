"""How far the critic agrees with the person: a few rows are rated, then thresholds that agree better are offered."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from espalier.synthesis.calibration import (
    Agreement,
    Proposal,
    Ratings,
    agreements,
    propose,
    rate,
    ratings_path,
    read_ratings,
    rows_to_rate,
)
from espalier.synthesis.sample import Sample
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.basics import button, label
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.sheet import Sheet

Take = Callable[[Mapping[str, float]], object]


def ask_ratings(parent: QWidget, root: Path, samples: Sequence[Sample], try_out: Take, use: Take) -> None:
    """Let the person rate a few samples of a project, and compare them with the critic.

    Args:
        parent: window.
        root: of the project.
        samples: among which those to rate are chosen.
        try_out: shows what thresholds that agree better would do.
        use: makes them hold.
    """
    path = ratings_path(root)
    chosen = rows_to_rate(samples, read_ratings(path))

    def end() -> None:
        ratings = read_ratings(path)
        if any(sample.key in ratings for sample in samples):
            tell_agreement(parent, samples, ratings, try_out, use).open()

    if chosen:
        RatingSheet(parent, chosen, lambda sample, is_good: rate(path, sample, is_good), end).open()
    else:
        end()


class RatingSheet(Sheet):
    """One row after the other, each good or not; what the critic thinks of them is not shown."""

    def __init__(
        self,
        parent: QWidget,
        samples: Sequence[Sample],
        rate: Callable[[Sample, bool], object],
        end: Callable[[], object],
    ) -> None:
        super().__init__(
            parent,
            tr("Would you teach this?"),
            tr("Say of each row whether you would keep it. The critic’s own view is hidden until you are done."),
        )
        self._samples, self._rate, self._end = list(samples), rate, end
        self._place = 0
        self.progress = label(role="muted")
        self.question = label(role="strong", wrap=True, selectable=True)
        self.answer = label(wrap=True, selectable=True)
        self.source = label(role="muted", wrap=True, selectable=True)
        for widget in (self.progress, self.question, self.answer, self.source):
            self.body.addWidget(widget)
        self.setMinimumWidth(520)
        self.no = button(tr("No (D)"), lambda: self._say(False))
        self.yes = button(tr("Yes (Y)"), lambda: self._say(True), role="primary")
        self.add_cancel()
        for made in (self.no, self.yes):
            self._buttons.addWidget(made)
        self.yes.setDefault(True)
        self.yes.setFocus()
        self._show()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        answers = {Qt.Key.Key_Y: True, Qt.Key.Key_D: False}
        if event.key() in answers:
            self._say(answers[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _say(self, is_good: bool) -> None:
        self._rate(self._samples[self._place], is_good)
        self._place += 1
        if self._place < len(self._samples):
            self._show()
            return
        self.accept()
        self._end()

    def _show(self) -> None:
        sample = self._samples[self._place]
        self.progress.setText(
            tr("{done} of {all}").format(done=number(self._place + 1), all=number(len(self._samples)))
        )
        self.question.setText(sample.request)
        self.answer.setText(sample.answer)
        self.source.setText(sample.source if sample.source != sample.answer else "")


def tell_agreement(parent: QWidget, samples: Sequence[Sample], ratings: Ratings, try_out: Take, use: Take) -> Sheet:
    """Show how far critic and person agree, and offer thresholds that would agree better."""
    found, proposal = agreements(samples, ratings), propose(samples, ratings)
    sheet = Sheet(parent, tr("You and the critic"), _whole(found[""]))
    for name, each in found.items():
        if name and each.kappa is not None:
            sheet.body.addWidget(label(_line(check_title(name), each), "muted"))
    if proposal is None:
        sheet.body.addWidget(label(tr("No other thresholds would agree with you more often."), wrap=True))
        return sheet.add(tr("OK"), is_primary=True)
    sheet.body.addWidget(label(_offer(proposal), wrap=True))
    thresholds = proposal.thresholds
    sheet.add(tr("Leave As It Is")).add(tr("Try First"), lambda: try_out(thresholds))
    return sheet.add(tr("Use These Thresholds"), lambda: use(thresholds), is_primary=True)


def _whole(found: Agreement) -> str:
    text = tr("The critic agrees with you on {share} % of {rows} rows.")
    told = text.format(share=number(100 * found.raw), rows=number(found.rows))
    if found.kappa is None:
        return told
    text = tr("Beyond chance that is {kappa} (from {low} to {high}; 1 is full agreement).")
    numbers = {"kappa": found.kappa, "low": found.low or 0.0, "high": found.high or 0.0}
    return f"{told} {text.format(**{name: number(value, 2) for name, value in numbers.items()})}"


def _line(name: str, found: Agreement) -> str:
    text = tr("{check}: agrees on {share} % of {rows} rows")
    return text.format(check=name, share=number(100 * found.raw), rows=number(found.rows))


def _offer(proposal: Proposal) -> str:
    moved = ", ".join(f"{check_title(name)} {number(value, 2)}" for name, value in proposal.thresholds.items())
    text = tr("With {thresholds} it would agree on {share} % of these rows; on others it will be less.")
    return text.format(thresholds=moved, share=number(100 * proposal.after.raw))
