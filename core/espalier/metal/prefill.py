"""Prompts read into a cache, and what they share at their beginning read once.

Prompts are a tree of tokens: all of a call share a beginning (instructions and examples), groups of them share more (a
passage that several questions are drawn from), and each has a rest of its own. The tree is read level by level: the
common beginning as one row, the groups as one row each, the rests as one row per prompt.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from espalier.metal.forward import hidden

PREFILL_TOKENS = 2048  # of one forward pass, over all rows; bounds the memory of activations
LEAST_PART, LEAST_FILLED = 4, 0.75  # rows, and share of the longest's length, before a part is closed
LEAST_SHARED = 4  # tokens that two prompts share beyond the others before they are worth a group


class Opening:
    """The common beginning of a call's prompts, read once, from which any of them can be read to its end.

    Attributes:
        tokens: the beginning.
    """

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], kept: Sequence[int]) -> None:
        """Read the beginning.

        Args:
            model: an mlx-lm model.
            prompts: token ids.
            kept: how many last tokens of each prompt predict something that is wanted, at least 1.
        """
        room = min(len(prompt) - last - 1 for prompt, last in zip(prompts, kept, strict=True))
        self.tokens = list(prompts[0][: max(0, min(shared_prefix(prompts), room))])
        self._model = model
        self._cache = make_prompt_cache(model)
        if self.tokens:
            advance(model, self._cache, [self.tokens])

    def read_alone(self, prompt: Sequence[int], last: int) -> tuple[list[Any], mx.array]:
        """Return the model's own plain caches after one prompt, which every architecture handles, and its last states.

        Returns:
            One cache per layer, and states of shape (1, last, width).
        """
        cache = deepcopy(self._cache)
        return cache, advance(self._model, cache, [prompt[len(self.tokens) :]], last)

    def read(self, prompts: Sequence[Sequence[int]], kept: Sequence[int]) -> tuple[list[Any], mx.array]:
        """Return a cache after some of the prompts and the hidden states that predict what follows.

        Returns:
            One batch cache per layer, and states of shape (prompts, last, width), where last is the largest of
            ``kept``: a prompt that keeps fewer has its states at the end.
        """
        cache, places, begins = self._read_groups(prompts, kept)
        _spread(cache, places)
        rests = [prompt[begun:] for prompt, begun in zip(prompts, begins, strict=True)]
        return cache, advance(self._model, cache, rests, max(kept))

    def states(self, prompts: Sequence[Sequence[int]], kept: Sequence[int]) -> Iterator[tuple[list[int], mx.array]]:
        """Yield indices of prompts with their states, as `read` gives them; those with rests of like length together.

        Nothing follows these prompts, so that a short rest need not be padded to the longest.
        """
        cache, places, begins = self._read_groups(prompts, kept)
        rests = [prompt[begun:] for prompt, begun in zip(prompts, begins, strict=True)]
        for part in alike([len(rest) for rest in rests]):
            own = deepcopy(cache)
            _spread(own, [places[index] for index in part])
            last = max(kept[index] for index in part)
            yield part, advance(self._model, own, [rests[index] for index in part], last)

    def _read_groups(
        self, prompts: Sequence[Sequence[int]], kept: Sequence[int]
    ) -> tuple[list[Any], list[int], list[int]]:
        """Read what groups of the prompts share, where that is worth it.

        Returns:
            The cache, and for each prompt its place there and how many of its tokens are read.
        """
        begun = len(self.tokens)
        parts = groups(prompts, begun, kept)
        shared = [shared_by(prompts, part, kept) for part in parts]
        spared = sum((len(part) - 1) * (length - begun) for part, length in zip(parts, shared, strict=True))
        if spared < len(prompts) or min(shared) <= begun:  # reading groups first costs about a token per prompt
            return [layer.merge([layer]) for layer in self._cache], [0] * len(prompts), [begun] * len(prompts)
        cache = [layer.merge([layer] * len(parts)) for layer in self._cache]
        firsts = [prompts[part[0]][begun:length] for part, length in zip(parts, shared, strict=True)]
        advance(self._model, cache, firsts)
        group = {index: number for number, part in enumerate(parts) for index in part}
        places = [group[index] for index in range(len(prompts))]
        return cache, places, [shared[place] for place in places]


def _spread(cache: list[Any], places: list[int]) -> None:
    """Make the rows of a batch cache those of some places, any of them as often as it is named."""
    for layer in cache:
        layer.filter(mx.array(places))


def advance(model: Any, cache: list[Any], rows: Sequence[Sequence[int]], last: int = 1) -> mx.array:
    """Read tokens of unequal length, each row after what the cache holds of it.

    Args:
        model: an mlx-lm model.
        cache: for as many rows; a plain one for a single row.
        rows: token ids, at least one each.
        last: how many last states of each row are wanted; those before a row's first token are of no use.

    Returns:
        Hidden states of shape (rows, last, width).
    """
    lengths = [len(row) for row in rows]
    longest = max(lengths)
    padding = [longest - length for length in lengths]
    if any(padding):
        for layer in cache:
            layer.prepare(lengths=lengths, right_padding=padding)
    tokens = mx.array([[*row, *[0] * pad] for row, pad in zip(rows, padding, strict=True)])
    first = max(0, min(lengths) - last)  # of the wanted states
    width = max(1, PREFILL_TOKENS // len(rows))
    wanted = []
    for start in range(0, longest, width):
        states = hidden(model, tokens[:, start : start + width], cache)
        if start + width > first:
            wanted.append(states[:, max(0, first - start) :])
        mx.eval(wanted, [layer.state for layer in cache])
    if any(padding):
        for layer in cache:
            layer.finalize()
    places = mx.array([[max(0, length - last + index - first) for index in range(last)] for length in lengths])
    states = mx.take_along_axis(mx.concatenate(wanted, axis=1), places[:, :, None], axis=1)
    mx.eval(states, [layer.state for layer in cache])
    return states


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Return how many leading tokens all prompts share, at most one less than the shortest has."""
    return shared_by(prompts, range(len(prompts)), [1] * len(prompts))


