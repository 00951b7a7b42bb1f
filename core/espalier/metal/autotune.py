"""The number of rows at which throughput stops rising, found by writing with more and more of them."""

import time
from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from espalier.language import Sampling
from espalier.metal.draws import choose
from espalier.metal.forward import hidden, logits
from espalier.metal.prefill import advance

LEAST_ROWS = 8  # where the search begins, and what needs no search
_MOST_ROWS = 512
_CONTEXT = 256  # tokens before the measured ones
_LEAST_STEPS, _MOST_STEPS = 2, 5
_LONG = 0.5  # seconds of steps after which a speed is known well enough
_GAIN = 1.1  # of tokens per second, for twice the rows


def best_rows(speed: Callable[[int], float], most: int) -> tuple[int, float]:
    """Return the number of rows to write together and the tokens per second there.

    Args:
        speed: tokens per second with so many rows.
        most: rows that fit into memory.
    """
    rows = LEAST_ROWS
    best = speed(rows)
    while 2 * rows <= min(most, _MOST_ROWS):
        now = speed(2 * rows)
        if now < _GAIN * best:  # or was it a busy moment?
            now = max(now, speed(2 * rows))
        if now < _GAIN * best:
            break
        rows, best = 2 * rows, now
    return rows, best


def writing_speed(model: Any) -> Callable[[int], float]:
    """Return a function that measures the tokens per second of so many rows, the fastest of a few steps."""
    single = make_prompt_cache(model)
    advance(model, single, [[2 + place % 200 for place in range(_CONTEXT)]])

    def speed(rows: int) -> float:
        cache = [layer.merge([layer] * rows) for layer in single]
        tokens, fastest = mx.array([[3]] * rows), float("inf")
        begun = time.perf_counter()
        for step in range(_MOST_STEPS):
            started = time.perf_counter()
            if step >= _LEAST_STEPS and started - begun > _LONG:
                break
            scores = logits(model, hidden(model, tokens, cache)[:, 0])
            tokens = mx.array(choose(scores, [None] * rows, Sampling()))[:, None]
            fastest = min(fastest, time.perf_counter() - started)
        return rows / fastest

    return speed
