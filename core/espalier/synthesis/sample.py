"""Samples and verdicts, and the file of a leaf's samples."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from espalier.files import append_lines, read_lines

RECALL = "recall"  # the check of a sample that is made of the document's own words, without the teacher


@dataclass(frozen=True)
class Check:
    """One check of the critic.

    Attributes:
        name: of the check, the same in every pipeline.
        passed: whether the sample may stay.
        reason: why, in words.
        score: the number behind it; None for a plain yes or no.
    """

    name: str
    passed: bool
    reason: str
    score: float | None = None


@dataclass(frozen=True)
class Sample:
    """One synthetic question and answer.

    Attributes:
        id: the same whenever the same inputs draw it again.
        leaf: path of the leaf.
        source: what it was drawn from: a fact of a document, or the answer it should get.
        verdict: the checks that were made, in order; the sample is accepted when all are passed.
    """

    id: str
    leaf: str
    question: str
    answer: str
    source: str
    verdict: tuple[Check, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Return whether every check was passed."""
        return all(check.passed for check in self.verdict)

    @property
    def is_written(self) -> bool:
        """Return whether the teacher wrote the question."""
        return not self.verdict or self.verdict[0].name != RECALL

    @property
    def failure(self) -> Check | None:
        """Return the first check that was not passed."""
        return next((check for check in self.verdict if not check.passed), None)

    def judged(self, *checks: Check) -> "Sample":
        """Return the sample with more checks in its verdict."""
        return replace(self, verdict=(*self.verdict, *checks))


class Journal:
    """The samples of one leaf on disk, written a portion at a time; a portion that was cut off is drawn again.

    Attributes:
        samples: of all whole portions, in the order they were written.
        waves: number of whole waves; a wave goes once through the sources that want samples.
        portions: number of whole portions in the wave after those.
        earlier: samples of the whole waves.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.samples: list[Sample] = []
        self.earlier: tuple[Sample, ...] = ()
        self.waves = 0
        self.portions = 0
        portion: dict[str, Sample] = {}  # by id: what was cut off stands before its second, whole copy
        for line in read_lines(path):
            if "portion" in line:
                self._keep(list(portion.values()), line["portion"] + 1 == line["of"])
                portion = {}
            else:
                portion[line["id"]] = _sample(line)

    def add(self, samples: Sequence[Sample], portions: int) -> None:
        """Write the next portion of a wave of so many portions."""
        end = {"wave": self.waves, "portion": self.portions, "of": portions}
        append_lines(self._path, [*map(asdict, samples), end])
        self._keep(samples, self.portions + 1 == portions)

    def _keep(self, samples: Sequence[Sample], ends_wave: bool) -> None:
        self.samples += samples
        self.portions += 1
        if ends_wave:
            self.waves, self.portions, self.earlier = self.waves + 1, 0, tuple(self.samples)


def _sample(line: dict[str, Any]) -> Sample:
    return Sample(**{**line, "verdict": tuple(Check(**check) for check in line["verdict"])})
