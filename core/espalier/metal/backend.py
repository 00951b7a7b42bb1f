"""The engine's `espalier.language.Backend`, answered by MLX."""

from collections.abc import Callable, Sequence
from pathlib import Path

import mlx.core as mx

from espalier.errors import EspalierError
from espalier.files import replace_folder, whole_folder
from espalier.language import Message, Prompt, Sampling, TrainRow
from espalier.metal.gguf import import_gguf
from espalier.metal.lora import load_lora
from espalier.metal.model import MlxModel, load
from espalier.metal.paired import ask_both
from espalier.metal.quantize import save_quantized
from espalier.metal.train import Encoded, Trainer, write_adapter
from espalier.training.plan import TrainSettings


class MlxBackend:
    """Loads, trains and quantizes with MLX, on the process's only compute thread."""

    def load(self, model: Path, adapter: Path | None = None) -> MlxModel:
        """Return the model in a folder, with an adapter on top."""
        loaded = load(model)
        if adapter:
            load_lora(loaded.model, adapter)
        return loaded

    def train(
        self,
        model: Path,
        rows: Sequence[TrainRow],
        settings: TrainSettings,
        run: Path,
        on_step: Callable[[int, int, float], None],
    ) -> None:
        """Train ``run/adapter``, going on from ``run/checkpoint``; see `espalier.language.Backend.train`."""
        student = load(model)
        trainer = Trainer(student.model, [encode_row(student, row) for row in rows], settings)
        if checkpoint := whole_folder(run / "checkpoint"):
            trainer.restore(checkpoint)
        while trainer.step < trainer.steps:
            step = trainer.update()
            if step.step % settings.save_every == 0 and step.step < step.steps:
                trainer.save(run / "checkpoint")
            on_step(step.step, step.steps, step.loss)
        with replace_folder(run / "adapter") as folder:
            write_adapter(folder, student.model, settings)

    def quantize(self, model: Path, adapter: Path, destination: Path) -> None:
        """Write the student merged with its adapter, in 4 bits."""
        save_quantized(model, adapter, destination)

    def ask_both(
        self,
        model: Path,
        adapter: Path,
        prompt: Prompt,
        sampling: Sampling,
        on_text: Callable[[str, str], None],
    ) -> tuple[str, str]:
        """Return the base and the tuned answer; see `espalier.language.Backend.ask_both`."""
        return ask_both(self.load(model, adapter), prompt, sampling, on_text)

    def import_gguf(self, source: Path, destination: Path) -> None:
        """Import a GGUF file as a model folder in the number format that is fast on this machine, and try it once."""
        import_gguf(source, destination, dtype="float16" if mx.metal.is_available() else "float32")
        load(destination)  # which tells whether it can be computed in batches, and keeps the verdict


def encode_row(student: MlxModel, row: TrainRow) -> Encoded:
    """Return a training row as tokens; the answer ends with the template's own end of turn.

    Raises:
        EspalierError: the model's chat template cannot be trained on.
    """
    *turns, last = row.messages
    prompt = student.encode(Prompt(tuple(turns)))
    whole = student.encode_turns((*turns, Message("assistant", last.content)))
    if whole[: len(prompt)] != prompt:
        whole = prompt + student.encode_text(last.content)
    ends = [
        index for index, token in enumerate(whole) if token in student.tokenizer.eos_token_ids and index >= len(prompt)
    ]
    tokens = whole[: ends[-1] + 1] if ends else [*whole, student.tokenizer.eos_token_id]
    if len(tokens) <= len(prompt):
        raise EspalierError("A training row has an empty answer. Check the samples.")
    return Encoded(tokens, len(prompt))
