"""An adapter of PEFT's, read onto a student and tried there."""

from pathlib import Path

from espalier.errors import EspalierError
from espalier.evaluation.general import general_texts
from espalier.language import Message, TrainRow
from espalier.metal.forms.checking import difference, row_logits
from espalier.metal.forms.peft_import import convert
from espalier.metal.model import load
from espalier.sharing.import_adapter import Adopted

_TEXTS = 2


def adopt(source: Path, student: Path, destination: Path) -> Adopted:
    """Write an adapter of PEFT's into an existing folder; see `espalier.sharing.import_adapter.Reader`.

    Raises:
        EspalierError: it is no such adapter, mlx-lm cannot hold it, it is for another model, or it computes no numbers.
    """
    loaded = load(student)
    converted = convert(source, loaded.model)
    rows = [TrainRow((*prompt.messages, Message("assistant", text))) for prompt, text in general_texts()[:_TEXTS]]
    plain = row_logits(loaded, rows)
    converted.put(loaded.model)
    effect = difference(plain, row_logits(loaded, rows))
    if effect == float("inf"):
        raise EspalierError(f"With the adapter in {source} the student computes no numbers. Get the adapter again.")
    converted.write(destination)
    return Adopted(converted.config, converted.base, len(loaded.model.layers), effect)
