"""Samples and verdicts, and the file of a leaf's samples."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from espalier.files import append_lines, read_lines

RECALL = "recall"  # the check of a sample that is made of the document's own words, without the teacher
UNCHECKED = "not yet checked"
NOTHING: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True)
class Check:
    """One check of the critic.

    Attributes:
        name: of the check, the same in every pipeline.
        passed: whether the sample may stay.
        reason: what was found, in words; the threshold is no part of it.
        score: the number behind it; None for a plain yes or no.
        least: what the score must reach, which a person may move; None where there is nothing to move.
    """

    name: str
    passed: bool
    reason: str
    score: float | None = None
    least: float | None = None

    @property
    def told(self) -> str:
        """Return the reason, with the threshold where there is one."""
        return self.reason if self.least is None else f"{self.reason} At least {self.least:.2f} is wanted."


def measured(name: str, score: float, least: float, reason: str) -> Check:
    """Return the check of a score against a threshold that can be moved afterwards."""
    score = round(score, 4)
    return Check(name, score >= least, reason, score, least)


@dataclass(frozen=True)
class Sample:
    """One synthetic question and answer.

    Attributes:
        id: the same whenever the same inputs draw it again.
        leaf: path of the leaf.
        source: what it was drawn from: a fact of a document, a chunk, a seed, or the answer it should get.
        verdict: the checks that were made, in order; the sample is accepted when all are passed.
        context: text that belongs to the question, as in grounded skills; "" where there is none.
        unchecked: names of the checks that were not made, as an earlier one failed whose threshold can be moved.
    """

    id: str
    leaf: str
    question: str
    answer: str
    source: str
    verdict: tuple[Check, ...] = ()
    context: str = ""
    unchecked: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Return a hash of what the student would learn; ids repeat between leaf keys, this does not."""
        return sample_key(self.leaf, self.question, self.answer, self.context)

    @property
    def request(self) -> str:
        """Return what the student is asked: the question, after the text that belongs to it."""
        return f"{self.context}\n\n{self.question}" if self.context else self.question

    @property
    def is_accepted(self) -> bool:
        """Return whether every check was made and passed."""
        return not self.unchecked and self.is_good_so_far

    @property
    def is_waiting(self) -> bool:
        """Return whether every check that was made is passed, at thresholds moved since, and others are to be made."""
        return bool(self.unchecked) and self.is_good_so_far

    @property
    def is_good_so_far(self) -> bool:
        """Return whether every check that was made is passed."""
        return all(check.passed for check in self.verdict)

    @property
    def is_written(self) -> bool:
        """Return whether the teacher wrote the question."""
        return not self.verdict or self.verdict[0].name != RECALL

    @property
    def failure(self) -> Check | None:
        """Return the first check that was not passed, or that stands for those that are still to be made."""
        failed = next((check for check in self.verdict if not check.passed), None)
        if failed is None and self.unchecked:
            reason = f"It passes so far; still to be checked: {', '.join(self.unchecked)}. Generate again to check it."
            return Check(UNCHECKED, False, reason)
        return failed

    def was_checked(self, name: str) -> bool:
        """Return whether a check was made."""
        return any(check.name == name for check in self.verdict)

    def judged(self, *checks: Check) -> "Sample":
        """Return the sample with more checks in its verdict."""
        return replace(self, verdict=(*self.verdict, *checks))

    def up_to_failure(self, checks: Iterable[Check]) -> "Sample":
        """Return the sample with more checks, up to the first that it does not pass; those after it are not made."""
        sample = self
        for check in checks:
            sample = sample.judged(check)
            if not check.passed:
                break
        return sample

    def leaving(self, names: Sequence[str]) -> "Sample":
        """Return the sample with what was not checked, of some checks, once its verdict is as far as it goes.

        What fails a check without a threshold never needs the others.
        """
        is_final = any(not check.passed and check.least is None for check in self.verdict)
        left = () if is_final else tuple(name for name in names if not self.was_checked(name))
        return self if left == self.unchecked else replace(self, unchecked=left)


def sample_key(leaf: str, question: str, answer: str, context: str = "") -> str:
    """Return `Sample.key` of these texts."""
    texts = "\0".join((leaf, question, answer, context))
    return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Journal:
    """The samples of one leaf on disk, written a portion at a time; a portion that was cut off is drawn again.

    Attributes:
        path: of the file.
        samples: of all whole portions, in the order they were written.
        waves: number of whole waves; a wave goes once through the sources that want samples.
        portions: number of whole portions in the wave after those.
        earlier: samples of the whole waves.
        rows: how many prompts were computed together; None before the first draw. Draws depend on their company in
            their last digits, so a leaf that is gone on with must be given the same.
        seen: hashes of values, by the name of a block that drops duplicates, which its rows had so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples: list[Sample] = []
        self.earlier: tuple[Sample, ...] = ()
        self.waves = 0
        self.portions = 0
        self.rows: int | None = None
        self.seen: dict[str, set[str]] = {}
        portion: dict[str, Sample] = {}  # by id: what was cut off stands before its second, whole copy
        for line in read_lines(path):
            if "portion" in line:
                self._keep(list(portion.values()), line["portion"] + 1 == line["of"], line.get("seen", {}))
                portion = {}
            elif "question" in line:
                portion[line["id"]] = sample_of(line)
            else:
                self.rows = line.get("rows", self.rows)

    def begin(self, rows: int) -> None:
        """Write how many prompts are computed together, before the first draw."""
        append_lines(self.path, [{"rows": rows}])
        self.rows = rows

    def add(self, samples: Sequence[Sample], portions: int, seen: Mapping[str, Sequence[str]] = NOTHING) -> None:
        """Write the next portion of a wave of so many portions, and hashes of values that were new in it, by block."""
        end = {"wave": self.waves, "portion": self.portions, "of": portions, **({"seen": dict(seen)} if seen else {})}
        append_lines(self.path, [*map(asdict, samples), end])
        self._keep(samples, self.portions + 1 == portions, seen)

    def _keep(self, samples: Sequence[Sample], ends_wave: bool, seen: Mapping[str, Sequence[str]]) -> None:
        self.samples += samples
        for block, values in seen.items():
            self.seen.setdefault(block, set()).update(values)
        self.portions += 1
        if ends_wave:
            self.waves, self.portions, self.earlier = self.waves + 1, 0, tuple(self.samples)


def sample_of(line: dict[str, Any]) -> Sample:
    """Return the sample that is written on a line."""
    verdict = tuple(Check(**check) for check in line["verdict"])
    return Sample(**{**line, "verdict": verdict, "unchecked": tuple(line.get("unchecked", ()))})
