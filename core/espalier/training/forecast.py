"""What a run will take before it is started: memory, time and disk, and what to change when that is too much."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from espalier.training.memory import Pass, Shape, inner_values, standing, trained_values
from espalier.training.settings import TrainSettings, changed

Verdict = Literal["fits", "tight", "too large"]

ROOMY = 0.8  # of the memory that may be used; up to it a run fits, above it is tight: lengths vary, programs open
SAVED = 6  # copies of what is trained that a run may hold on disk at once, one being written, each with two moments


@dataclass(frozen=True)
class Change:
    """What would make a run fit.

    Attributes:
        values: training values by name, for `espalier.training.dial.change_training`.
        sentences: what becomes of the run.
        memory: bytes that the run would take then.
    """

    values: Mapping[str, Any]
    sentences: tuple[str, ...]
    memory: int


@dataclass(frozen=True)
class Forecast:
    """What a run will take.

    Attributes:
        memory: largest use, in bytes.
        room: bytes that may be used.
        seconds: of the whole run; None where it was not measured.
        updates: of the whole run.
        disk: bytes that the run's folder grows to, with the 4-bit student.
        disk_free: bytes there are.
        measured: whether real updates were made; else memory comes from a formula.
        change: what would make it fit; None where it fits, or where nothing would.
    """

    memory: int
    room: int
    seconds: float | None
    updates: int
    disk: int
    disk_free: int
    measured: bool
    change: Change | None = None

    @property
    def verdict(self) -> Verdict:
        """Return whether the run fits into memory and onto the disk."""
        if self.memory > self.room or self.disk > self.disk_free:
            return "too large"
        return "fits" if self.memory <= ROOMY * self.room else "tight"

    @property
    def sentences(self) -> list[str]:
        """Return the verdict with its reason and what to do."""
        need, room, disk, free = map(_size, (self.memory, self.room, self.disk, self.disk_free))
        if self.disk > self.disk_free:
            return [f"The run needs {disk} on the disk, and {free} is free. Make room."]
        if self.verdict == "fits":
            return [f"It fits: the run needs {need} of memory, and {room} may be used."]
        if self.verdict == "tight":
            told = [f"It is tight: the run needs {need} of memory, and {room} may be used."]
        else:
            told = [f"It is too large: the run needs {need} of memory, and {room} may be used."]
        if self.change:
            return [*told, *self.change.sentences, f"Then it needs {_size(self.change.memory)}."]
        return [*told, "Choose a smaller student, or close other programs."]

    def as_values(self) -> dict[str, Any]:
        """Return the forecast as plain values."""
        return {**asdict(self), "verdict": self.verdict, "sentences": self.sentences}


def forecast(
    shape: Shape,
    settings: TrainSettings,
    largest: Callable[[TrainSettings], Pass],
    memory: int | None,
    room: int,
    disk_free: int,
    updates: int,
    seconds: float | None,
) -> Forecast:
    """Return the forecast of a run.

    Args:
        shape: of the student.
        settings: of the run.
        largest: the largest pass of the run with other settings.
        memory: measured with these settings, in bytes; None takes the formula's.
        room: bytes that may be used.
        disk_free: bytes on the disk.
        updates: of the run.
        seconds: of the run, measured.
    """
    inner = inner_values(shape, settings, largest(settings))
    off = 1.0 if memory is None else max(0.2, (memory - standing(shape, settings)) / inner)

    def taken(other: TrainSettings) -> int:
        return standing(shape, other) + round(off * inner_values(shape, other, largest(other)))

    found = Forecast(
        taken(settings) if memory is None else memory,
        room,
        seconds,
        updates,
        disk_needed(shape, settings),
        disk_free,
        memory is not None,
    )
    if found.memory <= ROOMY * room:
        return found
    return replace(found, change=_change(settings, taken, shape, room))


def _change(settings: TrainSettings, taken: Callable[[TrainSettings], int], shape: Shape, room: int) -> Change | None:
    """Return the change that costs the run least of those after which it fits, else None."""
    together: dict[str, tuple[Any, str]] = {}
    for name, value, text in _remedies(settings, shape):
        together[name] = (value, text)
        for tried in ({name: (value, text)}, together):
            values = {key: part for key, (part, _) in tried.items()}
            memory = taken(changed(settings, values))
            if memory <= ROOMY * room:
                return Change(values, tuple(said for _, said in tried.values()), memory)
    return None


def _remedies(settings: TrainSettings, shape: Shape) -> Iterator[tuple[str, Any, str]]:
    """Yield (name, value, what it means) of changes, the harmless ones first."""
    pieces = settings.accumulation * 2
    while pieces <= settings.batch_rows:
        yield "accumulation", pieces, f"Compute each update in {pieces} parts: the same result, a little slower."
        pieces *= 2
    if not settings.checkpointing and settings.method != "prompt":
        yield "checkpointing", True, "Compute inner values twice: the same result, about a third slower."
    if settings.method == "lora" and shape.weights > shape.parameters:
        yield "method", "qlora", "Train on a base of 4 bits: a little less exact."
    layers = settings.lora.layers or shape.layers
    if layers > 4 and settings.method != "prompt":
        yield "lora.layers", layers // 2, f"Train the last {layers // 2} layers: it learns a little less."
    tokens = settings.max_tokens
    while tokens >= 512:
        tokens //= 2
        yield "max_tokens", tokens, f"Cut rows after {tokens} tokens: what is beyond is not learned."


def disk_needed(shape: Shape, settings: TrainSettings) -> int:
    """Return the bytes that a run's folder may grow to, with its 4-bit student."""
    trained = trained_values(shape, settings) * max(shape.number, 2)
    return SAVED * trained * 2 + round(shape.parameters * 5 / 8)


def largest_pass(shape: Shape, settings: TrainSettings, updates: Sequence[Sequence[Pass]]) -> tuple[int, Pass]:
    """Return the update with the pass that needs the most memory, counted from 0, and that pass."""
    every = ((number, one) for number, update in enumerate(updates) for one in update)
    return max(every, key=lambda entry: inner_values(shape, settings, entry[1]))


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
