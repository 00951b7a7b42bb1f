"""The engine's `espalier.language.Backend`, answered by MLX."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx

from espalier.language import TrainRow
from espalier.metal.adapters import load_adapter
from espalier.metal.divergence import compare
from espalier.metal.first_batch import preview
from espalier.metal.forecast import measure
from espalier.metal.forms.adopting import adopt
from espalier.metal.forms.table import WRITERS
from espalier.metal.gguf import import_gguf
from espalier.metal.model import MlxModel, load
from espalier.metal.panes import MlxPanes
from espalier.metal.quantize import save_quantized
from espalier.metal.soft_prompt import FILE, load_prompt
from espalier.metal.training_run import TrainingRun
from espalier.quantization.cost import Compared
from espalier.quantization.settings import USUAL, QuantizeSettings
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.import_adapter import Adopted
from espalier.training.forecast import Forecast
from espalier.training.hosts import Hosts
from espalier.training.progress import Tell
from espalier.training.settings import TrainSettings
from espalier.training.together import Lesson, train_together


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
        hosts: Hosts | None = None,
        probes: Sequence[str] = (),
    ) -> None:
        """Train ``run/adapter``, going on from ``run/checkpoint``; see `espalier.language.Backend.train`."""
        if hosts and len(hosts.names) > 1:
            mx.clear_cache()  # the ranks are processes of their own
            lesson = Lesson(model, rows, held_out, settings, run, earlier, tuple(probes))
            train_together(hosts, lesson, tell)
        else:
            TrainingRun(model, rows, held_out, settings, run, tell, earlier, probes=probes).train()

    def forecast(
        self,
        model: Path,
        phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
        settings: TrainSettings,
        run: Path,
    ) -> Forecast:
        """Return what training will take; see `espalier.language.Backend.forecast`."""
        return measure(model, phases, settings, run)

    def preview(
        self,
        model: Path,
        phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
        settings: TrainSettings,
    ) -> dict[str, Any]:
        """Return the rows' lengths and the first batch; see `espalier.language.Backend.preview`."""
        return preview(model, [row for rows, _ in phases for row in rows], settings)

    def quantize(
        self,
        model: Path,
        adapter: Path,
        destination: Path,
        settings: QuantizeSettings = USUAL,
        rows: Sequence[TrainRow] = (),
        on_update: Callable[[int, int, float], None] | None = None,
    ) -> None:
        """Write the student merged with its adapter, quantized; see `espalier.language.Backend.quantize`."""
        save_quantized(model, adapter, destination, settings, rows, on_update)

    def compare(self, model: Path, adapter: Path, quantized: Path, texts: Mapping[str, Sequence[TrainRow]]) -> Compared:
        """Return what merging and quantizing changed; see `espalier.language.Backend.compare`."""
        return compare(model, adapter, quantized, texts)

    def panes(self) -> MlxPanes:
        """Return empty panes; see `espalier.comparison.session.Panes`."""
        return MlxPanes(self.load)

    def serve(self, model: Path, adapter: Path | None, name: str, port: int, on_ready: Callable[[str], None]) -> None:
        """Answer requests for a model on this computer; see `espalier.metal.serve.serve`."""
        from espalier.metal.serve import serve  # mlx-lm's server takes seconds to import

        serve(self.load(model, adapter), name, port, on_ready)

    def write_form(self, form: str, made: Made, destination: Path) -> Check:
        """Write a form of what was trained; see `espalier.sharing.export.Writer`."""
        return WRITERS[form](made, destination)

    def read_peft(self, source: Path, student: Path, destination: Path) -> Adopted:
        """Write an adapter of PEFT's as mlx-lm holds it; see `espalier.sharing.import_adapter.Reader`."""
        return adopt(source, student, destination)

    def import_gguf(self, source: Path, destination: Path) -> None:
        """Import a GGUF file as a model folder in the number format that is fast on this machine, and try it once."""
        import_gguf(source, destination, dtype="float16" if mx.metal.is_available() else "float32")
        load(destination)  # which tells whether it can be computed in batches, and keeps the verdict
