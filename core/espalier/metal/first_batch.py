"""What a student is shown, as plain text: the rows of a run's first update, with what carries loss and what not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from espalier.language import TrainRow
from espalier.metal.adapters import adapt
from espalier.metal.model import MlxModel, load
from espalier.metal.rows import Encoded, Encoding, encode_some
from espalier.metal.train import Trainer
from espalier.models.shapes import packed_bits
from espalier.training.plan import arranged, parts
from espalier.training.settings import TrainSettings


def first_batch(student: MlxModel, trainer: Trainer, encoding: Encoding, settings: TrainSettings) -> dict[str, Any]:
    """Return the first update's rows as the trainer puts them together.

    ``lines`` are the rows of its tensors, in order; each holds training rows, several where they are packed, and each
    of those is a list of ``[text, learned]`` pieces. ``verdict`` says why they are put together so. ``lengths`` are
    those of all rows before any was cut: tokens, and tokens before the first that is learned.
    """
    rows, layout = trainer.batch_rows(0), trainer.layout
    lines = []
    for part in parts([len(row.tokens) for row in rows], settings.accumulation):
        here = [rows[index] for index in part]
        lengths = [len(row.tokens) - 1 - layout.common for row in here]
        bins = arranged(lengths, layout.common, packed=layout.packed)
        lines += [[_pieces(student, here[index]) for index in bin] for bin in bins]
    return {"lines": lines, "packed": layout.packed, "verdict": trainer.verdict, "lengths": encoding.lengths}


def _pieces(student: MlxModel, row: Encoded) -> list[tuple[str, bool]]:
    learned, pieces = frozenset(row.answers), list[tuple[str, bool]]()
    start = len(student.virtual)
    while start < len(row.tokens):
        is_learned, end = start in learned, start
        while end < len(row.tokens) and (end in learned) == is_learned:
            end += 1
        pieces.append((str(student.tokenizer.decode(row.tokens[start:end])), is_learned))
        start = end
    return pieces


def preview(model: Path, rows: Sequence[TrainRow], settings: TrainSettings) -> dict[str, Any]:
    """Return the `first_batch` of a run that is not begun; see `espalier.language.Backend.preview`."""
    student = load(model)
    adapt(student, settings, packed_bits(model))
    encoding = encode_some(student, rows, settings)
    return first_batch(student, Trainer(student, encoding.rows, settings), encoding, settings)
