"""Whether a model fits this machine in a role, before it is loaded or even downloaded.

A student needs what `espalier.training.memory` says for the usual settings; a teacher or critic its weights and the
keys and values of the rows that it writes together. Both are computed from the model's configuration. Where that is
not known yet, a rule of thumb stands in: the weights, and as much again up to 2.5 GB.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from espalier.machine import Machine
from espalier.models.catalogue import Role
from espalier.training.forecast import ROOMY
from espalier.training.memory import Pass, Shape, needed
from espalier.training.settings import TrainSettings

Verdict = Literal["fits", "tight", "too large"]

_ROWS, _TOKENS = 8, 1024  # written together by a teacher: fewer make it slow
_WIDTH, _ANSWER = 256, 128  # tokens of a training row that is long for practice, and those that carry loss
_RESERVE = 1_000_000_000  # bytes of the disk that are left to the system
_SPARE = 300_000_000  # bytes: the process itself
_THUMB = 2_500_000_000  # bytes: most that the rule of thumb adds to the weights


@dataclass(frozen=True)
class Fit:
    """Whether a model fits: ``sentence`` says why.

    Attributes:
        memory: bytes that it needs in the role.
    """

    verdict: Verdict
    sentence: str
    memory: int


def usable_memory(machine: Machine) -> int:
    """Return the bytes that one process may hold: four fifths of what the GPU may, or of half the memory without one.

    Metal recommends about two thirds of the memory, three quarters above 36 GB.
    """
    share = (0.75 if machine.memory > 36e9 else 2 / 3) if sys.platform == "darwin" else 0.5
    return int(machine.memory * share * 0.8)


def fit(machine: Machine, role: Role, weights: int, config: Mapping[str, Any] | None = None, to_fetch: int = 0) -> Fit:
    """Return whether a model fits this machine in a role.

    Args:
        machine: whose free disk is that of the place where models go.
        role: student, teacher or critic.
        weights: bytes of its files.
        config: its ``config.json``; None when that is not known.
        to_fetch: bytes that must be downloaded first.
    """
    usual, least = _memory(role, weights, config)
    room, what = usable_memory(machine), "training it" if role == "student" else "using it"
    if to_fetch and to_fetch + _RESERVE > machine.disk_free:
        free = _size(machine.disk_free)
        return Fit("too large", f"The download takes {_size(to_fetch)}, and {free} of the disk is free.", usual)
    need, may = _size(usual), _size(room)
    if least > room:
        need = _size(least)
        return Fit("too large", f"Too large: {what} needs about {need} of memory, and {may} may be used.", least)
    if usual <= ROOMY * room:
        return Fit("fits", f"Fits: {what} needs about {need} of memory, and {may} may be used.", usual)
    if usual <= room:
        return Fit("tight", f"Tight: {what} needs about {need} of memory, and {may} may be used.", usual)
    text = f"Tight: it needs about {need} of memory, {_size(least)} a row at a time, and {may} may be used."
    return Fit("tight", text, least)


def shape_from(config: Mapping[str, Any], weights: int) -> Shape | None:
    """Return the sizes that a model's memory depends on, None when its configuration does not say them.

    The number of parameters follows from the bytes and the bits of the weights.
    """
    own = _text_part(config)
    try:
        heads, layers, width = (int(own[name]) for name in ("num_attention_heads", "num_hidden_layers", "hidden_size"))
        vocabulary = int(own["vocab_size"])
        experts = int(own.get("num_experts_per_tok") or 0)
        inner = experts * int(own["moe_intermediate_size"]) if experts and "moe_intermediate_size" in own else 0
        inner = inner or int(own["intermediate_size"]) * max(1, experts)
        quantized = config.get("quantization") or config.get("quantization_config") or {}
        bits = float(quantized["bits"]) + 2 * 16 / float(quantized.get("group_size", 64)) if "bits" in quantized else 0
    except (LookupError, TypeError, ValueError):
        return None
    if min(heads, layers, width, vocabulary, inner) < 1:
        return None
    each = bits / 8 or (4 if "32" in str(config.get("torch_dtype") or config.get("dtype")) else 2)
    number = 2 if sys.platform == "darwin" else 4  # without a GPU, states are computed in 32 bits
    return Shape(weights, round(weights / each), number, vocabulary, width, inner, heads, layers)


def _memory(role: Role, weights: int, config: Mapping[str, Any] | None) -> tuple[int, int]:
    """Return the bytes that a model needs as one usually works, and when memory is saved at the cost of time."""
    shape = shape_from(config, weights) if config else None
    if config is None or shape is None:
        both = weights + min(weights, _THUMB) + _SPARE
        return both, both
    if role == "student":
        usual = replace(TrainSettings(), method="qlora" if shape.weights < shape.parameters else "lora")
        rows = usual.batch_rows
        saving = replace(usual, accumulation=rows, checkpointing=True)
        whole = needed(shape, usual, Pass(rows, _WIDTH, 0, rows * _ANSWER))
        return whole + _SPARE, needed(shape, saving, Pass(1, _WIDTH, 0, _ANSWER)) + _SPARE
    own = _text_part(config)
    head = _whole(own.get("head_dim")) or shape.width // shape.heads
    kept = _whole(own.get("num_key_value_heads")) or shape.heads
    row = 2 * shape.layers * kept * head * shape.number * _TOKENS
    return weights + 2 * _ROWS * row + _SPARE, weights + row + _SPARE  # rows that come or go copy the batch once


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the language model, also of a model that can see as well."""
    text = config.get("text_config")
    return {**config, **text} if isinstance(text, Mapping) else config


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) and value > 0 else 0


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
