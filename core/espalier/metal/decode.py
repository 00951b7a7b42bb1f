"""Batched decoding: one prefill of what the prompts share, then all rows together, each with its own seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import BatchKVCache, make_prompt_cache

from espalier.language import Sampling
from espalier.metal.forward import hidden, log_probability, logits

CANDIDATES = 64  # tokens that a draw chooses from; beyond them a temperature of 1 has no mass worth the sort
PREFILL_STEP = 512  # tokens per row and forward pass


@dataclass
class Row:
    """One answer in the making.

    Attributes:
        prompt: token ids, what the answer is made to begin with included.
        given: how many of them are that beginning.
        tokens: written so far.
        scores: log-probability of each given token, then of each written one, in nats.
    """

    prompt: list[int]
    generator: np.random.Generator | None
    given: int = 0
    tokens: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Return how many leading tokens all prompts share, at most one less than the shortest has."""
    shortest = min(map(len, prompts))
    first = prompts[0]
    length = 0
    while length < shortest - 1 and all(prompt[length] == first[length] for prompt in prompts):
        length += 1
    return length


def prefill(model: Any, prompts: Sequence[Sequence[int]], last: int = 1) -> tuple[list[Any], mx.array]:
    """Return the batch's cache after all prompts and the hidden states that predict what follows.

    Args:
        model: whose caches are plain.
        prompts: token ids.
        last: how many states are wanted, fewer than each prompt has tokens.

    Returns:
        One ``BatchKVCache`` per layer, and the states of each prompt's last tokens, of shape (batch, last, width).
    """
    common = min(shared_prefix(prompts), min(map(len, prompts)) - last)
    single = make_prompt_cache(model)
    for start in range(0, common, PREFILL_STEP):
        hidden(model, mx.array([list(prompts[0][start : min(common, start + PREFILL_STEP)])]), single)
        mx.eval([layer.state for layer in single])
    rests = [list(prompt[common:]) for prompt in prompts]
    longest = max(map(len, rests))
    padding = [longest - len(rest) for rest in rests]
    cache = [BatchKVCache.merge([layer] * len(prompts)) for layer in single]
    for layer in cache:
        layer.prepare(right_padding=padding)
    states = hidden(model, mx.array([rest + [0] * pad for rest, pad in zip(rests, padding, strict=True)]), cache)
    for layer in cache:
        layer.finalize()
    places = mx.array([[len(rest) - last + index for index in range(last)] for rest in rests])
    states = mx.take_along_axis(states, places[:, :, None], axis=1)
    mx.eval(states, [layer.state for layer in cache])
    return cache, states


def choose(scores: mx.array, rows: Sequence[Row], sampling: Sampling) -> list[int]:
    """Return the next token of each row from logits of shape (rows, vocabulary)."""
    if sampling.temperature == 0:
        return [int(token) for token in mx.argmax(scores, axis=-1).tolist()]
    count = min(CANDIDATES, scores.shape[-1])
    top = mx.argpartition(scores, kth=-count, axis=-1)[:, -count:]
    values = np.array(mx.take_along_axis(scores, top, axis=-1).astype(mx.float32)) / sampling.temperature
    tokens = np.array(top)
    chosen = []
    for row, ids, value in zip(rows, tokens, values, strict=True):
        order = np.argsort(-value, kind="stable")
        weights = np.exp(value[order] - value[order[0]])
        weights /= weights.sum()
        kept = int(np.searchsorted(np.cumsum(weights), sampling.top_p)) + 1
        bounds = np.cumsum(weights[:kept])
        assert row.generator is not None
        drawn = int(np.searchsorted(bounds, row.generator.random() * bounds[-1], side="right"))
        chosen.append(int(ids[order[min(drawn, kept - 1)]]))
    return chosen


def decode(
    model: Any,
    rows: Sequence[Row],
    sampling: Sampling,
    is_finished: Callable[[list[int]], bool],
    on_progress: Callable[[int], None] | None = None,
    scored: bool = False,
) -> None:
    """Write each row's tokens, the one that ends the answer included.

    Args:
        model: an mlx-lm model whose caches are plain ``KVCache``.
        rows: with a generator each when the temperature is above 0; a row's draws depend on its own alone.
        sampling: shared by all rows; ``stop`` is the caller's business through ``is_finished``.
        is_finished: whether the tokens written so far end the answer.
        on_progress: told after each step how many tokens were written.
        scored: whether the rows' scores are wanted.
    """
    given = max(row.given for row in rows) if scored else 0
    cache, states = prefill(model, [row.prompt for row in rows], given + 1)
    if given:
        for row, scores in zip(rows, _given_scores(model, rows, states), strict=True):
            row.scores += scores
    states = states[:, -1]
    active = list(rows)
    while True:
        predicted = logits(model, states)
        chosen = choose(predicted, active, sampling)
        scores = log_probability(predicted, mx.array(chosen)).tolist() if scored else [0.0] * len(chosen)
        for row, token, score in zip(active, chosen, scores, strict=True):
            row.tokens.append(token)
            row.scores.append(score)
        if on_progress:
            on_progress(len(active))
        keep = [
            index
            for index, row in enumerate(active)
            if len(row.tokens) < sampling.max_tokens and not is_finished(row.tokens)
        ]
        if not keep:
            return
        if len(keep) < len(active):
            active = [active[index] for index in keep]
            for layer in cache:
                layer.filter(mx.array(keep))
        states = hidden(model, mx.array([[row.tokens[-1]] for row in active]), cache)[:, 0]


def _given_scores(model: Any, rows: Sequence[Row], states: mx.array) -> list[list[float]]:
    """Return the log-probability of each row's given tokens, from the states of its last tokens."""
    count = states.shape[1] - 1
    tokens = mx.array([row.prompt[-count:] for row in rows])
    scores: list[list[float]] = log_probability(logits(model, states[:, :-1]), tokens).tolist()
    return [score[count - row.given :] for row, score in zip(rows, scores, strict=True)]
