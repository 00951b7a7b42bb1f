"""Rows with planted faults (``resources/bench/critic.yaml``): what the critic's checks are measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from espalier.resources import resource
from espalier.synthesis.critic import Standard, judge_plainly
from espalier.synthesis.sample import Sample
from espalier.synthesis.words import plain

GOOD, WRONG, UNSUPPORTED = "good", "wrong", "unsupported"
# The plain checks, with the fault that each is there for.
PLAIN = {
    "stands alone": "refers",
    "copies no example": "leaked",
    "new": "near-duplicate",
    "gives an answer": "unanswerable",
    "language": "language",
    "unsafe": "unsafe",  # personal data and prohibited material
}
_UNSAFE = ("personal data", "prohibited material")


@dataclass(frozen=True)
class Labelled:
    """A row whose fault is known.

    Attributes:
        passage: that the row claims to be drawn from.
        number: of the passage, from 0; the even ones are for choosing a formula, the odd ones for reporting.
        tongue: code of the leaf's language.
        fault: planted, or good.
    """

    sample: Sample
    passage: str
    number: int
    tongue: str
    fault: str

    @property
    def is_reported(self) -> bool:
        """Return whether the row is of those on which nothing was chosen."""
        return self.number % 2 == 1


def read_labelled() -> tuple[list[Labelled], tuple[tuple[str, str], ...]]:
    """Return (rows, examples): the rows of a passage in order, the good ones first, and what leaked rows repeat."""
    data = yaml.safe_load(resource("bench/critic.yaml").read_text(encoding="utf-8"))
    rows: list[Labelled] = []
    for number, about in enumerate(data["passages"]):
        passage = " ".join(about["text"].split())
        for fault, pairs in about.items():
            for question, answer in pairs if fault not in ("lang", "text") else ():
                sample = Sample(f"{number}-{len(rows)}", f"knowledge/{number}", question, answer, passage)
                rows.append(Labelled(sample, passage, number, about["lang"], fault))
    return rows, tuple((question, answer) for question, answer in data["examples"])


def plain_verdicts(rows: Sequence[Labelled], examples: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Yield the name of the plain check that turns each row away, "" when none does."""
    number, known = -1, [""]
    for row in rows:
        if row.number != number:
            number, known = row.number, []
        judged = judge_plainly(row.sample, Standard(row.tongue, examples, ""), row.passage, known)
        if judged.is_accepted:
            known.append(f"{plain(row.sample.question)}")
        name = judged.failure.name if judged.failure else ""
        yield "unsafe" if name in _UNSAFE else name


def precision_recall(rows: Sequence[Labelled], verdicts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return, per plain check, its precision and recall on the fault that it is there for, and how many were planted.

    A row with a fault that a check is not there for counts against its precision, like a good one.
    """
    found = {}
    for check, fault in PLAIN.items():
        caught = [row.fault == fault for row, verdict in zip(rows, verdicts, strict=True) if verdict == check]
        planted = sum(row.fault == fault for row in rows)
        found[check] = {
            "precision": sum(caught) / len(caught) if caught else 0.0,
            "recall": sum(caught) / planted if planted else 0.0,
            "planted": planted,
        }
    return found