def shared_by(prompts: Sequence[Sequence[int]], part: Sequence[int], kept: Sequence[int]) -> int:
    """Return how many leading tokens some of the prompts share, leaving each the last ones that it keeps."""
    chosen = [list(prompts[index]) for index in part]
    first, last = min(chosen), max(chosen)  # in lexicographic order these share least
    differing = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return min(next(differing, len(first)), *(len(prompts[index]) - kept[index] for index in part))


def groups(prompts: Sequence[Sequence[int]], begun: int, kept: Sequence[int]) -> list[list[int]]:
    """Return indices of the prompts in groups that are worth reading together, those with the longest prompt first.

    Neighbours in lexicographic order share most. One joins the group before it when that saves more tokens than the
    group loses by sharing less.

    Args:
        prompts: token ids.
        begun: how many leading tokens all of them share.
        kept: how many last tokens of each prompt are not to be shared.
    """
    order = sorted(range(len(prompts)), key=lambda index: (list(prompts[index]), index))
    with_next = [shared_by(prompts, pair, kept) - begun for pair in pairwise(order)]
    parts: list[list[int]] = []
    depth = 0  # shared by the last part, beyond what was begun
    for place, index in enumerate(order):
        if place:
            size, common = len(parts[-1]), with_next[place - 1]
            common = min(common, depth) if size > 1 else common
            goes_on_with_next = size == 1 and place < len(with_next) and with_next[place] > 2 * common
            if common >= LEAST_SHARED and size * common >= (size - 1) * depth and not goes_on_with_next:
                parts[-1].append(index)
                depth = common
                continue
        parts.append([index])
    for part in parts:
        part.sort(key=lambda index: (-len(prompts[index]), index))
    return sorted(parts, key=lambda part: (-len(prompts[part[0]]), part[0]))


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Return indices of lengths in parts, the longest first, so that little is lost when each part is padded."""
    parts: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        if parts and (len(parts[-1]) < LEAST_PART or lengths[index] >= LEAST_FILLED * lengths[parts[-1][0]]):
            parts[-1].append(index)
        else:
            parts.append([index])
    return parts
