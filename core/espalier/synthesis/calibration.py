"""How far the critic agrees with the person: a few rows to rate, agreement with its interval, better thresholds.

Ratings are kept in ``ratings.jsonl``, append-only; the last rating of a sample counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from espalier.files import append_lines, read_lines
from espalier.synthesis.decide import Thresholds, decide, movable
from espalier.synthesis.sample import Sample

ROWS = 20  # to rate: some minutes of a person's time
RESAMPLES = 2000  # of the ratings, for an interval (percentile bootstrap, Efron 1979)
Ratings = Mapping[str, bool]  # by the sample's key: whether the person finds it good


@dataclass(frozen=True)
class Agreement:
    """How often critic and person say the same.

    Attributes:
        rows: that were rated.
        raw: share of them on which both agree, 0 to 1.
        kappa: what is left when chance is taken away (Cohen 1960), at most 1; None where one of the two never varies.
        low: and ``high``: bounds of the 95% interval of kappa, None with it.
    """

    rows: int
    raw: float
    kappa: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Proposal:
    """Thresholds under which the critic agrees more with the person.

    Attributes:
        thresholds: only those that move.
        before: the agreement as it is.
        after: the agreement on the same ratings; on rows that were not rated it will be less.
    """

    thresholds: Mapping[str, float]
    before: Agreement
    after: Agreement


def ratings_path(root: Path) -> Path:
    """Return where a project's ratings are kept."""
    return root / "ratings.jsonl"


def rate(path: Path, sample: Sample, is_good: bool, who: str = "") -> None:
    """Keep what a person thinks of a sample."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    append_lines(path, [{"sample": sample.key, "good": is_good, "who": who, "when": now}])


def read_ratings(path: Path) -> dict[str, bool]:
    """Return the last rating of each sample."""
    return {line["sample"]: line["good"] for line in read_lines(path)}


def rows_to_rate(samples: Iterable[Sample], ratings: Ratings, count: int = ROWS) -> list[Sample]:
    """Return samples for a person to rate: half of them accepted, and both halves spread over the range of scores.

    Samples that no model judged tell nothing of thresholds and are left out, as are those rated before. The order
    mixes both halves and is the same every time, so that it does not tell what the critic thinks.
    """
    judged = {sample.key: sample for sample in samples if _scores(sample) and sample.key not in ratings}
    sides: dict[bool, list[Sample]] = {True: [], False: []}
    for sample in judged.values():
        sides[sample.is_good_so_far].append(sample)
    wanted = {True: count // 2, False: count - count // 2}
    for side in (True, False):  # what one side lacks, the other gives
        wanted[not side] += max(0, wanted[side] - len(sides[side]))
    chosen = [sample for side in (True, False) for sample in _spread(sides[side], wanted[side])]
    return sorted(chosen, key=lambda sample: sample.key)


def agreements(samples: Iterable[Sample], ratings: Ratings) -> dict[str, Agreement]:
    """Return the agreement of each check with the person, over the rated rows that it was made of; "" is the whole.

    Args:
        samples: decided by the thresholds in force.
        ratings: of the person.
    """
    rated = _rated(samples, ratings)
    pairs: dict[str, list[tuple[bool, bool]]] = {"": []}
    for sample in rated:
        good = ratings[sample.key]
        pairs[""].append((sample.is_good_so_far, good))
        for check in sample.verdict:
            pairs.setdefault(check.name, []).append((check.passed, good))
    return {name: agreement(found) for name, found in pairs.items() if found}


def agreement(pairs: Sequence[tuple[bool, bool]]) -> Agreement:
    """Return the agreement of (critic, person) pairs, of which there is at least one."""
    both = np.array(pairs, dtype=bool)
    kappa = _kappa(both[None])[0]
    if np.isnan(kappa):
        return Agreement(len(both), float(np.mean(both[:, 0] == both[:, 1])), None, None, None)
    generator = np.random.default_rng(len(both))
    again = _kappa(both[generator.integers(0, len(both), (RESAMPLES, len(both)))])
    low, high = np.nanpercentile(again, [2.5, 97.5])
    return Agreement(
        len(both), float(np.mean(both[:, 0] == both[:, 1])), float(kappa), round(float(low), 4), round(float(high), 4)
    )


def propose(samples: Iterable[Sample], ratings: Ratings) -> Proposal | None:
    """Return thresholds that agree better with the ratings; None when none does, or nothing is rated.

    Thresholds are moved one at a time, each as little as possible, while one more row comes to agree.
    """
    rated = _rated(samples, ratings)
    if not rated:
        return None
    moved: dict[str, float] = {}
    best = _agreeing(rated, ratings, moved)
    while True:
        found = [
            (_agreeing(rated, ratings, {**moved, name: least}), -abs(least - now), name, least)
            for name, now in {**movable(rated), **moved}.items()
            for least in _between(rated, name)
        ]
        top = max(found, default=None)
        if top is None or top[0] <= best:
            break
        best, _, name, least = top
        moved[name] = least
    if not moved:
        return None
    before, after = (
        agreement([(decide(sample, thresholds).is_good_so_far, ratings[sample.key]) for sample in rated])
        for thresholds in ({}, moved)
    )
    return Proposal(moved, before, after)


def _rated(samples: Iterable[Sample], ratings: Ratings) -> list[Sample]:
    return list({sample.key: sample for sample in samples if sample.key in ratings}.values())


def _scores(sample: Sample) -> list[float]:
    """Return how far each score is from its threshold."""
    return [
        check.score - check.least for check in sample.verdict if check.score is not None and check.least is not None
    ]


def _spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Return samples at even distances, by their score that is nearest to a threshold or furthest below one."""
    ordered = sorted(samples, key=lambda sample: (min(_scores(sample)), sample.key))
    if len(ordered) <= count:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / max(1, count - 1))] for place in range(count)]


def _between(samples: Sequence[Sample], name: str) -> list[float]:
    """Return thresholds that tell the samples' scores apart in every way."""
    scores = sorted(
        {check.score for s in samples for check in s.verdict if check.name == name and check.score is not None}
    )
    middles = [(low + high) / 2 for low, high in pairwise(scores)]
    return [round(least, 4) for least in (*scores[:1], *middles)]


def _agreeing(samples: Sequence[Sample], ratings: Ratings, thresholds: Thresholds) -> int:
    return sum(decide(sample, thresholds).is_good_so_far == ratings[sample.key] for sample in samples)


def _kappa(pairs: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa of each set of pairs, of shape (sets, pairs, 2); nan where chance alone explains all."""
    critic, person = pairs[..., 0], pairs[..., 1]
    observed = np.mean(critic == person, axis=-1)
    first, second = np.mean(critic, axis=-1), np.mean(person, axis=-1)
    chance = first * second + (1 - first) * (1 - second)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa: np.ndarray = np.where(chance < 1, (observed - chance) / (1 - chance), np.nan)
    return kappa
