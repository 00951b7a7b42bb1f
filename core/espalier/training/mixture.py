"""From accepted samples to the rows a student learns from, with a few of each leaf held out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from espalier.synthesis.checks import is_not_held_out
from espalier.synthesis.imported import is_imported
from espalier.synthesis.sample import Sample
from espalier.synthesis.words import plain
from espalier.taxonomy.leaf import Leaf

HELD_OUT = 20  # one accepted sample in so many is kept for validation
FEW = 10  # accepted samples of a leaf from which on at least one is


@dataclass(frozen=True)
class Row:
    """One question and answer of the mixture.

    Attributes:
        question: what the student is asked, after the text that belongs to it.
        origin: seed, sample, imported, general or recipe.
        passage: fact or passage of a document that the answer comes from; "" where there is none.
        turns: the whole conversation where it is more than the question and its answer.
        unmask: the question is learned like the answer.
    """

    leaf: str
    question: str
    answer: str
    origin: str
    passage: str = ""
    turns: tuple[tuple[str, str], ...] = ()
    unmask: bool = False


def row_of(fields: Mapping[str, Any]) -> Row:
    """Return a row from the values that JSON kept of it."""
    return Row(**{**fields, "turns": tuple((role, text) for role, text in fields.get("turns", ()))})


@dataclass(frozen=True)
class Mixture:
    """What a run trains on.

    Attributes:
        held_out: rows that are never trained on and that checkpoints are scored by.
        withheld: number of rows that a held-out question kept away.
        general: the person's general data, of which each phase takes a share.
    """

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    withheld: int
    general: tuple[Row, ...] = ()


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
        spare = _spare(samples)
        for sample in samples:
            origin = "imported" if is_imported(sample) else "sample"
            passage = sample.source if leaf.kind == "knowledge" and origin == "sample" else ""
            row = Row(leaf.path, sample.request, sample.answer, origin, passage)
            if sample.key in spare:
                held_out.append(row)
            else:
                rows.append((row, sample.question))
        kept = [row for row, question in rows if is_not_held_out(question, forbidden).passed]
        withheld += len(rows) - len(kept)
        train += kept
    return Mixture(tuple(train), tuple(held_out), withheld)


def _spare(samples: Sequence[Sample]) -> set[str]:
    """Return the keys of the samples of a leaf that are held out: the same whenever it is asked.

    What a source has beyond three samples is held out by chance, one in `HELD_OUT`. Where chance takes none of at
    least `FEW`, one goes whose source has others, so that small projects can be evaluated too.
    """
    seen, spare = Counter[str](), set[str]()
    for sample in samples:
        seen[sample.source] += 1
        if seen[sample.source] > 3 and _chance(sample) % HELD_OUT == 0:
            spare.add(sample.key)
    others = [sample for sample in samples if seen[sample.source] > 1]
    if not spare and len(samples) >= FEW and others:
        spare.add(min(others, key=_chance).key)
    return spare


def _chance(sample: Sample) -> int:
    return crc32(sample.question.encode())
