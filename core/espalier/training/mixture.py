"""From accepted samples to the rows a student learns from, with a few of each leaf held out."""

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
        seen: dict[str, int] = {}
        for sample in samples:
            origin = "imported" if is_imported(sample) else "sample"
            passage = sample.source if leaf.kind == "knowledge" and origin == "sample" else ""
            row = Row(leaf.path, sample.request, sample.answer, origin, passage)
            seen[sample.source] = seen.get(sample.source, 0) + 1
            is_spare = seen[sample.source] > 3 and crc32(sample.question.encode()) % HELD_OUT == 0
            if is_spare:
                held_out.append(row)
            else:
                rows.append((row, sample.question))
        kept = [row for row, question in rows if is_not_held_out(question, forbidden).passed]
        withheld += len(rows) - len(kept)
        train += kept
    return Mixture(tuple(train), tuple(held_out), withheld)
