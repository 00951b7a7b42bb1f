"""Both panes at once beside the base alone: the time of the same answers, and the memory of both."""

import time
from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.generate import generate_step

from espalier.comparison.turns import Asked, Settings
from espalier.language import Message, Prompt
from espalier.messages import Emit, Stage
from espalier.metal.lora import BASE, Adapter, RowAdapter
from espalier.metal.model import MlxModel, load
from espalier.metal.paired import PairedModel, Seat
from espalier.models.starter import starter_folder
from espalier.training.settings import LoraSettings

ROUNDS = 3  # of each way, in turn; the best one counts, because other programs only ever take time away
SETTINGS = Settings(max_tokens=32)
_QUESTION = (Message("user", "How high does the Falkirk Wheel lift a boat, and which two canals does it join?"),)


def bench_compare(emit: Emit) -> dict[str, Any]:
    """Return ``ratios`` by name, beside the base alone, and ``compare``: the seconds of each way and bytes of memory.

    The adapter is of the usual rank on every linear layer, of random numbers: what it costs does not depend on them.
    An end of turn does not end an answer here, so that every way writes the same number of tokens.
    """
    student = load(starter_folder())
    prompt = student.encode(Prompt(_QUESTION))
    weights = mx.get_active_memory()
    emit(
        Stage("bench", f"{SETTINGS.max_tokens} tokens after {len(prompt)} with plain mlx-lm, then both panes, in turn")
    )
    _plain(student, prompt)
    adapter = _random_adapter(student)
    paired = PairedModel(student)
    paired.attach(adapter)
    adapter_bytes = sum(a.nbytes + b.nbytes for a, b in adapter.factors.values())
    ends, student.tokenizer.eos_token_ids = student.tokenizer.eos_token_ids, set()
    mx.reset_peak_memory()
    ways: dict[str, list[float]] = {"base alone, plain mlx-lm": [], "tuned alone": [], "both panes": []}
    for _ in range(ROUNDS):
        ways["base alone, plain mlx-lm"].append(_seconds(lambda: _plain(student, prompt)))
        ways["tuned alone"].append(_seconds(lambda: _ours(paired, [RowAdapter(adapter)])))
        ways["both panes"].append(_seconds(lambda: _ours(paired, [BASE, RowAdapter(adapter)])))
    student.tokenizer.eos_token_ids = ends
    seconds = {name: min(found) for name, found in ways.items()}
    alone = seconds["base alone, plain mlx-lm"]
    held = mx.get_active_memory()
    return {
        "ratios": {
            "both answers at once, seconds": seconds["both panes"] / alone,
            "both panes, weights in memory": held / weights,
        },
        "compare": {
            "seconds": seconds,
            "memory": {"weights": weights, "adapter": adapter_bytes, "both panes": held, "peak": mx.get_peak_memory()},
        },
    }


def _plain(student: MlxModel, prompt: list[int]) -> None:
    for _ in generate_step(mx.array(prompt), student.model, max_tokens=SETTINGS.max_tokens):
        pass


def _ours(paired: PairedModel, rows: list[RowAdapter]) -> None:
    seats = [Seat(paired.student, use) for use in rows]
    asked = [(Asked(place, _QUESTION, SETTINGS), seat) for place, seat in enumerate(seats)]
    for _ in paired.answer(asked, lambda: False):
        pass


def _random_adapter(student: MlxModel) -> Adapter:
    settings, factors = LoraSettings(), {}
    mx.random.seed(1)
    for name, weight in tree_flatten(student.model.parameters()):
        if name.startswith("model.layers.") and weight.ndim == 2:
            a = mx.random.normal((weight.shape[1], settings.rank)) * 0.01
            b = mx.random.normal((settings.rank, weight.shape[0])) * 0.01
            factors[name.removesuffix(".weight")] = (a, b)
    return Adapter(factors, settings.scale)


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
