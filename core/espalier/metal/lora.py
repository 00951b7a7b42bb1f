"""LoRA adapters over one copy of the weights: each row of a batch goes through its own, at its own strength."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_unflatten

from espalier.errors import EspalierError

WEIGHTS = "adapters.safetensors"


@dataclass(frozen=True, eq=False)
class Adapter:
    """LoRA factors that are in memory, apart from any model.

    Attributes:
        factors: A of shape (in, rank) and B of shape (rank, out) by the name of the linear layer that they belong to.
        scale: of ``B A x``.
    """

    factors: dict[str, tuple[mx.array, mx.array]]
    scale: float


@dataclass(frozen=True)
class RowAdapter:
    """What one row of a batch is computed with; no adapter, or strength 0, is the base model."""

    adapter: Adapter | None = None
    strength: float = 1.0


BASE = RowAdapter(strength=0.0)


def read_adapter(folder: Path) -> Adapter | None:
    """Return the plain LoRA factors in a folder of mlx-lm's format; None where it holds something else.

    Raises:
        EspalierError: the folder cannot be read.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        if config.get("fine_tune_type", "lora") != "lora" or not (folder / WEIGHTS).exists():
            return None
        weights = mx.load(str(folder / WEIGHTS))
        scale = float(config["lora_parameters"]["scale"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise EspalierError(f"The adapter in {folder} cannot be read: {error}. Train again.") from error
    names = {name.rsplit(".", 1)[0] for name in weights}
    factors = {name: (weights.get(f"{name}.lora_a"), weights.get(f"{name}.lora_b")) for name in sorted(names)}
    if len(weights) != 2 * len(factors) or any(
        part is None or part.ndim != 2 for pair in factors.values() for part in pair
    ):
        return None  # experts, norms or full weights beside the factors
    return Adapter(factors, scale)


class RowStrengths:
    """Which adapter each row of the batch goes through that is computed now; all layers of a model share it."""

    def __init__(self) -> None:
        self.rows: tuple[RowAdapter, ...] = ()
        self.adapters: tuple[Adapter, ...] = ()  # in use, each once
        self.scales = mx.zeros((0, 1, 1))  # strength times the adapter's scale, (rows, 1, 1)

    @contextmanager
    def of(self, rows: Sequence[RowAdapter]) -> Iterator[None]:
        """Compute batches of these rows inside the block; outside, every row is the base."""
        if tuple(rows) != self.rows:
            self.rows = tuple(rows)
            scales = [row.strength * row.adapter.scale if row.adapter else 0.0 for row in rows]
            self.scales = mx.array(scales, dtype=mx.float32).reshape(-1, 1, 1)
        self.adapters = tuple({id(row.adapter): row.adapter for row in rows if row.adapter and row.strength}.values())
        try:
            yield
        finally:
            self.adapters = ()


class RowLinear(nn.Module):  # type: ignore[misc]
    """A linear layer with ``strength * scale * B A x`` added to each row, by the row's own adapter.

    With one adapter in the batch all rows share its products, and a base row adds exactly 0.0 of it (Hu et al. 2021:
    the low-rank term is additive). With several, each row computes its own term.
    """

    def __init__(self, linear: nn.Module, name: str, strengths: RowStrengths) -> None:
        super().__init__()
        self.linear = linear
        self._name = name
        self._strengths = strengths

    def __call__(self, x: mx.array) -> mx.array:
        """Return the layer's output, (rows, length, out), for x of shape (rows, length, in)."""
        y = self.linear(x)
        adapters = self._strengths.adapters
        if not adapters:
            return y
        if len(adapters) == 1:
            factors = adapters[0].factors.get(self._name)
            if factors is None:
                return y
            z = (x @ factors[0]) @ factors[1]
            return y + (self._strengths.scales * z).astype(x.dtype)
        return mx.concatenate(
            [self._row(x[row : row + 1], y[row : row + 1], use) for row, use in enumerate(self._strengths.rows)]
        )

    def _row(self, x: mx.array, y: mx.array, use: RowAdapter) -> mx.array:
        factors = use.adapter.factors.get(self._name) if use.adapter and use.strength else None
        if factors is None or use.adapter is None:
            return y
        z = (x @ factors[0]) @ factors[1]
        return y + ((use.adapter.scale * use.strength) * z).astype(x.dtype)


def takes(model: nn.Module, adapter: Adapter) -> bool:
    """Return whether every layer that the adapter is for is a linear one, so that rows can differ in it.

    Raises:
        EspalierError: the model lacks a layer, or has it in another shape: the adapter is another model's.
    """
    modules: dict[str, Any] = dict(model.named_modules())
    for name, (a, b) in adapter.factors.items():
        module = modules.get(name)
        if isinstance(module, RowLinear):
            module = module.linear
        if module is None:
            raise EspalierError(f"The adapter is for another model: this one has no part “{name}”. Choose its own.")
        if not isinstance(module, nn.Linear | nn.QuantizedLinear):
            return False
        rows, columns = module.weight.shape
        width = columns * 32 // module.bits if isinstance(module, nn.QuantizedLinear) else columns
        if (width, rows) != (a.shape[0], b.shape[1]):
            raise EspalierError(
                f"The adapter is for another model: its part “{name}” has another size. Choose its own."
            )
    return True


def attach(model: nn.Module, adapter: Adapter, strengths: RowStrengths) -> None:
    """Let the layers that an adapter is for read it from the model's row strengths; see `takes`."""
    modules: dict[str, Any] = dict(model.named_modules())
    fresh = [name for name in adapter.factors if not isinstance(modules[name], RowLinear)]
    model.update_modules(tree_unflatten([(name, RowLinear(modules[name], name, strengths)) for name in fresh]))
    mx.eval(adapter.factors)
