"""What a run tells while it trains, and its record in ``events.jsonl``; what a person asks of it meanwhile."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from espalier.files import append_lines, read_lines, write_text

EVENTS = "events.jsonl"
FIRST_BATCH = "first_batch.json"
FRESH = 0.5  # seconds that a line may wait for others before it is written: windows read along
_WISH = "wish"


@dataclass(frozen=True)
class Update:
    """One update of the weights.

    Attributes:
        step: counted from 1.
        steps: of the whole run.
        loss: mean over the update's answer tokens, in nats.
        learning_rate: that was used.
        norm: of the gradient before it was clipped.
        tokens: of the update's rows, without padding.
        seconds: that it took.
        memory: the largest that was in use so far, in bytes.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    norm: float
    tokens: int
    seconds: float
    memory: int


@dataclass(frozen=True)
class Validated:
    """The held-out rows were scored; ``loss`` is their mean per answer token in nats, ``is_best`` so far in the run."""

    step: int
    loss: float
    is_best: bool


@dataclass(frozen=True)
class Told:
    """A sentence about the run that a person should read.

    Attributes:
        kind: cut or left out for rows that are too long; retreat from a loss that is no number, split for an update
            that was too large; waits where training stands still until something is better, goes on where it is; ""
            for other news.
    """

    step: int
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Probed:
    """The probe questions were answered as the student is after an update; ``answers`` are in their order."""

    step: int
    answers: tuple[str, ...]


TrainEvent = Update | Validated | Told | Probed
Tell = Callable[[TrainEvent], None]
_TYPES: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(TrainEvent)}


def event_values(event: TrainEvent) -> dict[str, Any]:
    """Return an event as plain values, its type as ``event``."""
    return {"event": type(event).__name__, **asdict(event)}


def event_of(values: Mapping[str, Any]) -> TrainEvent | None:
    """Return the event of what `event_values` returned, None when it is none."""
    kind = _TYPES.get(str(values.get("event")))
    event: TrainEvent | None = (
        kind(**{name: value for name, value in values.items() if name != "event"}) if kind else None
    )
    return event


class RunRecord:
    """The run's ``events.jsonl``: one line per event, without those of updates that are made again."""

    def __init__(self, run: Path, step: int) -> None:
        """Open the record of a run that goes on after an update; lines beyond it are dropped."""
        self._path = run / EVENTS
        self._waiting: list[dict[str, Any]] = []
        self._written = time.monotonic()
        kept = [line for line in read_lines(self._path) if line.get("step", 0) <= step]
        if self._path.exists():
            self._path.unlink()
        if kept:
            append_lines(self._path, kept)

    def add(self, event: TrainEvent) -> None:
        """Keep an event; it is on disk after the next `flush`, and soon anyway."""
        self._waiting.append(event_values(event))
        if time.monotonic() - self._written >= FRESH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            append_lines(self._path, self._waiting)
        self._waiting = []
        self._written = time.monotonic()


def wish(run: Path, what: str) -> None:
    """Ask a run that trains now, or its next start, to ``pause`` or to ``finish`` with what it has learned so far."""
    write_text(run / _WISH, what + "\n")


def take_wish(run: Path) -> str:
    """Return what a person asked of the run, "" for nothing, and forget it."""
    path = run / _WISH
    if not path.exists():
        return ""
    what = path.read_text(encoding="utf-8").strip()
    path.unlink()
    return what


def forget_pause(run: Path) -> None:
    """Take back a pause that nobody heeded, because the run was ended in another way."""
    if take_wish(run) == "finish":
        wish(run, "finish")


def read_first_batch(run: Path) -> dict[str, Any]:
    """Return what a run showed the student first, {} where it is not known; of a run in phases, the first one's."""
    for file in (run / FIRST_BATCH, *sorted(run.glob(f"phases/*/{FIRST_BATCH}"))):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    return {}
