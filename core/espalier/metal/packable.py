"""Whether a student's rows can be packed and can share their beginning: tried on its own weights, before training."""

from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models.cache import KVCache, make_prompt_cache

from espalier.metal.batch import Layout, make_batch, predicting_states
from espalier.metal.fitness import is_about_memory, made_up_row, vocabulary_of
from espalier.metal.positions import positions_per_token
from espalier.metal.rows import Encoded
from espalier.training.plan import arranged

_LENGTHS = (11, 7, 14, 5)
_COMMON = 3
# Of the spread of a state's values. Rows that see each other or stand in wrong places are off by 0.1 and more;
# float32 is off by 1e-6, bfloat16 by 0.02.
_MOST_OFF = 0.05


def best_layout(model: nn.Module) -> tuple[Layout, str]:
    """Return the most that this student allows, ``common`` being 1 where a beginning can be shared, and why.

    Models whose layers keep more than plain keys and values (a sliding window, a state) are never packed.
    """
    alone = Layout(packed=False, common=0)
    model.eval()
    try:
        plain = all(type(layer) is KVCache for layer in make_prompt_cache(model))
    except Exception:
        plain = False
    if not plain:
        return alone, "Rows are sorted by length: this student has layers with a window or a state of their own."
    if _agrees(model, Layout(packed=True, common=_COMMON)):
        return Layout(packed=True, common=1), "Rows can be packed: packed and alone they give the same numbers."
    if _agrees(model, Layout(packed=False, common=_COMMON)):
        return Layout(packed=False, common=1), "Rows are sorted by length: packed they give other numbers."
    return alone, "Rows are sorted by length: computed together they give other numbers."


def _agrees(model: Any, layout: Layout) -> bool:
    """Return whether rows in this layout have the states that each has alone."""
    vocabulary = vocabulary_of(model)
    start = [(13 * place + 5) % vocabulary for place in range(_COMMON)]
    rows = []
    for number, length in enumerate(_LENGTHS, 1):
        rest = made_up_row(vocabulary, number, length)
        rows.append(Encoded(start + rest, list(range(_COMMON + 1, _COMMON + length))))
    bins = arranged([len(row.tokens) - 1 - _COMMON for row in rows], _COMMON, packed=layout.packed)
    try:
        with positions_per_token(model):
            together = predicting_states(model, make_batch(rows, layout)).astype(mx.float32)
        alone = [make_batch([rows[index]], Layout(packed=False, common=0)) for bin in bins for index in bin]
        states = mx.concatenate([predicting_states(model, batch) for batch in alone]).astype(mx.float32)
        off = mx.max(mx.abs(together - states)) / mx.std(states)
        return bool((off <= _MOST_OFF).item())
    except Exception as error:  # whatever an architecture fails with, it trains with each row alone
        if is_about_memory(error):
            raise
        return False
