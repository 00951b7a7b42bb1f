"""How a run does, from rules over its measured losses; each rule with the threshold that it goes by."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from espalier.training.curves import Curves, Score

State = Literal["early", "learning", "flat", "overfitting", "unstable"]

EARLY = 12  # updates before which nothing is said: the first batches differ more than learning does
WINDOW = 8  # the latest updates that are looked at are one in so many, but at least EARLY // 2
WIDEST = 200  # and at most so many
RISE = 0.25  # share by which the latest losses are above the lowest earlier ones when a run is lost
SPIKES = 0.1  # share of the latest losses that stand out when a run jumps about
SPIKE = 3.0  # times the median from which a loss stands out
NOISE = 0.3  # nats; what is smaller is no jump, however small the loss is
STILL = 0.02  # share by which the loss must fall over the second half of what was measured to count as falling
WORSE = 0.03  # share by which the last two held-out scores are above the best when a run learns by heart
RECENT = 0.2  # share of the run for which a retreat is still told


@dataclass(frozen=True)
class Health:
    """What is to be said of a run.

    Attributes:
        state: early, learning, flat, overfitting or unstable.
        fallen: share by which the loss has fallen since the first updates; below 0 it has risen.
        best: the best held-out score, None without any.
    """

    state: State
    fallen: float = 0.0
    best: Score | None = None


def health(curves: Curves) -> Health:
    """Return how a run does.

    In this order: *unstable* when it went back to a checkpoint lately, when the latest losses are a quarter above the
    lowest before, or when one in ten of them is three times their median; *overfitting* when the last two held-out
    scores are 3 % above the best while the loss fell; *flat* when the loss fell by less than 2 % over the second half;
    else *learning*. A phase is looked at alone.
    """
    since = curves.borders[-1] if curves.borders else 0
    first = next((place for place, step in enumerate(curves.steps) if step > since), len(curves.steps))
    losses = curves.losses[first:]
    best, count = curves.best, len(losses)
    if count < EARLY:
        return Health("early", 0.0, best)
    size = min(max(EARLY // 2, count // WINDOW), WIDEST)
    start, latest = fmean(losses[:size]), losses[-size:]
    fallen = 1 - fmean(latest) / max(start, 1e-9)
    retreats = [step for step, kind, _ in curves.told if kind == "retreat" and step > since]
    if (retreats and curves.steps[-1] - retreats[-1] < max(EARLY, RECENT * count)) or _jumps(losses, size):
        return Health("unstable", fallen, best)
    if _is_worse([score for score in curves.scores if score.step > since]) and fallen > 0:
        return Health("overfitting", fallen, best)
    half = losses[count // 2 :]
    before, after = fmean(half[: len(half) // 2]), fmean(half[len(half) // 2 :])
    return Health("learning" if before - after >= STILL * before else "flat", fallen, best)


def _jumps(losses: Sequence[float], size: int) -> bool:
    latest = losses[-size:]
    windows = [fmean(losses[place : place + size]) for place in range(0, len(losses) - 2 * size + 1, size)]
    lowest = min(windows, default=latest[0])
    if windows and fmean(latest) > (1 + RISE) * lowest + NOISE:
        return True
    usual = median(latest)
    return sum(loss > SPIKE * usual + NOISE for loss in latest) > SPIKES * size


def _is_worse(scores: Sequence[Score]) -> bool:
    if len(scores) < 3:
        return False
    best = min(scores, key=lambda score: score.loss)
    return all(score.step > best.step and score.loss > (1 + WORSE) * best.loss for score in scores[-2:])
