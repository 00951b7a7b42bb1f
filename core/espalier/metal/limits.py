"""What MLX may hold while it trains: memory that stays in place on the Mac, and freed memory kept for the next step."""

from collections.abc import Iterator
from contextlib import contextmanager

import mlx.core as mx

from espalier.metal.memory import memory_budget

_WIRED = 0.9  # of what Metal recommends; a machine of 48 GB that crashed at all of it did not at this (mlx-lm #828)
_CACHE = 0.5  # of what this process may hold; mlx-lm's trainer let it grow to all of the memory (mlx-lm #986)
_SMALL = 0.05  # of the same, where memory is short


@contextmanager
def training_limits() -> Iterator[None]:
    """Keep the limits of training inside the with block, and set back what was before.

    The wired limit only acts on macOS 15 and later, and only with Metal.
    """
    cache = mx.set_cache_limit(int(memory_budget() * _CACHE))
    wired = mx.set_wired_limit(int(mx.device_info()["max_recommended_working_set_size"] * _WIRED)) if _metal() else 0
    try:
        yield
    finally:
        mx.set_cache_limit(cache)
        if _metal():
            mx.synchronize()  # nothing that is computed may lose its place in memory
            mx.set_wired_limit(wired)


def make_room() -> None:
    """Give back the memory that is kept for later steps, and keep little from now on."""
    mx.clear_cache()
    mx.set_cache_limit(int(memory_budget() * _SMALL))


def _metal() -> bool:
    return bool(mx.metal.is_available())
