"""How sure a count is: intervals for shares, and whether two models differ on the same questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_Z = 1.959964  # the normal quantile of a two-sided 95 % interval
_RESAMPLES = 10_000


@dataclass(frozen=True)
class Difference:
    """How far the second of two models is ahead on the same questions.

    Attributes:
        mean: of the differences per question.
        low: where the 95 % interval of the mean begins.
        high: where it ends.
        p_value: probability of so uneven a split of wins and losses if neither were better, 0 to 1.
    """

    mean: float
    low: float
    high: float
    p_value: float

    @property
    def is_sure(self) -> bool:
        """Return whether the models differ by more than chance explains, at 5 %."""
        return self.p_value < 0.05


def wilson(right: int, asked: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share of right answers (Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209).

    Args:
        right: 0 to ``asked``.
        asked: number of questions; of none the interval is all from 0 to 1.
    """
    if not asked:
        return 0.0, 1.0
    share, weight = right / asked, _Z * _Z / asked
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / asked + weight / (4 * asked)) / (1 + weight)
    return (0.0 if right == 0 else middle - half), (1.0 if right == asked else middle + half)


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided p-value of the exact sign test; for right and wrong it is McNemar's exact test."""
    rounds = wins + losses
    tail: int = sum(math.comb(rounds, count) for count in range(min(wins, losses) + 1))
    return min(1.0, float(2 * tail / 2**rounds))


def compare(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Difference:
    """Return how far the second model is ahead of the first.

    The interval is the paired percentile bootstrap's (Efron and Tibshirani 1993, chapter 13), over questions; the same
    scores always give the same.

    Args:
        first: its score on each question.
        second: its score on each of the same questions.
        seed: of the resampling.
    """
    differences = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    if not len(differences):
        return Difference(0.0, 0.0, 0.0, 1.0)
    values, counts = np.unique(differences, return_counts=True)  # resampling counts of equal values is the same
    drawn = np.random.default_rng(seed).multinomial(len(differences), counts / len(differences), size=_RESAMPLES)
    means = drawn @ values / len(differences)
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(differences.mean()), float(low), float(high), sign_test(wins, losses))
