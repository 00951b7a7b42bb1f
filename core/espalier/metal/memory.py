"""How many rows fit: the memory that a batch's keys and values take, and what there is for them."""

from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from espalier.machine import this_machine
from espalier.settings import usable_settings

_COPIES = 2  # rows that join or leave copy the batch once


def token_bytes(model: Any) -> int:
    """Return the bytes that one token of one row takes in the cache; nothing is computed, only shapes are read."""
    cache = make_prompt_cache(model)
    model(mx.array([[0]]), cache=cache)
    return max(1, sum(map(_bytes, cache)))


def _bytes(layer: Any) -> int:
    if hasattr(layer, "caches"):
        return int(sum(map(_bytes, layer.caches)))
    keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
    if keys is None or values is None:
        return 0  # a state of fixed size
    return int(sum(part.shape[1] * part.shape[3] * part.itemsize for part in (keys, values)))


def memory_budget() -> int:
    """Return the bytes that this process may hold: a share of what the GPU may, or of half the machine without one.

    The rest is for other programs; a person may choose the share.
    """
    if mx.metal.is_available():
        whole = int(mx.device_info()["max_recommended_working_set_size"])
    else:
        whole = this_machine(Path.cwd()).memory // 2
    return int(whole * usable_settings().memory_share)


def room_for_rows() -> int:
    """Return the bytes that a batch's keys and values may take now."""
    return max(0, memory_budget() - int(mx.get_active_memory())) // _COPIES
