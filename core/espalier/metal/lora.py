"""LoRA layers whose strength may differ from row to row of a batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.tuner.lora import LoRALinear


class RowScale:
    """The adapter's strength for each row of the batch that is computed now, shared by all layers."""

    def __init__(self) -> None:
        self.rows: mx.array | None = None


class RowLoRALinear(LoRALinear):  # type: ignore[misc]
    """A LoRA layer that reads its strength from the model's `RowScale`: 0 is the base model, bit for bit."""

    def __call__(self, x: mx.array) -> mx.array:
        """Return ``W x + strength * scale * B A x`` for x of shape (rows, length, width)."""
        y = self.linear(x)
        rows = self.row_scale.rows
        if rows is None:
            return y
        z = (self.dropout(x) @ self.lora_a) @ self.lora_b
        return y + ((self.scale * rows) * z).astype(x.dtype)


@contextmanager
def strength(model: nn.Module, *rows: float) -> Iterator[None]:
    """Run the model with the adapter at a strength per row (one value: the same for all rows).

    Row 0 with strength 0 takes part in the same matrix products as row 1, and its low-rank term is multiplied by
    zero: what it adds is exactly 0.0 (`reference`: Hu et al. 2021, the low-rank term is additive).
    """
    scale = RowScale()
    scale.rows = mx.array(rows).reshape(-1, 1, 1) if any(rows) else None
    layers = [module for _, module in model.named_modules() if type(module) is LoRALinear]
    for layer in layers:
        layer.__class__ = RowLoRALinear
        layer.__dict__["row_scale"] = scale
    try:
        yield
    finally:
        for layer in layers:
            layer.__class__ = LoRALinear
