"""How far a transfer is: its bytes, its speed, and the time that is left."""

import time
from collections import deque

from espalier.messages import Emit, Progress

_WINDOW = 8.0  # seconds over which the speed is taken
_BEAT = 0.2  # seconds between two reports


class Meter:
    """Counts the bytes of a transfer and tells of them a few times a second.

    Args:
        total: bytes of the whole.
        done: bytes that are there at the beginning.
        emit: told the progress; an exception from it stops the transfer.
        stage: name of the stage that is reported on.
    """

    def __init__(self, total: int, done: int, emit: Emit, stage: str = "download") -> None:
        self._total, self._done, self._emit, self._stage = total, done, emit, stage
        self._told = 0.0
        self._seen = deque([(time.monotonic(), done)])

    def add(self, count: int) -> None:
        """Count bytes that have arrived."""
        self._done += count
        now = time.monotonic()
        self._seen.append((now, self._done))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        if now - self._told >= _BEAT:
            self.tell()

    def take_back(self, count: int) -> None:
        """Count bytes that have to come again."""
        self._done = max(0, self._done - count)
        self._seen = deque([(time.monotonic(), self._done)])

    def tell(self) -> None:
        """Report how far it is."""
        self._told = time.monotonic()
        (begun, before), (now, done) = self._seen[0], self._seen[-1]
        speed = (done - before) / (now - begun) if now > begun else 0.0
        left = (self._total - self._done) / speed if speed else None
        figures = {"bytes_per_second": speed} if speed else {}
        detail = f"{speed / 1e6:.1f} MB/s" if speed else ""
        self._emit(Progress(self._stage, min(self._done, self._total), self._total, "bytes", left, detail, figures))
