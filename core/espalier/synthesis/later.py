"""What comes to a leaf's samples after they were drawn: checks that a moved threshold calls for, and explanations.

It is kept in ``samples/later/<leaf key>.jsonl``, append-only, so that the journal of the draws is never touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, runtime_checkable

from espalier.files import append_lines, read_lines
from espalier.synthesis.decide import Thresholds, decide
from espalier.synthesis.sample import Check, Journal, Sample


@runtime_checkable
class Completes(Protocol):
    """A pipeline that can make the checks which it did not make when it drew."""

    def complete(self, samples: Sequence[Sample], on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return waiting samples, in any order, with at least the first missing check of each."""


def later_path(journal: Path) -> Path:
    """Return where what came later to a journal's samples is kept."""
    return journal.parent / "later" / journal.name


def checked(journal: Journal) -> list[Sample]:
    """Return the samples of a journal with the checks that were made since they were drawn."""
    checks = later_checks(journal.path)
    return [joined(sample, checks.get(sample.key, ())) for sample in journal.samples] if checks else journal.samples


def later_checks(journal: Path) -> dict[str, tuple[Check, ...]]:
    """Return the checks that were made after the samples of a journal were drawn, by the sample's key."""
    checks: dict[str, tuple[Check, ...]] = {}
    for line in read_lines(later_path(journal)):
        if "checks" in line:
            made = tuple(Check(**check) for check in line["checks"])
            checks[line["sample"]] = (*checks.get(line["sample"], ()), *made)
    return checks


def settle(
    journal: Journal, pipeline: object, thresholds: Thresholds, on_tokens: Callable[[int], None]
) -> list[Sample]:
    """Return the samples of a journal, after making every check that the thresholds call for.

    Args:
        journal: of one leaf; it is left as it is.
        pipeline: that drew it. Without `Completes.complete` samples stay waiting, and say so.
        thresholds: in force.
        on_tokens: told the tokens that the checks write.
    """
    samples = checked(journal)
    while isinstance(pipeline, Completes):
        waiting = {
            sample.key: sample for sample in (decide(sample, thresholds) for sample in samples) if sample.is_waiting
        }
        if not waiting:
            break
        made = pipeline.complete(list(waiting.values()), on_tokens)
        lines = [
            {"sample": one.key, "checks": [asdict(check) for check in one.verdict[len(waiting[one.key].verdict) :]]}
            for one in made
        ]
        append_lines(later_path(journal.path), lines)
        samples = checked(journal)
    return samples


def explanations(path: Path) -> dict[tuple[str, str], str]:
    """Return the explanations that were written so far, by the sample's key and the check's name."""
    return {(line["sample"], line["check"]): line["text"] for line in read_lines(path) if "text" in line}


def keep_explanation(path: Path, sample: Sample, check: str, text: str) -> None:
    """Keep the judge's explanation of one check of a sample; a later one takes its place."""
    append_lines(path, [{"sample": sample.key, "check": check, "text": text}])


def joined(sample: Sample, checks: tuple[Check, ...]) -> Sample:
    """Return a sample with later checks; one that stands there already is not taken twice."""
    new = [check for check in checks if not sample.was_checked(check.name)]
    return sample.judged(*new).leaving(sample.unchecked) if new else sample
