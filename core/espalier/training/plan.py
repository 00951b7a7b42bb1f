"""How a run steps through its rows: settings, batches and learning rate, all a function of the seed and the step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class LoraSettings:
    """The shape of an adapter.

    Attributes:
        rank: width of the low-rank factors.
        scale: factor on the low-rank term; alpha in PEFT's terms is scale times rank.
        dropout: share of the low-rank path's inputs dropped while training, 0 to below 1.
        layers: how many layers are adapted, counted from the last; 0 for all.
    """

    rank: int = 16
    scale: float = 2.0
    dropout: float = 0.0
    layers: int = 0


@dataclass(frozen=True)
class TrainSettings:
    """One training run.

    Attributes:
        learning_rate: highest rate of AdamW; after the warm-up it falls along a cosine to a tenth.
        epochs: times that each row is seen.
        batch_rows: rows per update.
        warm_up: share of the updates in which the rate rises from 0.
        weight_decay: AdamW's, decoupled.
        clip: largest norm of the gradient over all factors.
        save_every: updates between two checkpoints.
        seed: of the factors' first values, the order of the rows and the dropout.
    """

    lora: LoraSettings = field(default_factory=LoraSettings)
    learning_rate: float = 1e-3
    epochs: int = 5
    batch_rows: int = 8
    warm_up: float = 0.05
    weight_decay: float = 0.01
    clip: float = 1.0
    save_every: int = 50
    seed: int = 7


def epoch_batches(lengths: Sequence[int], rows: int, seed: int, epoch: int) -> list[list[int]]:
    """Return one epoch as lists of row indices: rows of like length share a batch, the batches come shuffled.

    Lengths are blurred by up to a tenth, so that other rows meet in the next epoch. Every row occurs once; the last
    batch may be smaller. The result depends on the arguments alone.
    """
    random = np.random.default_rng((seed, epoch))
    blurred = np.asarray(lengths) * random.uniform(0.95, 1.05, len(lengths))
    order = np.argsort(blurred, kind="stable")
    batches = [[int(index) for index in order[start : start + rows]] for start in range(0, len(order), rows)]
    return [batches[index] for index in random.permutation(len(batches))]


def learning_rate(step: int, steps: int, settings: TrainSettings) -> float:
    """Return the rate of an update, counted from 0: linear warm-up, then a cosine down to a tenth."""
    warm = max(1, round(steps * settings.warm_up))
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    return settings.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * share)))
