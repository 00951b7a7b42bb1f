"""Answers that are written by several writers at once, a step of each in turn."""

from collections.abc import Iterator, Sequence

from espalier.comparison.turns import Said


def in_turn(writers: Sequence[Iterator[list[Said]]]) -> Iterator[list[Said]]:
    """Yield what the writers yield, one step of each after the other, until all are done."""
    waiting = list(writers)
    while waiting:
        for writer in list(waiting):
            said = next(writer, None)
            if said is None:
                waiting.remove(writer)
            else:
                yield said
