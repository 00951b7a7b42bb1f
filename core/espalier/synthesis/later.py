"""What comes to a leaf's samples after they were drawn: checks that a moved threshold calls for, and explanations.

It is kept in ``samples/later/<leaf key>.jsonl``, append-only, so that the journal of the draws is never touched.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from espalier.files import append_lines, read_lines
from espalier.synthesis.decide import Thresholds, decide
from espalier.synthesis.sample import Check, Journal, Sample


@runtime_checkable
class Completes(Protocol):
    """A pipeline that can make the checks which it did not make when it drew."""

    def complete(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return waiting samples, in any order, with at least the first missing check of each."""


def later_path(journal: Path) -> Path:
    """Return where what came later to a journal's samples is kept."""
    return journal.parent / "later" / journal.name


def checked(journal: Journal, beyond: bool = True) -> list[Sample]:
    """Return the samples of a journal with the checks that were made since they were drawn.

    Args:
        journal: of one leaf; it is left as it is.
        beyond: whether checks that look beyond the leaf are wanted too.
    """
    made = later_checks(journal.path, beyond)
    return [joined(sample, made[sample.key]) if sample.key in made else sample for sample in journal.samples]


def later_checks(journal: Path, beyond: bool = True) -> dict[str, list[Check]]:
    """Return the checks that were made after the samples of a journal were drawn, by the sample's key."""
    lines = read_lines(later_path(journal))
    made: dict[str, list[Check]] = {}
    for line in lines:
        if "checks" in line:
            made.setdefault(line["sample"], []).extend(Check(**check) for check in line["checks"])
    for key, checks in _across(lines).items() if beyond else ():
        made.setdefault(key, []).extend(checks)
    return made


def across(journal: Journal) -> dict[str, list[Check]]:
    """Return the failed checks of `espalier.synthesis.across`, by the sample's key."""
    return _across(read_lines(later_path(journal.path)))


def _across(lines: Sequence[Any]) -> dict[str, list[Check]]:
    noted = {line["sample"]: line["across"] for line in lines if "across" in line}
    return {key: [Check(**check) for check in checks] for key, checks in noted.items() if checks}


def settle(journal: Journal, work: object, thresholds: Thresholds) -> list[Sample]:
    """Return the samples of a journal, after every check was made that the thresholds call for.

    Args:
        journal: of one leaf; it is left as it is.
        work: that drew it. Without `Completes.complete` samples stay waiting, and say so.
        thresholds: in force.
    """
    samples = checked(journal, beyond=False)
    while isinstance(work, Completes):
        waiting = {
            sample.key: sample for sample in (decide(sample, thresholds) for sample in samples) if sample.is_waiting
        }
        if not waiting:
            break
        made = work.complete(list(waiting.values()))
        lines = [
            {"sample": one.key, "checks": [asdict(check) for check in one.verdict[len(waiting[one.key].verdict) :]]}
            for one in made
        ]
        assert any(line["checks"] for line in lines), "complete() makes at least one check"
        append_lines(later_path(journal.path), lines)
        samples = checked(journal, beyond=False)
    return samples


def explanations(path: Path) -> dict[tuple[str, str], str]:
    """Return the explanations that were written so far, by the sample's key and the check's name."""
    return {(line["sample"], line["check"]): line["text"] for line in read_lines(path) if "text" in line}


def keep_explanation(path: Path, sample: Sample, check: str, text: str) -> None:
    """Keep the judge's explanation of one check of a sample; a later one takes its place."""
    append_lines(path, [{"sample": sample.key, "check": check, "text": text}])


def joined(sample: Sample, checks: Sequence[Check]) -> Sample:
    """Return a sample with later checks; one that is passed already is not taken twice."""
    stood = {check.name for check in sample.verdict}
    new = [check for check in checks if check.name not in stood or not check.passed]
    return sample.judged(*new).leaving(sample.unchecked) if new else sample
