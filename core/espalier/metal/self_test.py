"""What an app must be able to do before anybody gets it: compute on the GPU, answer, train, and read the result."""

import pkgutil
import tempfile
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_lm.models

from espalier.errors import EspalierError
from espalier.language import Message, Prompt, Sampling, TrainRow
from espalier.metal.backend import MlxBackend
from espalier.metal.tiny import write_tiny_model
from espalier.training.progress import Update
from espalier.training.settings import LoraSettings, TrainSettings

UPDATES = 2


def self_test() -> dict[str, Any]:
    """Compute a sum, then train a tiny model for two updates and let it answer; return what was seen.

    "losses" are in nats per token, "learned" is by how much an answer's became more likely.

    A kernel has to run: a file of kernels that is missing from an app shows nowhere else.

    Raises:
        EspalierError: something came out that cannot be right.
    """
    total = int(mx.sum(mx.arange(1_000)).item())
    if total != 499_500:
        raise EspalierError(f"The sum of 0 to 999 came out as {total} here. Install Espalier again.")
    architectures = sum(1 for _ in pkgutil.iter_modules(mlx_lm.models.__path__))
    backend = MlxBackend()
    with tempfile.TemporaryDirectory() as folder:
        model = write_tiny_model(Path(folder) / "tiny")
        run = Path(folder) / "run"
        run.mkdir()
        rows = [TrainRow((Message("user", f"{n} + {n}"), Message("assistant", str(2 * n)))) for n in range(4)]
        losses: list[float] = []

        def tell(event: Any) -> None:
            if isinstance(event, Update):
                losses.append(event.loss)

        settings = TrainSettings(lora=LoraSettings(rank=2), updates=UPDATES, batch_rows=2, max_tokens=64)
        backend.train(model, rows, settings, run, tell)
        prompt = Prompt((Message("user", "1 + 1"),))
        base = backend.load(model).log_probability([(prompt, "2")])[0]
        tuned = backend.load(model, run / "adapter")
        learned = tuned.log_probability([(prompt, "2")])[0] - base
        tuned.answer([prompt], Sampling(max_tokens=4))
    if len(losses) != UPDATES or not learned:
        raise EspalierError("Training a tiny model changed nothing here. Install Espalier again.")
    return {
        "device": str(mx.default_device()),
        "gpu": mx.metal.is_available(),
        "architectures": architectures,
        "losses": losses,
        "learned": learned,
    }
