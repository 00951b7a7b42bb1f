"""A forecast that is measured: the largest updates of the run are made once on the real student and thrown away."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.utils import get_total_parameters

from espalier.errors import EspalierError
from espalier.language import TrainRow
from espalier.machine import free_space
from espalier.metal.adapters import adapt
from espalier.metal.memory import memory_budget
from espalier.metal.model import MlxModel, load
from espalier.metal.rows import encode_all
from espalier.metal.train import Trainer
from espalier.models.shapes import packed_bits
from espalier.training.forecast import Forecast, forecast, largest_pass
from espalier.training.memory import Pass, Shape, needed, passes
from espalier.training.settings import TrainSettings

LEAST, MOST = 3, 8  # updates that are timed; how many depends on
ENOUGH = 10.0  # seconds for them
HOPELESS = 1.5  # times the room: what the formula puts beyond is not tried, it would only be killed


@dataclass(frozen=True)
class Part:
    """One phase of a run: the tokens of each row, and how many of them carry loss."""

    lengths: list[int]
    answers: list[int]

    def passes(self, settings: TrainSettings, common: int = 0, *, packed: bool = False) -> list[list[Pass]]:
        """Return the passes of each update; see `espalier.training.memory.passes`."""
        lengths = [min(settings.max_tokens, length) for length in self.lengths]
        return list(passes(lengths, self.answers, settings, common, packed=packed))


def measure(
    model: Path,
    phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
    settings: TrainSettings,
    run: Path,
    room: int | None = None,
) -> Forecast:
    """Return what training these phases will take.

    Args:
        model: folder of the student.
        phases: rows and held-out rows of each, in order.
        settings: of the run.
        run: where the run's folder will be; what is free there counts.
        room: bytes that may be used; what this machine allows by default.

    Raises:
        EspalierError: the settings cannot work on this student, or there is nothing to train.
    """
    mx.clear_cache()
    mx.reset_peak_memory()
    started = time.monotonic()
    room = memory_budget() if room is None else room
    student = load(model)
    shape = shape_of(student)
    adapt(student, settings, packed_bits(model))
    every = ((encode_all(student, rows, settings).rows, held_out) for rows, held_out in phases)
    encoded = [(rows, held_out) for rows, held_out in every if rows]
    if not encoded:
        raise EspalierError("There is no row to train on. Generate samples first, or allow more tokens per row.")
    parts = [Part([len(row.tokens) for row in rows], [len(row.answers) for row in rows]) for rows, _ in encoded]
    shared = 0

    def largest(other: TrainSettings) -> Pass:
        once, common = replace(other, epochs=1, updates=0), 0 if other.checkpointing else shared
        return largest_pass(shape, other, [update for part in parts for update in part.passes(once, common)])[1]

    free = free_space(run)
    if needed(shape, settings, largest(settings)) > HOPELESS * room:
        updates = sum(len(part.passes(settings)) for part in parts)
        return forecast(shape, settings, largest, None, room, free, updates, None)
    number = max(range(len(parts)), key=lambda index: sum(parts[index].lengths))
    rows, held_out = encoded[number]
    trainer = Trainer(student, rows, settings)
    loaded = time.monotonic() - started
    shared = trainer.layout.common
    planned = [part.passes(settings, shared, packed=trainer.layout.packed) for part in parts]
    works = [[sum(one.work(shape) for one in update) for update in part] for part in planned]
    pace = _pace(trainer, works[number], largest_pass(shape, settings, planned[number])[0])
    saves = sum(len(part) // settings.save_every + 2 for part in planned)
    kept_rows = encode_all(student, held_out, settings).rows
    seconds = loaded + pace.warm_up + sum(pace.seconds(work) for part in works for work in part)
    seconds += saves * _seconds_to_save(trainer, kept_rows)
    memory = int(mx.get_peak_memory())
    return forecast(shape, settings, largest, memory, room, free, sum(map(len, planned)), seconds)


@dataclass(frozen=True)
class Pace:
    """What updates take, by their work.

    Attributes:
        points: work and seconds of updates that were timed, by rising work.
        warm_up: seconds that the first update takes beyond what others of its work take.
    """

    points: Sequence[tuple[float, float]]
    warm_up: float = 0.0

    def seconds(self, work: float) -> float:
        """Return the seconds of an update: between two that were timed on a line, beyond them in proportion."""
        known, taken = [point[0] for point in self.points], [point[1] for point in self.points]
        nearest = min(max(work, known[0]), known[-1])
        return float(np.interp(nearest, known, taken)) * work / nearest


def _pace(trainer: Trainer, works: Sequence[float], largest: int) -> Pace:
    """Return the pace, from updates in the middle of equal shares of all, by their work.

    Seconds are not in proportion to work: short updates have a fixed cost, and long rows have attention. The update
    that needs most memory comes first: it tells the peak, and warms up what the others are timed with.
    """
    first = _make(trainer, largest)
    order = sorted(range(len(works)), key=works.__getitem__)
    count = min(len(order), max(LEAST, min(MOST, int(ENOUGH / first))))
    timed = [order[(2 * share + 1) * len(order) // (2 * count)] for share in range(count)]
    found: dict[float, list[float]] = {}
    for number in timed:
        found.setdefault(works[number], []).append(_make(trainer, number))
    pace = Pace([(work, sum(seconds) / len(seconds)) for work, seconds in sorted(found.items())])
    return replace(pace, warm_up=max(0.0, first - pace.seconds(works[largest])))


def _make(trainer: Trainer, number: int) -> float:
    """Return the seconds that an update takes; the student is changed by it and no longer of use."""
    trainer.step = number
    trainer.lowered = 0.0  # a rate of 0: however often it is measured, no loss is lost
    started = time.monotonic()
    trainer.update()
    mx.synchronize()
    return time.monotonic() - started


def _seconds_to_save(trainer: Trainer, held_out: Sequence[Any]) -> float:
    """Return what a checkpoint with its score takes."""
    started = time.monotonic()
    if held_out:
        trainer.loss(held_out)
    with tempfile.TemporaryDirectory() as folder:
        trainer.save(Path(folder, "checkpoint"))
    return time.monotonic() - started


def shape_of(student: MlxModel) -> Shape:
    """Return the numbers of a loaded student that its memory depends on."""
    model = student.model
    args: Any = getattr(model, "args", None)
    text: Any = getattr(args, "text_config", None) or args

    def told(*names: str, default: int) -> int:
        values = (text.get(name) if isinstance(text, dict) else getattr(text, name, None) for name in names)
        return next((int(value) for value in values if isinstance(value, int) and value > 0), default)

    arrays = [array for _, array in tree_flatten(model.parameters())]
    number = max((array.itemsize for array in arrays if mx.issubdtype(array.dtype, mx.floating)), default=2)
    width = told("hidden_size", "d_model", "n_embd", "dim", default=1024)
    experts = told("num_experts_per_tok", default=1)
    inner = told("moe_intermediate_size", "intermediate_size", "hidden_dim", "n_inner", default=4 * width)
    return Shape(
        weights=sum(array.nbytes for array in arrays),
        parameters=int(get_total_parameters(model)),
        number=number,
        vocabulary=told("vocab_size", default=100_000),
        width=width,
        inner=inner * experts,
        heads=told("num_attention_heads", "n_heads", "n_head", default=max(1, width // 64)),
        layers=len(model.layers),
    )
