"""The sheet that says what each way to stop does, before anything stops."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from espalier.training.curves import Curves
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.sheet import Sheet

_WIDE = 520  # px


class StopSheet(Sheet):
    """Pause, finish now, or keep training; Return and Escape keep training.

    Args:
        parent: the window.
        curves: of the run.
        pause: stops so that it goes on exactly there.
        finish: ends it and keeps the best so far.
    """

    def __init__(
        self, parent: QWidget, curves: Curves, pause: Callable[[], object], finish: Callable[[], object]
    ) -> None:
        done = curves.steps[-1] if curves.steps else 0
        text = tr("{done} of {all} updates are made. Choose what becomes of them.")
        all_ = number(curves.total) if curves.total else "–"
        super().__init__(parent, tr("Stop the training?"), text.format(done=number(done), all=all_))
        self.pause = button(tr("Pause"), lambda: self._do(pause))
        self.finish = button(tr("Finish Now"), lambda: self._do(finish))
        best = curves.best
        kept = (
            tr("The checkpoint of update {step} becomes the adapter: it did best on held-out rows.")
            if best and best.step < done
            else tr("What is learned so far becomes the adapter; of all checkpoints, the best on held-out rows.")
        )
        for made, says in (
            (
                self.pause,
                tr("The update that is being made is finished and saved. Going on later continues exactly there."),
            ),
            (
                self.finish,
                kept.format(step=number(best.step) if best else "")
                + " "
                + tr("The updates that are left are not made; “Train More” can add some."),
            ),
        ):
            made.setAutoDefault(False)
            made.setMinimumWidth(130)
            words = label(says, "muted", wrap=True)
            words.setMinimumWidth(_WIDE - 200)
            made.setAccessibleDescription(says)
            layout = row(column(made, None), words, spacing=16)
            layout.setStretch(1, 1)
            self.body.addSpacing(8)
            self.body.addLayout(layout)
        self.add(tr("Keep Training"), is_primary=True)

    def _do(self, what: Callable[[], object]) -> None:
        self.accept()
        what()
