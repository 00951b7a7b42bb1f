"""Continuous batching: rows are written together, each with its own draws, and others join as some end."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import mlx.core as mx
import numpy as np

from espalier.language import Sampling
from espalier.metal.draws import choose
from espalier.metal.forward import hidden, log_probability, logits
from espalier.metal.prefill import Opening, groups
from espalier.metal.written import Written

_LEAST_TAKEN = 0.75  # of a batch's places, before the free ones are taken out: that copies the whole cache


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
    that has ended keeps its place until a quarter of the places are free; then others join.

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
    reach = [len(prompt) + sampling.max_tokens for prompt in prompts]
    opening = Opening(model, prompts, kept)
    waiting = deque(index for part in groups(prompts, len(opening.tokens), kept) for index in part)
    batch = _Batch(model)
    while waiting or batch.places:
        if waiting and not batch.has_free_places:
            present = [reach[index] for index in batch.present]
            lengths = [reach[index] for index in islice(waiting, room.rows)]
            joining = [waiting.popleft() for _ in range(room.admits(len(present), lengths, max(present, default=0)))]
            if joining and room.rows == 1:
                batch.join(joining, *opening.read_alone(prompts[joining[0]], kept[joining[0]]))
            elif joining:
                batch.join(joining, *opening.read([prompts[i] for i in joining], [kept[i] for i in joining]))
            if joining and scored:
                _score_given(model, [rows[index] for index in joining], batch.seen)
        present = batch.present
        predicted = batch.predicted()
        chosen = choose(predicted, [rows[index].generator for index in present], sampling)
        scores = log_probability(predicted, mx.array(chosen)).tolist() if scored else [0.0] * len(chosen)
        ended = set()
        for index, token, score in zip(present, chosen, scores, strict=True):
            row = rows[index]
            row.scores.append(score)
            is_stopped = row.written.add(token)
            if is_stopped or token in ends or len(row.written.tokens) >= sampling.max_tokens:
                ended.add(index)
                if on_row:
                    on_row(index)
        if on_progress:
            on_progress(len(present))
        batch.advance(dict(zip(present, chosen, strict=True)), ended)


class _Batch:
    """Rows that are written together, each in a place of the cache that is free once the row has ended.

    Attributes:
        places: index of the row in each place; None where it is free.
        seen: last states of the rows that joined last, (rows, last, width).
    """

    def __init__(self, model: Any) -> None:
        self.places: list[int | None] = []
        self.seen = mx.zeros((0, 0, 0))
        self._model = model
        self._cache: list[Any] = []
        self._states = mx.zeros((0, 0))  # that predict the next token of each place

    @property
    def present(self) -> list[int]:
        """Return the rows that are being written."""
        return [index for index in self.places if index is not None]

    @property
    def has_free_places(self) -> bool:
        """Return whether the cache holds rows that have ended; who joins now would be added to them."""
        return None in self.places

    def join(self, rows: Sequence[int], cache: list[Any], seen: mx.array) -> None:
        """Add rows whose prompts were read."""
        if self.places:
            for layer, more in zip(self._cache, cache, strict=True):
                layer.extend(more)
            mx.clear_cache()  # buffers of the old shape would stay in Metal's allocator
            self._states = mx.concatenate([self._states, seen[:, -1]])
        else:
            self._cache, self._states = cache, seen[:, -1]
        self.places += rows
        self.seen = seen

    def predicted(self) -> mx.array:
        """Return the logits of the next token of each row that is present, (rows, vocabulary)."""
        taken = [place for place, index in enumerate(self.places) if index is not None]
        states = self._states[mx.array(taken)] if self.has_free_places else self._states
        return logits(self._model, states)

    def advance(self, tokens: dict[int, int], ended: set[int]) -> None:
        """Read the rows' new tokens, but of those that have ended."""
        self.places = [None if index in ended else index for index in self.places]
        taken = [place for place, index in enumerate(self.places) if index is not None]
        if not taken:
            self.places, self._cache = [], []
            return
        if len(taken) <= _LEAST_TAKEN * len(self.places):
            for layer in self._cache:
                layer.filter(mx.array(taken))
            self.places = [self.places[place] for place in taken]
        new = [[tokens[index] if index is not None else 0] for index in self.places]
        self._states = hidden(self._model, mx.array(new), self._cache)[:, 0]


def _score_given(model: Any, rows: Sequence[Row], states: mx.array) -> None:
    """Put down the log-probability of each row's given tokens, from the states of its last tokens."""
    count = states.shape[1] - 1
    if not count:
        return
    tokens = mx.array([row.prompt[-count:] for row in rows])
    scores: list[list[float]] = log_probability(logits(model, states[:, :-1]), tokens).tolist()
    for row, score in zip(rows, scores, strict=True):
        row.scores += score[count - row.given :]
