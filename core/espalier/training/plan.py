"""How a run steps through its rows: batches, their parts, and the learning rate, all a function of seed and step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from espalier.training.settings import TrainSettings

# Attention to so many keys costs about as much as the rest of a layer does for one token, in models of some hundred
# million parameters and up: (weights of a layer) / (2 x width). It only weighs waste by padding against attention.
KEYS_PER_TOKEN = 1000


def epoch_batches(lengths: Sequence[int], rows: int, seed: int, epoch: int, *, alike: bool = True) -> list[list[int]]:
    """Return one epoch as lists of row indices, the batches in random order; the last may be smaller.

    Every row occurs once. The result depends on the arguments alone.

    Args:
        lengths: of the rows, in tokens.
        rows: per batch.
        seed: of the run.
        epoch: counted from 0.
        alike: rows of like length share a batch (lengths are blurred by up to a tenth, so that other rows meet in the
            next epoch); else rows meet at random.
    """
    random = np.random.default_rng((seed, epoch))
    blurred = np.asarray(lengths) * random.uniform(0.95, 1.05, len(lengths))
    order = np.argsort(blurred, kind="stable") if alike else random.permutation(len(lengths))
    batches = [[int(index) for index in order[start : start + rows]] for start in range(0, len(order), rows)]
    return [batches[index] for index in random.permutation(len(batches))]


def balanced(lengths: Sequence[int], bins: int) -> list[list[int]]:
    """Return the indices of lengths in so many bins of about equal sums: the longest first, each to the emptiest bin.

    Graham's longest-processing-time rule (1969): the fullest bin is at most a third above the best possible one.
    """
    found: list[list[int]] = [[] for _ in range(bins)]
    sums = [0] * bins
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        emptiest = sums.index(min(sums))
        found[emptiest].append(index)
        sums[emptiest] += lengths[index]
    return [bin for bin in found if bin]


def cost(bins: int, width: int, common: int) -> float:
    """Return what ``bins`` rows of ``width`` tokens after ``common`` cost, in tokens that attend to nothing."""
    return common + bins * width * (1 + (common + width) / KEYS_PER_TOKEN)


def pack(lengths: Sequence[int], common: int) -> list[list[int]]:
    """Return the indices of rows in the bins that cost least; each bin becomes one row of the batch.

    Few bins waste nothing on padding, many bins waste nothing on attention between rows that must not see each other.
    """
    choices = (balanced(lengths, bins) for bins in range(1, len(lengths) + 1))
    return min(choices, key=lambda bins: cost(len(bins), fullest(bins, lengths), common))


def arranged(lengths: Sequence[int], common: int, *, packed: bool) -> list[list[int]]:
    """Return the indices of the training rows in each row of a batch: packed, or each in one of its own."""
    return pack(lengths, common) if packed else [[index] for index in range(len(lengths))]


def fullest(bins: Sequence[Sequence[int]], lengths: Sequence[int]) -> int:
    """Return the largest sum of lengths in a bin: the width of the batch."""
    return max(sum(lengths[index] for index in bin) for bin in bins)


def parts(lengths: Sequence[int], count: int) -> list[list[int]]:
    """Return the indices of one update's rows in up to ``count`` parts, rows of like length together, longest first."""
    if count == 1:
        return [list(range(len(lengths)))]
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    size = math.ceil(len(order) / count)
    return [order[start : start + size] for start in range(0, len(order), size)]


@dataclass(frozen=True)
class Outlook:
    """What one epoch would compute, packed and sorted, in the units of `cost`."""

    packed: float
    sorted: float

    @property
    def packs(self) -> bool:
        """Return whether packing saves enough to be worth other company for the rows."""
        return self.packed < 0.97 * self.sorted


def outlook(lengths: Sequence[int], common: int, settings: TrainSettings) -> Outlook:
    """Return the cost of the first epoch for rows of these lengths after their common beginning."""
    packed = ordered = 0.0
    for batch in epoch_batches(lengths, settings.batch_rows, settings.seed, 0, alike=False):
        for part in parts([lengths[index] for index in batch], settings.accumulation):
            sizes = [lengths[batch[index]] for index in part]
            bins = pack(sizes, common)
            packed += cost(len(bins), fullest(bins, sizes), common)
    for batch in epoch_batches(lengths, settings.batch_rows, settings.seed, 0):
        for part in parts([lengths[index] for index in batch], settings.accumulation):
            ordered += cost(len(part), max(lengths[batch[index]] for index in part), common)
    return Outlook(packed, ordered)


def learning_rate(step: int, steps: int, settings: TrainSettings) -> float:
    """Return the rate of an update, counted from 0: linear warm-up, then the schedule, down to a tenth."""
    warm = max(1, round(steps * settings.warm_up))
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    if settings.schedule == "constant":
        return settings.learning_rate
    share = (step - warm) / max(1, steps - warm)
    if settings.schedule == "linear":
        return settings.learning_rate * (1 - 0.9 * share)
    return settings.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * share)))
