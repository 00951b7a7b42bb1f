"""The running model's logits on a few rows, and how far those of a form that was read back are from them."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
from mlx.utils import tree_unflatten

from espalier.language import TrainRow
from espalier.metal.model import MlxModel
from espalier.sharing.check import Check

MOST_TOKENS = 128  # of each row
_TOLERANCES = {mx.float32: 1e-3, mx.float16: 2e-2, mx.bfloat16: 1e-1}  # of a logit, by the numbers it is computed in


def row_logits(student: MlxModel, rows: Sequence[TrainRow]) -> list[mx.array]:
    """Return the logits of each row, (tokens, vocabulary), computed alone."""
    found = []
    for row in rows:
        tokens = student.encode_turns(row.messages)[: len(student.virtual) + MOST_TOKENS]
        scores = student.model(mx.array([tokens]))[0]
        mx.eval(scores)
        found.append(scores)
    return found


def difference(reference: Sequence[mx.array], found: Sequence[mx.array]) -> float:
    """Return the largest difference of any logit; infinity where one is no number."""
    worst = 0.0
    for p, q in zip(reference, found, strict=True):
        gap = float(mx.max(mx.abs(p.astype(mx.float32) - q.astype(mx.float32))).item())
        worst = max(worst, gap) if gap == gap else float("inf")
    return worst


def judge(reference: Sequence[mx.array], found: Sequence[mx.array], more: str = "") -> Check:
    """Return the check of a form that should compute what the running model computes.

    Args:
        reference: logits of the running model.
        found: of the form that was read back.
        more: what else a person should know, as sentences.
    """
    gap, tolerance = difference(reference, found), _TOLERANCES.get(reference[0].dtype, 1e-3)
    if gap > tolerance:
        told = (
            f"The files that were written do not compute what the student computes: logits differ by up to {gap:.2g}, "
            f"and {tolerance:g} is allowed. Nothing was kept; share another form."
        )
        return Check("different", gap, tolerance, told)
    told = f"Read back, it computes what the student computes: logits differ by at most {gap:.2g}."
    return Check("same", gap, tolerance, f"{told} {more}".strip())


def bare(model: Any) -> None:
    """Take every low-rank adapter off a model, whatever kind of layer it is on."""
    layers = [
        (name, getattr(module, "linear", None) or module.embedding)
        for name, module in model.named_modules()
        if "lora_a" in module
    ]
    model.update_modules(tree_unflatten(layers))
