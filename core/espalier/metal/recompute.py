"""Gradient checkpointing: a layer's inner values are computed again in the backward pass instead of being kept.

Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost". mlx-lm patches the layers' class, for the rest of
the process and for every other model; and its second pass draws another dropout than the first, so that gradients are
those of another network. Here single layers are wrapped, and both passes draw the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import mlx.core as mx
import mlx.nn as nn


@contextmanager
def recomputed(model: Any, seed: int) -> Iterator[None]:
    """Let the model's layers keep only what goes in and out of them inside the block.

    Args:
        model: with ``layers``.
        seed: of the dropout of this update; each layer draws from its own.
    """
    kinds: list[Any] = [type(layer) for layer in model.layers]
    for index, (layer, kind) in enumerate(zip(model.layers, kinds, strict=True)):
        layer.__class__ = _recomputing(kind)
        layer.__dict__["dropout_seed"] = seed * 1_009 + index
    try:
        yield
    finally:
        for layer, kind in zip(model.layers, kinds, strict=True):
            layer.__class__ = kind


@cache
def _recomputing(kind: Any) -> Any:
    def call(self: nn.Module, *arguments: Any, **named: Any) -> Any:
        places = [index for index, value in enumerate(arguments) if isinstance(value, mx.array)]
        names = [name for name, value in named.items() if isinstance(value, mx.array)]

        def inner(parameters: Any, given: list[mx.array], given_by_name: dict[str, mx.array]) -> Any:
            mx.random.seed(self.__dict__["dropout_seed"])
            self.update(parameters)
            values = list(arguments)
            for index, value in zip(places, given, strict=True):
                values[index] = value
            return kind.__call__(self, *values, **{**named, **given_by_name})

        by_name = {name: named[name] for name in names}
        return mx.checkpoint(inner)(self.trainable_parameters(), [arguments[index] for index in places], by_name)

    return type(f"Recomputed{kind.__name__}", (kind,), {"__call__": call})
