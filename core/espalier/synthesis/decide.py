"""Decides samples again from their stored scores, for thresholds that were moved, without a model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from espalier.synthesis.sample import Check, Sample

Thresholds = Mapping[str, float]  # by the name of a check; the others keep the threshold they were drawn with


def decide(sample: Sample, thresholds: Thresholds) -> Sample:
    """Return a sample as the thresholds have it; the same object when nothing changes.

    Only checks with a ``least`` move. A sample that an earlier, stricter threshold turned away before its later checks
    were made is then waiting (`Sample.is_waiting`), not accepted, until `espalier.synthesis.later` has them made.
    """
    for check in sample.verdict:
        if check.least is not None and thresholds.get(check.name, check.least) != check.least:
            verdict = tuple([_at(check, thresholds) for check in sample.verdict])
            return replace(sample, verdict=verdict)
    return sample


def decide_all(samples: Iterable[Sample], thresholds: Thresholds) -> list[Sample]:
    """Return every sample as the thresholds have it, in order."""
    return [decide(sample, thresholds) for sample in samples] if thresholds else list(samples)


def changes(samples: Sequence[Sample], thresholds: Thresholds) -> tuple[list[int], list[int]]:
    """Return the indexes of the samples that the thresholds (bring in, turn away), against how they stand now.

    What would only be waiting for more checks counts as brought in.
    """
    brought: list[int] = []
    turned: list[int] = []
    for index, sample in enumerate(samples):
        stands, would = sample.is_good_so_far, all(_passes(check, thresholds) for check in sample.verdict)
        if stands != would:
            (brought if would else turned).append(index)
    return brought, turned


def movable(samples: Iterable[Sample]) -> dict[str, float]:
    """Return the checks whose threshold can be moved, with the one in force, in the order in which they are met."""
    return {check.name: check.least for sample in samples for check in sample.verdict if check.least is not None}


def _at(check: Check, thresholds: Thresholds) -> Check:
    least = thresholds.get(check.name)
    if check.least is None or check.score is None or least is None or least == check.least:
        return check
    return Check(check.name, check.score >= least, check.reason, check.score, least)


def _passes(check: Check, thresholds: Thresholds) -> bool:
    if check.least is None or check.score is None or check.name not in thresholds:
        return check.passed
    return check.score >= thresholds[check.name]
