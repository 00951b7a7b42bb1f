"""What a run has told so far, read from its ``events.jsonl`` bit by bit while it is written."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from espalier.training.progress import EVENTS
from espalier.training.run import Run

SPANS = 50  # that a run is smoothed in: one bump in so many is still seen
LEAST = 5  # updates of a span


@dataclass(frozen=True)
class Score:
    """The held-out rows' loss after an update; ``is_best`` so far in its phase."""

    step: int
    loss: float
    is_best: bool


@dataclass
class Curves:
    """The curves of one run; its phases follow each other, and their updates are counted through.

    Attributes:
        steps: number of each update, from 1.
        total: updates of the whole run as far as they are known.
        losses: of each update, in nats per answer token; ``smoothed`` is their mean over about ``span`` updates.
        rates: learning rates.
        speeds: tokens per second.
        memory: bytes in use at most, so far.
        seconds: that all updates took.
        scores: of the held-out rows.
        told: (after update, kind, sentence) of what the run had to say.
        probed: (after update, answers) of the probe questions.
        borders: update after which each phase but the last ended.
    """

    steps: list[int] = field(default_factory=list)
    total: int = 0
    losses: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)
    span: int = LEAST
    rates: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0
    scores: list[Score] = field(default_factory=list)
    told: list[tuple[int, str, str]] = field(default_factory=list)
    probed: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    borders: list[int] = field(default_factory=list)
    _mean: float = 0.0
    _weight: float = 0.0

    @property
    def best(self) -> Score | None:
        """Return the lowest held-out score of the last phase, None before any."""
        since = self.borders[-1] if self.borders else 0
        return min((score for score in self.scores if score.step > since), key=lambda score: score.loss, default=None)

    def take(self, event: dict[str, Any], before: int) -> None:
        """Take in one line of a phase that begins after so many updates."""
        kind, step = event.get("event"), before + int(event.get("step", 0))
        if kind == "Update":
            self._update(event, step, before)
        elif kind == "Validated":
            self.scores.append(Score(step, float(event["loss"]), bool(event["is_best"])))
        elif kind == "Probed":
            self.probed.append((step, tuple(event["answers"])))
        elif kind == "Told":
            self.told.append((step, str(event.get("kind", "")), str(event["text"])))

    def _update(self, event: dict[str, Any], step: int, before: int) -> None:
        if before + int(event["steps"]) > self.total:
            self.total = before + int(event["steps"])
            self.span = max(self.span, LEAST, self.total // SPANS)
        loss = float(event["loss"])
        self.steps.append(step)
        self.losses.append(loss)
        # An exponential mean whose weights have the centre of mass of a mean over ``span``; the start is unbiased.
        keep = (self.span - 1) / (self.span + 1)
        self._mean = keep * self._mean + (1 - keep) * loss
        self._weight = keep * self._weight + (1 - keep)
        self.smoothed.append(self._mean / self._weight)
        self.rates.append(float(event["learning_rate"]))
        seconds = max(float(event["seconds"]), 1e-9)
        self.speeds.append(float(event["tokens"]) / seconds)
        self.seconds += seconds
        self.memory.append(int(event["memory"]))


class CurvesReader:
    """Reads a run's curves on from where it was; a record that was cut back is read anew."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.curves = Curves()
        self._places: dict[Path, int] = {}
        self._files: dict[Path, tuple[int, int]] = {}
        self._steps: dict[Path, int] = {}

    def read(self, seconds: float = 1e9) -> bool:
        """Read what is new for about so long; return whether there may be more.

        Lines that are not whole yet wait for the next call.
        """
        end = time.monotonic() + seconds
        files = self._records()
        if any(self._was_cut(file) for file in files):
            self.curves = Curves()
            self._places, self._steps = {}, {}
        before = 0
        for number, file in enumerate(files):
            for event in self._events(file):
                self._steps[file] = max(self._steps.get(file, 0), int(event.get("step", 0)))
                self.curves.take(event, before)
                if time.monotonic() >= end:
                    return True
            before += self._steps.get(file, 0)
            if number < len(files) - 1 and before not in self.curves.borders:
                self.curves.borders.append(before)
        return False

    def _records(self) -> list[Path]:
        phases = sorted(self.run.folder.glob(f"phases/*/{EVENTS}"), key=lambda path: int(path.parent.name))
        return phases or [path for path in [self.run.folder / EVENTS] if path.exists()]

    def _was_cut(self, file: Path) -> bool:
        """Return whether a record is another file than it was, or shorter than what was read of it."""
        found = file.stat()
        known = self._files.get(file)
        self._files[file] = (found.st_ino, found.st_size)
        return known is not None and (known[0] != found.st_ino or found.st_size < self._places.get(file, 0))

    def _events(self, file: Path) -> Iterator[dict[str, Any]]:
        with file.open("rb") as stream:
            stream.seek(self._places.get(file, 0))
            for line in stream:
                if not line.endswith(b"\n"):
                    return
                self._places[file] = self._places.get(file, 0) + len(line)
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield event


def read_curves(run: Run) -> Curves:
    """Return everything that a run has told."""
    reader = CurvesReader(run)
    while reader.read():
        pass
    return reader.curves
