"""The engine's `espalier.language.Backend`, answered by MLX."""

from collections.abc import Callable, Sequence
from pathlib import Path

import mlx.core as mx

from espalier.language import TrainRow
from espalier.metal.adapters import load_adapter
from espalier.metal.forecast import measure
from espalier.metal.gguf import import_gguf
from espalier.metal.model import MlxModel, load
from espalier.metal.panes import MlxPanes
from espalier.metal.quantize import save_quantized
from espalier.metal.soft_prompt import FILE, load_prompt
from espalier.metal.training_run import TrainingRun
from espalier.training.forecast import Forecast
from espalier.training.progress import Tell
from espalier.training.settings import TrainSettings


class MlxBackend:
    """Loads, trains and quantizes with MLX, on the process's only compute thread."""

    def load(self, model: Path, adapter: Path | None = None) -> MlxModel:
        """Return the model in a folder, with an adapter on top."""
        loaded = load(model)
        if (model / FILE).exists():  # a 4-bit student that was trained by its prompt
            load_prompt(loaded, model)
        if adapter:
            load_adapter(loaded, adapter)
        return loaded

    def train(
        self,
        model: Path,
        rows: Sequence[TrainRow],
        settings: TrainSettings,
        run: Path,
        tell: Tell,
        held_out: Sequence[TrainRow] = (),
        earlier: Path | None = None,
    ) -> None:
        """Train ``run/adapter``, going on from ``run/checkpoint``; see `espalier.language.Backend.train`."""
        TrainingRun(model, rows, held_out, settings, run, tell, earlier).train()

    def forecast(
        self,
        model: Path,
        phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
        settings: TrainSettings,
        run: Path,
    ) -> Forecast:
        """Return what training will take; see `espalier.language.Backend.forecast`."""
        return measure(model, phases, settings, run)

    def quantize(self, model: Path, adapter: Path, destination: Path) -> None:
        """Write the student merged with its adapter, in 4 bits."""
        save_quantized(model, adapter, destination)

    def panes(self) -> MlxPanes:
        """Return empty panes; see `espalier.comparison.session.Panes`."""
        return MlxPanes(self.load)

    def serve(self, model: Path, adapter: Path | None, name: str, port: int, on_ready: Callable[[str], None]) -> None:
        """Answer requests for a model on this computer; see `espalier.metal.serve.serve`."""
        from espalier.metal.serve import serve  # mlx-lm's server takes seconds to import

        serve(self.load(model, adapter), name, port, on_ready)

    def import_gguf(self, source: Path, destination: Path) -> None:
        """Import a GGUF file as a model folder in the number format that is fast on this machine, and try it once."""
        import_gguf(source, destination, dtype="float16" if mx.metal.is_available() else "float32")
        load(destination)  # which tells whether it can be computed in batches, and keeps the verdict
