"""Draws of one row with its own key, which are those of plain mlx-lm after ``mx.random.seed`` with the same seed."""

import mlx.core as mx
from mlx_lm.sample_utils import apply_top_p

from espalier.language import Sampling


class KeyedDraws:
    """Draws the tokens of one answer; who else is in the batch changes none of them.

    MLX's own generator splits its key at each draw and uses the second half; so does this one, for its row alone.
    """

    def __init__(self, sampling: Sampling, seed: int) -> None:
        self._temperature, self._top_p = sampling.temperature, sampling.top_p
        self._key = mx.random.key(seed)

    def choose(self, scores: mx.array) -> mx.array:
        """Return the next token, shape (1,), from logits of shape (1, vocabulary)."""
        if self._temperature == 0:
            return mx.argmax(scores, axis=-1)
        self._key, own = mx.random.split(self._key)
        shares = scores - mx.logsumexp(scores, axis=-1, keepdims=True)
        if 0 < self._top_p < 1:
            shares = apply_top_p(shares, self._top_p)
        return mx.random.categorical(shares * (1.0 / self._temperature), key=own)
