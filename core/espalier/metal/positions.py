"""Rotary embeddings that take a position for every token, so that packed rows each begin at their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import mlx.core as mx
import mlx.nn as nn


@contextmanager
def positions_per_token(model: nn.Module) -> Iterator[None]:
    """Let the model's rotary embeddings read an ``offset`` of shape (rows, length) inside the block."""
    found = [module for name, module in model.named_modules() if "rope" in name.rsplit(".", 1)[-1]]
    kinds: list[Any] = [type(module) for module in found]
    for module, kind in zip(found, kinds, strict=True):
        module.__class__ = _reading(kind)
    try:
        yield
    finally:
        for module, kind in zip(found, kinds, strict=True):
            module.__class__ = kind


@cache
def _reading(kind: Any) -> Any:
    """Return the kind of rotary embedding with every token as a row of its own where its position is given.

    MLX's own takes one position per row and counts on from there.
    """

    def call(self: Any, x: mx.array, offset: Any = 0) -> mx.array:
        if not isinstance(offset, mx.array) or offset.ndim != 2:
            return kind.__call__(self, x, offset=offset)
        rows, heads, length, width = x.shape
        single = x.transpose(0, 2, 1, 3).reshape(rows * length, heads, 1, width)
        turned = kind.__call__(self, single, offset=offset.reshape(-1))
        return turned.reshape(rows, length, heads, width).transpose(0, 2, 1, 3)

    return type(f"Placed{kind.__name__}", (kind,), {"__call__": call})
