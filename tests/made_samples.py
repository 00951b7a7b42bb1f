"""Samples with scores, and the journal of a leaf, without a model."""

from dataclasses import asdict
from pathlib import Path

from espalier.files import append_lines
from espalier.synthesis.sample import Check, Sample, measured

LEAF = "knowledge/engineering/falkirk_wheel"
FORM = Check("form", True, "It is one question.")


def sample(number: int, trip: float = 0.5, gain: float | None = 0.4, leaf: str = LEAF) -> Sample:
    made = Sample(f"0-{number}", leaf, f"What is number {number}?", f"It is {number}.", f"Fact {number // 2}.", (FORM,))
    made = made.judged(measured("round trip", trip, 0.3, "Asked again, the teacher says: “It.”"))
    if gain is not None:
        made = made.judged(measured("grounding gain", gain, 0.2, "The text makes the answer likelier."))
    return made.leaving(("round trip", "grounding gain"))


def write_journal(path: Path, samples: list[Sample]) -> None:
    append_lines(path, [*map(asdict, samples), {"wave": 0, "portion": 0, "of": 1}])
