"""The next token of each row: the likeliest, or one drawn with the row's own generator."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from espalier.language import Sampling

CANDIDATES = 64  # tokens that a draw chooses from; beyond them a temperature of 1 has no mass worth the sort


def choose(scores: mx.array, generators: Sequence[np.random.Generator | None], sampling: Sampling) -> list[int]:
    """Return the next token of each row from logits of shape (rows, vocabulary)."""
    if sampling.temperature == 0:
        return [int(token) for token in mx.argmax(scores, axis=-1).tolist()]
    count = min(CANDIDATES, scores.shape[-1])
    top = mx.argpartition(scores, kth=-count, axis=-1)[:, -count:]
    values = np.array(mx.take_along_axis(scores, top, axis=-1).astype(mx.float32)) / sampling.temperature
    tokens = np.array(top)
    chosen = []
    for generator, ids, value in zip(generators, tokens, values, strict=True):
        assert generator is not None
        order = np.argsort(-value, kind="stable")
        weights = np.exp(value[order] - value[order[0]])
        weights /= weights.sum()
        kept = int(np.searchsorted(np.cumsum(weights), sampling.top_p)) + 1
        bounds = np.cumsum(weights[:kept])
        drawn = int(np.searchsorted(bounds, generator.random() * bounds[-1], side="right"))
        chosen.append(int(ids[order[min(drawn, kept - 1)]]))
    return chosen
