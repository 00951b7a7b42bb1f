"""Exact and near duplicates among many questions."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process

from espalier.synthesis.checks import NEAR
from espalier.synthesis.words import plain

RAREST = 3  # words of a question that lead to those it is compared with; a near-duplicate shares one of them
SLICE = 256  # texts that are compared with all others of their length at once
MOST = 100  # questions compared with one for each word and length; of a template's thousands, the latest will do


def repeats(questions: Sequence[str], contexts: Sequence[str] = (), near: float = NEAR) -> dict[int, int]:
    """Return, for each question that repeats an earlier one or nearly so, the index of that earlier one.

    Questions are compared in their plain form by rapidfuzz's ratio. A repeat is not compared with later ones: of a
    family of near-duplicates the first stays.

    Args:
        questions: in the order in which they should be kept.
        contexts: of the questions; one about another context is no repeat. () where there are none.
        near: smallest ratio of a near-duplicate, 0 to 100.
    """
    texts = [plain(question) for question in questions]
    counts = Counter(word for text in texts for word in set(text.split()))
    exact: dict[tuple[str, str], int] = {}
    places: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for index, (text, context) in enumerate(zip(texts, contexts or [""] * len(texts), strict=True)):
        if (context, text) in exact:
            found[index] = exact[context, text]
            continue
        words = sorted(set(text.split()), key=lambda word: (counts[word], word))
        size = _size(text)
        sizes = (size - 1, size, size + 1)
        lists = [places[context, word, near_size] for word in words[:RAREST] for near_size in sizes]
        earlier = [place for listed in lists for place in listed[-MOST:]]
        match = process.extractOne(
            text, [texts[place] for place in earlier], scorer=fuzz.ratio, processor=None, score_cutoff=near
        )
        if match:
            found[index] = earlier[match[2]]
            continue
        exact[context, text] = index
        for word in words:
            places[context, word, size].append(index)
    return found


def near_earlier(texts: Sequence[str], first: int = 0, near: float = NEAR) -> dict[int, int]:
    """Return, for each text that is nearly an earlier one, the index of the first such; none is overlooked.

    Each is compared with each of about its length: 10,000 take seconds, where `repeats` takes one. A text that repeats
    another is not compared with later ones.

    Args:
        texts: plain, in the order in which they should be kept.
        first: index of the first text to look at; those before it stay whatever they are.
        near: smallest ratio of a near-duplicate, above 0 to 100.
    """
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    lengths = [len(texts[index]) for index in order]
    sorted_texts = [texts[index] for index in order]
    asked = [place for place, index in enumerate(order) if index >= first]
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for start in range(0, len(asked), SLICE):
        places = asked[start : start + SLICE]
        # texts of lengths m and n have at most the ratio 200 min(m, n) / (m + n)
        low = bisect_left(lengths, int(lengths[places[0]] * near / (200 - near)))
        high = bisect_right(lengths, math.ceil(lengths[places[-1]] * (200 - near) / near))
        rows = [sorted_texts[place] for place in places]
        found = process.cdist(
            rows, sorted_texts[low:high], scorer=fuzz.ratio, score_cutoff=near, dtype=np.uint8, workers=-1
        )
        for row, column in zip(*(indexes.tolist() for indexes in np.nonzero(found)), strict=True):
            later, earlier = order[places[row]], order[low + column]
            if earlier < later:
                alike[later].append(earlier)
    kept: dict[int, int] = {}
    for later in sorted(alike):
        original = min((earlier for earlier in alike[later] if earlier not in kept), default=None)
        if original is not None:
            kept[later] = original
    return kept


def _size(text: str) -> int:
    """Return a step of length; near-duplicates are of the same step or of neighbours, since a step is 15%."""
    return round(math.log(len(text) + 1) / math.log(1.15))
