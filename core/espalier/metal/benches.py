"""Every measurement of ``espalier bench`` that needs a model, by its name."""

from collections.abc import Callable, Mapping
from typing import Any

from espalier.messages import Emit
from espalier.metal.bench import bench, bench_critic
from espalier.metal.bench_compare import bench_compare
from espalier.metal.bench_forecast import bench_forecast
from espalier.metal.bench_replay import bench_replay
from espalier.metal.bench_training import bench_training

BENCHES: Mapping[str, Callable[[Emit], dict[str, Any]]] = {
    "model": bench,
    "critic": bench_critic,
    "compare": bench_compare,
    "training": bench_training,
    "forecast": bench_forecast,
    "replay": bench_replay,
}
