"""Exact and near duplicates among very many questions, without comparing each with each."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from espalier.synthesis.checks import NEAR
from espalier.synthesis.words import plain

RAREST = 3  # words of a question that lead to those it is compared with; a near-duplicate shares one of them
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


def _size(text: str) -> int:
    """Return a step of length; near-duplicates are of the same step or of neighbours, since a step is 15%."""
    return round(math.log(len(text) + 1) / math.log(1.15))
