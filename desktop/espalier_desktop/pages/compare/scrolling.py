"""Two conversations scrolled together: turn by turn, and within a turn by proportion."""

from bisect import bisect_right
from itertools import pairwise

from PySide6.QtCore import QObject, Slot

from espalier_desktop.pages.compare.transcript import Transcript


class LockedScrolling(QObject):
    """Moves each of two transcripts with the other, while it is on."""

    def __init__(self, left: Transcript, right: Transcript, parent: QObject) -> None:
        super().__init__(parent)
        self.is_on = True
        self._views = (left, right)
        self._is_following = False
        left.verticalScrollBar().valueChanged.connect(self._follow_left)
        right.verticalScrollBar().valueChanged.connect(self._follow_right)

    @Slot()
    def _follow_left(self) -> None:
        self._follow(*self._views)

    @Slot()
    def _follow_right(self) -> None:
        self._follow(*reversed(self._views))

    def _follow(self, moved: Transcript, other: Transcript) -> None:
        if not self.is_on or self._is_following or moved.is_busy or other.is_busy:
            return
        self._is_following = True
        try:
            bar = other.verticalScrollBar()
            if moved.is_at_end:
                bar.setValue(bar.maximum())
            else:
                bar.setValue(round(counterpart(moved.verticalScrollBar().value(), marks(moved), marks(other))))
        finally:
            self._is_following = False


def marks(view: Transcript) -> list[float]:
    """Return where each turn begins in px from the top, and where the last one ends."""
    layout = view.document().documentLayout()
    blocks = (view.document().findBlock(turn.start + (1 if turn.start else 0)) for turn in view.turns)
    return [*(layout.blockBoundingRect(block).top() for block in blocks), layout.documentSize().height()]


def counterpart(place: float, here: list[float], there: list[float]) -> float:
    """Return the place in another conversation that is as far into the same turn.

    Args:
        place: px from the top.
        here: where the turns begin and the last ends in the conversation that was moved, ascending.
        there: likewise in the other.
    """
    if len(here) != len(there) or len(here) < 2:
        return place
    turn = max(0, min(bisect_right(here, place) - 1, len(here) - 2))
    (top, bottom), (other_top, other_bottom) = list(pairwise(here))[turn], list(pairwise(there))[turn]
    share = (place - top) / (bottom - top) if bottom > top else 0.0
    return other_top + share * (other_bottom - other_top)
