"""The newest samples of a journal, read from its end, so that a long one is no matter."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from espalier.synthesis.decide import decide
from espalier.synthesis.later import joined, later_checks
from espalier.synthesis.sample import Sample, sample_of

_LONG = 4_096  # bytes of a sample with its verdict; most are shorter


def latest_samples(journal: Path, thresholds: Mapping[str, float], count: int) -> list[Sample]:
    """Return about the newest samples of a leaf, the latest last, as the thresholds have them; [] without a journal.

    Args:
        journal: of the leaf.
        thresholds: that a person moved.
        count: most samples to return; there are fewer when they are uncommonly long.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        with journal.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - count * _LONG)
            file.seek(start)
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    checks = later_checks(journal)
    samples: dict[str, Sample] = {}  # by id: what was cut off stands before its second, whole copy
    for line in lines[1:] if start else lines:
        try:
            value = json.loads(line)
            sample = sample_of(value) if "question" in value else None
        except (ValueError, KeyError, TypeError):
            continue
        if sample:
            samples[sample.id] = decide(joined(sample, checks.get(sample.key, ())), thresholds)
    return list(samples.values())[-count:]
