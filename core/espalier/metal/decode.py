"""Continuous batching: rows are written together, each with its own draws, and others join as some end."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import numpy as np

from espalier.language import Sampling
from espalier.metal.draws import choose
from espalier.metal.forward import hidden, log_probability, logits
from espalier.metal.prefill import Opening, groups
from espalier.metal.written import Written


@dataclass
class Row:
    """One answer in the making.

    Attributes:
        prompt: token ids, what the answer is made to begin with included.
        generator: of its draws; None when the likeliest token is taken.
        written: its tokens so far, the one that ends the answer included.
        given: how many tokens of the prompt are what the answer is made to begin with.
        scores: log-probability of each given token, then of each written one, in nats.
    """

    prompt: list[int]
    generator: np.random.Generator | None
    written: Written
    given: int = 0
    scores: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Room:
    """What a batch may hold.

    Attributes:
        rows: most rows that are written together; 1 takes them one at a time, in the model's own plain caches.
        tokens: most tokens of all rows together, padding included; a row that needs more is taken alone.
    """

    rows: int
    tokens: int

    def admits(self, present: int, lengths: Sequence[int], longest: int = 0) -> int:
        """Return how many of the waiting rows may join, at least one when none is present.

        Args:
            present: rows that are being written.
            lengths: whole lengths that the waiting rows may reach, in order.
            longest: of those that are present.
        """
        count = 0
        for length in lengths[: max(0, self.rows - present)]:
            longest = max(longest, length)
            if longest * (present + count + 1) > self.tokens:
                break
            count += 1
        return count if present else max(1, count)


def decode(
    model: Any,
    rows: Sequence[Row],
    sampling: Sampling,
    ends: frozenset[int],
    room: Room,
    on_progress: Callable[[int], None] | None = None,
    on_row: Callable[[int], None] | None = None,
    scored: bool = False,
) -> None:
    """Write each row's answer, the token that ends it included.

    The same rows in the same room are written in the same company every time, and a row's draws depend on its own
    generator alone. Rows that share more than the common beginning join next to each other, long prompts first. A row
    that has ended keeps its place until a quarter of the places are free: taking rows out copies the whole cache.

    Args:
        model: an mlx-lm model.
        rows: with a generator each when the temperature is above 0.
        sampling: shared by all rows.
        ends: tokens that end an answer.
        room: for the batch.
        on_progress: told after each step how many tokens were written.
        on_row: told the index of each row that has ended.
        scored: whether the rows' scores are wanted.
    """
    prompts = [row.prompt for row in rows]
    kept = [row.given + 1 if scored else 1 for row in rows]
    opening = Opening(model, prompts, kept)
    waiting = deque(index for part in groups(prompts, len(opening.tokens), kept) for index in part)
    reach = [len(prompt) + sampling.max_tokens for prompt in prompts]
    batch: list[int | None] = []  # row of each place; None where it has ended
    cache: list[Any] = []
    states = mx.zeros((0, 0))
    while waiting or batch:
        if waiting and (not batch or None not in batch):
            present = [reach[index] for index in batch if index is not None]
            joining = room.admits(len(present), [reach[index] for index in waiting], max(present, default=0))
            if joining:
                new = [waiting.popleft() for _ in range(joining)]
                if room.rows == 1:
                    added, seen = opening.read_alone(prompts[new[0]], kept[new[0]])
                else:
                    added, seen = opening.read([prompts[index] for index in new], [kept[index] for index in new])
                if scored:
                    _score_given(model, [rows[index] for index in new], seen)
                cache, states = _joined(cache, added, states, seen[:, -1])
                batch += new
        live = [place for place, index in enumerate(batch) if index is not None]
        predicted = logits(model, states if len(live) == len(batch) else states[mx.array(live)])
        writing = [rows[index] for index in batch if index is not None]
        chosen = choose(predicted, [row.generator for row in writing], sampling)
        scores = log_probability(predicted, mx.array(chosen)).tolist() if scored else [0.0] * len(chosen)
        tokens = [0] * len(batch)
        for place, row, token, score in zip(live, writing, chosen, scores, strict=True):
            row.scores.append(score)
            tokens[place] = token
            is_stopped = row.written.add(token)
            if is_stopped or token in ends or len(row.written.tokens) >= sampling.max_tokens:
                index, batch[place] = batch[place], None
                if on_row and index is not None:
                    on_row(index)
        if on_progress:
            on_progress(len(live))
        live = [place for place, index in enumerate(batch) if index is not None]
        if not live:
            batch, cache = [], []
            continue
        if 4 * (len(batch) - len(live)) >= len(batch):
            for layer in cache:
                layer.filter(mx.array(live))
            batch, tokens = [batch[place] for place in live], [tokens[place] for place in live]
        states = hidden(model, mx.array(tokens)[:, None], cache)[:, 0]


def _joined(cache: list[Any], added: list[Any], states: mx.array, seen: mx.array) -> tuple[list[Any], mx.array]:
    if not cache:
        return added, seen
    for layer, more in zip(cache, added, strict=True):
        layer.extend(more)
    mx.clear_cache()  # buffers of the old shape would stay in Metal's allocator
    return cache, mx.concatenate([states, seen])


def _score_given(model: Any, rows: Sequence[Row], states: mx.array) -> None:
    """Put down the log-probability of each row's given tokens, from the states of its last tokens."""
    count = states.shape[1] - 1
    if not count:
        return
    tokens = mx.array([row.prompt[-count:] for row in rows])
    scores: list[list[float]] = log_probability(logits(model, states[:, :-1]), tokens).tolist()
    for row, score in zip(rows, scores, strict=True):
        row.scores += score[count - row.given :]
