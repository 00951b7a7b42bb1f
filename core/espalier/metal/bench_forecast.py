"""Forecasts beside the runs that they are of: the starter model, the example's rows, six settings."""

import gc
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from espalier.language import TrainRow
from espalier.messages import Emit, Note, Stage
from espalier.metal.bench_training import long_rows, short_rows
from espalier.metal.forecast import measure
from espalier.metal.training_run import TrainingRun
from espalier.models.starter import starter_folder
from espalier.training.settings import TrainSettings, changed

UPDATES = 8
SETTINGS: dict[str, dict[str, Any]] = {
    "as the dial gives": {},
    "2 rows per update": {"batch_rows": 2},
    "16 rows in 4 parts": {"batch_rows": 16, "accumulation": 4},
    "inner values computed twice": {"checkpointing": True},
    "the last 8 layers, rank 4": {"lora.layers": 8, "lora.rank": 4},
    "long rows": {"batch_rows": 4},
}


@dataclass(frozen=True)
class Beside:
    """A forecast and the run: bytes and seconds, forecast first."""

    memory: tuple[int, int]
    seconds: tuple[float, float]


def bench_forecast(emit: Emit, student: Path | None = None) -> dict[str, Any]:
    """Return, per setting, memory and seconds as they were forecast and as they were.

    Args:
        emit: told what is measured.
        student: folder of the model; the starter by default.
    """
    folder = student or starter_folder()
    figures: dict[str, Any] = {}
    worst = {"memory": 0.0, "seconds": 0.0}
    for name, values in SETTINGS.items():
        emit(Stage("bench", f"{name}: {UPDATES} updates, forecast and made"))
        settings = changed(TrainSettings(), {"updates": UPDATES, **values})
        rows = long_rows() if name == "long rows" else short_rows()
        found = compare(folder, rows, settings)
        off = {
            "memory": found.memory[0] / found.memory[1] - 1,
            "seconds": found.seconds[0] / found.seconds[1] - 1,
        }
        worst = {what: max(worst[what], abs(share)) for what, share in off.items()}
        figures[name] = {"memory": found.memory, "seconds": found.seconds, "off": off}
        emit(
            Note(
                f"{name}: memory {found.memory[0] / 1e6:.0f} MB forecast, {found.memory[1] / 1e6:.0f} MB used "
                f"({off['memory']:+.0%}); time {found.seconds[0]:.1f} s forecast, {found.seconds[1]:.1f} s taken "
                f"({off['seconds']:+.0%})"
            )
        )
    emit(Note(f"Farthest off: memory {worst['memory']:.0%}, time {worst['seconds']:.0%}."))
    return {"forecast": figures, "farthest_off": worst}


def compare(folder: Path, rows: Sequence[TrainRow], settings: TrainSettings) -> Beside:
    """Return what a run was forecast to take and what it took, its loading included."""
    with tempfile.TemporaryDirectory() as place:
        _forget()
        forecast = measure(folder, [(rows, ())], settings, Path(place))
        assert forecast.seconds is not None
        _forget()
        started = time.monotonic()
        TrainingRun(folder, rows, (), settings, Path(place, "run"), lambda event: None).train()
        taken = time.monotonic() - started
        return Beside((forecast.memory, int(mx.get_peak_memory())), (forecast.seconds, taken))


def _forget() -> None:
    gc.collect()
    mx.clear_cache()
    mx.reset_peak_memory()
