"""From accepted samples to the rows a student learns from, with a few of each leaf held out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from rapidfuzz import fuzz

from espalier.synthesis.checks import NEAR
from espalier.synthesis.imported import is_imported
from espalier.synthesis.sample import Sample
from espalier.synthesis.words import plain
from espalier.taxonomy.leaf import Leaf

HELD_OUT = 20  # one accepted sample in so many is kept for validation


@dataclass(frozen=True)
class Row:
    """One question and answer of the mixture.

    Attributes:
        question: what the student is asked, after the text that belongs to it.
        origin: seed, sample or imported.
    """

    leaf: str
    question: str
    answer: str
    origin: str


@dataclass(frozen=True)
class Mixture:
    """What a run trains on, what it keeps for validation, and how many rows a held-out question kept away."""

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    withheld: int


def mix(leaves: Iterable[tuple[Leaf, Sequence[Sample]]], questions: Sequence[str]) -> Mixture:
    """Return the mixture: each leaf's seeds and samples, but for a fixed share of the samples.

    Args:
        leaves: with the samples that the student shall learn from.
        questions: hand-written held-out questions; a row that is nearly the same as one is left out.
    """
    forbidden = [plain(question) for question in questions]
    train: list[Row] = []
    held_out: list[Row] = []
    withheld = 0
    for leaf, samples in leaves:
        is_grounded = leaf.kind == "grounded skill"
        rows = [
            (Row(leaf.path, seed.request if is_grounded else seed.question, seed.answer, "seed"), seed.question)
            for seed in leaf.seeds
        ]
        seen: dict[str, int] = {}
        for sample in samples:
            row = Row(leaf.path, sample.request, sample.answer, "imported" if is_imported(sample) else "sample")
            seen[sample.source] = seen.get(sample.source, 0) + 1
            is_spare = seen[sample.source] > 3 and crc32(sample.question.encode()) % HELD_OUT == 0
            if is_spare:
                held_out.append(row)
            else:
                rows.append((row, sample.question))
        kept = [row for row, question in rows if not _is_near(plain(question), forbidden)]
        withheld += len(rows) - len(kept)
        train += kept
    return Mixture(tuple(train), tuple(held_out), withheld)


def _is_near(question: str, others: Sequence[str]) -> bool:
    return any(fuzz.ratio(question, other) >= NEAR for other in others)
