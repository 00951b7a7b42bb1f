"""How many samples each step let through, from the verdicts on disk."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from espalier.synthesis.sample import Sample


def funnel(samples: Iterable[Sample], order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the steps with the rows that went in and out; each sample is one row, which ends at its first failure.

    Args:
        samples: of one leaf.
        order: names of the steps; checks that are not among them follow where verdicts have them.
    """
    places: dict[str, int] = {}
    falls = Counter[str]()
    total = 0
    for sample in samples:
        total += 1
        for place, check in enumerate(sample.verdict):
            places[check.name] = max(places.get(check.name, 0), place)
        if sample.failure:
            falls[sample.failure.name] += 1
            places.setdefault(sample.failure.name, len(sample.verdict))
    named = [name for name in order if name in places]
    steps = []
    for name in [*named, *sorted(places.keys() - set(named), key=lambda name: places[name])]:
        steps.append({"name": name, "rows_in": total, "rows_out": total - falls[name]})
        total -= falls[name]
    return steps
