"""Adapters: LoRA layers in mlx-lm's own format, with a strength that may differ from row to row of a batch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters

from espalier.errors import EspalierError
from espalier.training.plan import LoraSettings


def add_lora(model: nn.Module, settings: LoraSettings, seed: int) -> None:
    """Freeze the model and give its linear layers LoRA factors: A uniform at random, B zero.

    Raises:
        EspalierError: no layer of the model can take them.
    """
    mx.random.seed(seed)
    model.freeze()
    layers = settings.layers or len(model.layers)
    shape = {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout}
    linear_to_lora_layers(model, layers, shape, use_dora=False)
    if not tree_flatten(model.trainable_parameters()):
        raise EspalierError("No layer of this student can take LoRA factors. Choose another student.")


def load_lora(model: nn.Module, adapter: Path) -> None:
    """Put a saved adapter onto the model.

    Raises:
        EspalierError: the folder holds no adapter, or one of another model.
    """
    try:
        load_adapters(model, str(adapter))
    except (OSError, ValueError, KeyError) as error:
        raise EspalierError(f"The adapter in {adapter} does not fit this student: {error}") from error
    model.eval()


def adapter_config(settings: LoraSettings, model: Any) -> str:
    """Return ``adapter_config.json`` as mlx-lm reads it."""
    shape = {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout}
    layers = settings.layers or len(model.layers)
    config = {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": shape}
    return json.dumps(config, indent=2) + "\n"


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
