"""Which answer is better, asked while nobody is told which is which; and what all votes add up to."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row

KEYS = {"left": "1", "right": "2", "both": "0", "neither": "X"}


class VoteBar(QFrame):
    """Four buttons, each with its key, and the tally.

    Signals:
        voted: left, right, both or neither.
    """

    voted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.asks = label(tr("Which answer is better?"), "strong")
        texts = {
            "left": tr("Left ({key})"),
            "right": tr("Right ({key})"),
            "both": tr("Both Fine ({key})"),
            "neither": tr("Neither ({key})"),
        }
        self.buttons = {
            choice: button(text.format(key=KEYS[choice]), partial(self.voted.emit, choice))
            for choice, text in texts.items()
        }
        self.tally = label(role="muted", wrap=True)
        self.tally.setMinimumHeight(18)
        head = row(self.asks, None, *self.buttons.values(), spacing=8)
        layout = column(head, self.tally, spacing=6)
        layout.setContentsMargins(14, 8, 12, 8)
        self.setLayout(layout)

    def show_state(self, *, is_blind: bool, is_due: bool, result: str, tally: str) -> None:
        """Show what is asked, or what came of it; nothing when there is neither.

        Args:
            is_blind: whether the next answers are hidden.
            is_due: whether a vote is asked for now.
            result: what the vote revealed, "" while there is none.
            tally: what all votes on this pair say, "" while there is none.
        """
        self.setVisible(is_blind or is_due or bool(result))
        for each in self.buttons.values():
            each.setEnabled(is_due)
            each.setVisible(not result or is_due)
        hidden = tr("Blind: who answers is told after your vote")
        asks = tr("Which answer is better?") if is_due else result or hidden
        self.asks.setText(asks)
        self.tally.setText(tally)
        self.tally.setVisible(bool(tally) and not is_due)  # what others chose is no help
