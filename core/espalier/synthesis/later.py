"""What comes to a leaf's samples after they were drawn: checks that a moved threshold calls for, and explanations.

It is kept in ``samples/later/<leaf key>.jsonl``, append-only, so that the journal of the draws is never touched.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from espalier.files import append_lines, read_lines
from espalier.synthesis.decide import Thresholds, decide
from espalier.synthesis.sample import Check, Sample


class Completes(Protocol):
    """A pipeline that can make the checks which it did not make when it drew."""

    def complete(self, samples: Sequence[Sample], on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return waiting samples, in any order, with at least the first missing check of each."""


def later_path(journal: Path) -> Path:
    """Return where what came later to a journal's samples is kept."""
    return journal.parent / "later" / journal.name


def with_later(samples: Iterable[Sample], path: Path, thresholds: Thresholds) -> list[Sample]:
    """Return samples as they stand now: with the checks that were made later, decided by the thresholds."""
    checks: dict[str, tuple[Check, ...]] = {}
    for line in read_lines(path):
        if "checks" in line:
            made = tuple(Check(**check) for check in line["checks"])
            checks[line["sample"]] = (*checks.get(line["sample"], ()), *made)
    if not checks:
        return [decide(sample, thresholds) for sample in samples]
    return [decide(_joined(sample, checks.get(sample.key, ())), thresholds) for sample in samples]


def settle(
    samples: Sequence[Sample],
    pipeline: Completes,
    path: Path,
    thresholds: Thresholds,
    on_tokens: Callable[[int], None],
) -> list[Sample]:
    """Return samples none of which is waiting: what is missing is checked, and kept.

    Args:
        samples: of one leaf, as they were drawn.
        pipeline: that drew them.
        path: from `later_path`.
        thresholds: in force.
        on_tokens: told the tokens that the checks write.
    """
    decided = with_later(samples, path, thresholds)
    while waiting := [sample for sample in decided if sample.is_waiting]:
        before = {sample.key: len(sample.verdict) for sample in waiting}
        made = pipeline.complete(waiting, on_tokens)
        append_lines(
            path,
            [
                {"sample": sample.key, "checks": [asdict(check) for check in sample.verdict[before[sample.key] :]]}
                for sample in made
            ],
        )
        decided = with_later(samples, path, thresholds)
    return decided


def explanations(path: Path) -> dict[tuple[str, str], str]:
    """Return the explanations that were written so far, by the sample's key and the check's name."""
    return {(line["sample"], line["check"]): line["text"] for line in read_lines(path) if "text" in line}


def keep_explanation(path: Path, sample: Sample, check: str, text: str) -> None:
    """Keep the judge's explanation of one check of a sample; a later one takes its place."""
    append_lines(path, [{"sample": sample.key, "check": check, "text": text}])


def _joined(sample: Sample, checks: tuple[Check, ...]) -> Sample:
    """Return a sample with later checks; one that stands there already is not taken twice."""
    new = [check for check in checks if not sample.was_checked(check.name)]
    return sample.judged(*new).leaving(sample.unchecked) if new else sample
