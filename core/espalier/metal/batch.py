"""Training rows as one batch, padded or packed, and the loss on their answers' tokens alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mlx.core as mx

from espalier.metal.forward import hidden, log_probability, logits
from espalier.metal.rows import Encoded
from espalier.training.plan import arranged, fullest


@dataclass(frozen=True)
class Layout:
    """How rows are put together; the same for a whole run.

    Attributes:
        packed: rows stand one behind the other in a row of the batch and see only themselves; else each has its own.
        common: leading tokens that all rows share and that are computed once.
        bucket: widths are rounded up to a multiple of this, so that few shapes occur; 1 computes nothing in vain.
    """

    packed: bool
    common: int
    bucket: int = 1


class Batch(NamedTuple):
    """What one forward and backward pass needs.

    Attributes:
        common: what all rows begin with, shape (1, c); c may be 0.
        tokens: the rows after it, shape (rows, width), padded at the end.
        places: of the states that predict an answer's token, in the flattened rows, shape (n,).
        targets: the tokens they should predict, shape (n,).
        weights: of each in the mean, shape (n,): 1, and 0 for what only fills the bucket; None when all count.
        segments: number of the training row that each token belongs to, shape (rows, width); None when not packed.
        positions: of each token in its training row, shape (rows, width); None when not packed.
    """

    common: mx.array
    tokens: mx.array
    places: mx.array
    targets: mx.array
    weights: mx.array | None
    segments: mx.array | None = None
    positions: mx.array | None = None


def make_batch(rows: Sequence[Encoded], layout: Layout) -> Batch:
    """Return rows that share their first ``layout.common`` tokens as a batch."""
    common = layout.common
    lengths = [len(row.tokens) - 1 - common for row in rows]
    bins = arranged(lengths, common, packed=layout.packed)
    width = -(-fullest(bins, lengths) // layout.bucket) * layout.bucket
    tokens, places, targets, segments, positions = [], [], [], [], []
    for number, bin in enumerate(bins):
        line: list[int] = []
        segment: list[int] = []
        position: list[int] = []
        for index in bin:
            row, start = rows[index], number * width + len(line)
            places += [start + place - 1 - common for place in row.answers]
            targets += [row.tokens[place] for place in row.answers]
            line += row.tokens[common:-1]
            segment += [index] * lengths[index]
            position += range(common, common + lengths[index])
        spare = width - len(line)
        tokens.append(line + [0] * spare)
        segments.append(segment + [-1] * spare)
        positions.append(position + [0] * spare)
    spare = -len(places) % layout.bucket
    return Batch(
        mx.array(rows[0].tokens[:common], dtype=mx.int32)[None],
        mx.array(tokens),
        mx.array(places + [0] * spare),
        mx.array(targets + [0] * spare),
        mx.array([1.0] * len(places) + [0.0] * spare) if layout.bucket > 1 else None,
        mx.array(segments) if layout.packed else None,
        mx.array(positions) if layout.packed else None,
    )


class RowsCache:
    """A layer's keys and values of the shared beginning, put before those of every row, inside the gradient.

    Attributes:
        offset: position of the next tokens; one for all, or one each in an array of shape (rows, width), which
            `espalier.metal.positions` teaches the rotary embeddings to read.
    """

    def __init__(self) -> None:
        self.offset: Any = 0
        self._mask: Any = None
        self._begun = False
        self._keys: mx.array | None = None
        self._values: mx.array | None = None

    def begin_rows(self, offset: Any, mask: mx.array) -> None:
        """Take what comes next as rows after the beginning; the mask says which keys each of their tokens sees."""
        self.offset, self._mask, self._begun = offset, mask, True

    def make_mask(self, length: int, **_: Any) -> Any:
        """Return the mask; none is needed for one token."""
        if not self._begun:
            return "causal" if length > 1 else None
        return self._mask

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Keep the beginning's keys and values, of shape (1, heads, length, width); prepend them to the rows'."""
        if not self._begun:
            self._keys, self._values = keys, values
            return keys, values
        if self._keys is None:
            return keys, values
        shape = (keys.shape[0], *self._keys.shape[1:])
        keys = mx.concatenate([mx.broadcast_to(self._keys, shape), keys], axis=2)
        return keys, mx.concatenate([mx.broadcast_to(self._values, shape), values], axis=2)


def row_mask(batch: Batch) -> mx.array:
    """Return which keys each token sees: the beginning, and what is before it in its own training row.

    Shape (width, c + width) when not packed, else (rows, 1, width, c + width).
    """
    common, width = batch.common.shape[1], batch.tokens.shape[1]
    places = mx.arange(common + width)
    causal = places[common:, None] >= places[None]
    if batch.segments is None:
        return causal
    own = batch.segments[:, :, None] == batch.segments[:, None, :]
    beginning = mx.ones((*own.shape[:2], common), dtype=mx.bool_)
    return (mx.concatenate([beginning, own], axis=-1) & causal)[:, None]


def predicting_states(model: Any, batch: Batch) -> mx.array:
    """Return the hidden states that predict the batch's targets, shape (n, width of the model)."""
    cache = None
    common = batch.common.shape[1]
    if common or batch.segments is not None:
        cache = [RowsCache() for _ in model.layers]
        if common:
            hidden(model, batch.common, cache)
        mask = row_mask(batch)
        for layer in cache:
            layer.begin_rows(common if batch.positions is None else batch.positions, mask)
    states = hidden(model, batch.tokens, cache)
    return states.reshape(-1, states.shape[-1])[batch.places]


def mean_loss(model: Any, batch: Batch, share: Any = 1.0) -> mx.array:
    """Return the mean cross-entropy over the answers' tokens, in nats, times a share.

    The wide output head is computed for these tokens only. Parts of an update whose shares are their tokens among
    the update's add up to the loss of all rows together, and so do their gradients.
    """
    scores = log_probability(logits(model, predicting_states(model, batch)), batch.targets)
    if batch.weights is None:
        return -mx.mean(scores) * share
    return -mx.sum(scores * batch.weights) / mx.sum(batch.weights) * share
