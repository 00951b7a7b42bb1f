"""How long a stage will still take, told at most a few times a second."""

import time

from espalier.messages import Emit, Progress


class Clock:
    """Time left of a stage, from the speed so far."""

    def __init__(self, stage: str, total: int, unit: str, emit: Emit) -> None:
        self._stage, self._total, self._unit, self._emit = stage, total, unit, emit
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)
        self._told = 0.0

    def tell(self, done: int, detail: str = "", **figures: float) -> None:
        """Report how much is done, at most four times a second."""
        now = time.monotonic()
        self._first = self._first or (done, now)
        if done != self._last[0]:
            self._last = (done, now)
        if done < self._total and now - self._told < 0.25:
            return
        self._told = now
        self._emit(Progress(self._stage, done, self._total, self._unit, self._left(done, now), detail, figures))

    def stand(self, detail: str) -> None:
        """Report that nothing goes forward for now, and why; how long that takes nobody knows."""
        self._told = time.monotonic()
        self._first = None  # the time that stands still says nothing about the speed
        self._emit(Progress(self._stage, self._last[0], self._total, self._unit, None, detail, {"waits": 1}))

    def _left(self, done: int, now: float) -> float | None:
        assert self._first
        begun, since = self._first
        reached = self._last[1]
        if done <= begun:
            return None
        return max(0.0, (reached - since) / (done - begun) * (self._total - done) - (now - reached))


def duration(seconds: float) -> str:
    """Return a time as a person says it, such as “3 min 5 s”."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
