"""Training beside plain mlx-lm's own functions: same student, rows, rank and rows per update, in one run."""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx_lm.models import activations, llama
from mlx_lm.tuner import trainer as plain
from mlx_lm.tuner.datasets import CacheDataset, ChatDataset
from mlx_lm.tuner.utils import linear_to_lora_layers

from espalier.language import Message, TrainRow
from espalier.messages import Emit, Stage
from espalier.metal.adapters import adapt
from espalier.metal.linux import speed_up
from espalier.metal.model import MlxModel, load
from espalier.metal.rows import encode_all
from espalier.metal.train import Trainer
from espalier.models.starter import starter_folder
from espalier.resources import resource
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.settings import TrainSettings

ROUNDS = 2  # of each side, in turn; the better one counts, because other programs only ever take time away
CURVE = 6  # updates whose losses are compared
# Nothing that mlx-lm's loop cannot do: no clipping, a constant rate. AdamW, rank 16 and every layer on both sides.
SETTINGS = TrainSettings(learning_rate=1e-4, schedule="constant", warm_up=0.0, clip=0.0)


@dataclass(frozen=True)
class Speed:
    """What a few updates took.

    Attributes:
        tokens_per_second: of the rows, without padding.
        memory: most that was in use beyond the student, in bytes.
    """

    tokens_per_second: float
    memory: int


def bench_training(emit: Emit, student: Path | None = None) -> dict[str, Any]:
    """Return ``ratios`` by name, beside plain mlx-lm, and the figures behind them.

    Args:
        emit: told what is measured.
        student: folder of the model; the starter by default.
    """
    folder = student or starter_folder()
    ratios: dict[str, float] = {}
    figures: dict[str, Any] = {}
    for kind, rows, batch_rows, updates in (("example", short_rows(), 8, 3), ("long rows", long_rows(), 4, 2)):
        settings = replace(SETTINGS, batch_rows=batch_rows)
        speeds: dict[str, list[Speed]] = {"espalier": [], "mlx-lm": []}
        for number in range(1, ROUNDS + 1):
            for name, measure in (("espalier", _ours), ("mlx-lm", _theirs)):
                emit(Stage("bench", f"{kind}: {updates} updates of {batch_rows} rows with {name}, round {number}"))
                speeds[name].append(measure(folder, rows, settings, updates))
        ours, theirs = (max(speeds[name], key=lambda speed: speed.tokens_per_second) for name in speeds)
        memory = [min(speed.memory for speed in speeds[name]) for name in speeds]
        ratios[f"training, {kind}, tokens per second"] = ours.tokens_per_second / theirs.tokens_per_second
        ratios[f"training, {kind}, extra peak memory"] = memory[0] / memory[1]
        for name, speed, peak in (("espalier", ours, memory[0]), ("mlx-lm", theirs, memory[1])):
            figures[f"{kind}, {name}"] = {"tokens_per_second": speed.tokens_per_second, "extra_peak_memory": peak}
    emit(Stage("bench", f"{CURVE} updates in the same order, to compare the losses"))
    losses = curves(folder, short_rows(), replace(SETTINGS, batch_rows=4))
    figures["losses"] = losses
    gaps = [abs(first - second) for first, second in zip(losses["espalier"], losses["mlx-lm"], strict=True)]
    figures["largest_difference_of_losses"] = max(gaps)
    return {"ratios": ratios, "training": figures}


def short_rows() -> list[TrainRow]:
    """Return rows like those that the example's pipeline writes: a seed's question, a sentence of the document."""
    questions, sentences = _example()
    pairs = [(question, sentence) for sentence in sentences for question, _ in questions]
    return [_row(question, sentence) for question, sentence in pairs[:: max(1, len(pairs) // 96)]]


def long_rows() -> list[TrainRow]:
    """Return rows with a passage before the question, a few of many lengths."""
    questions, sentences = _example()
    rows = []
    for number in range(16):
        passage = " ".join(sentences[: 2 + 7 * number % len(sentences)])
        question, answer = questions[number % len(questions)]
        rows.append(_row(f"{passage}\n\n{question}", answer))
    return rows


def _row(question: str, answer: str) -> TrainRow:
    return TrainRow((Message("user", question), Message("assistant", answer)))


def example_knowledge() -> tuple[Leaf, list[str]]:
    """Return the knowledge leaf of the example project, and its documents."""
    example = resource("example_project")
    leaf = next(leaf for leaf in read_taxonomy(example / "taxonomy") if leaf.kind == "knowledge")
    files = sorted((example / "documents" / leaf.path).glob("*.md"))
    return leaf, [file.read_text(encoding="utf-8") for file in files]


def _example() -> tuple[list[tuple[str, str]], list[str]]:
    leaf, documents = example_knowledge()
    text = " ".join(line for document in documents for line in document.split("\n") if line[:1] != "#")
    sentences = [sentence.strip() + "." for sentence in text.split(". ") if len(sentence) > 20]
    return [(seed.question, seed.answer) for seed in leaf.seeds], sentences


def _ours(folder: Path, rows: Sequence[TrainRow], settings: TrainSettings, updates: int) -> Speed:
    student = _loaded(folder)
    with _measured() as result:
        trainer = _trainer(student, rows, replace(settings, updates=updates + 1))
        trainer.update()
        started, tokens = time.monotonic(), 0
        for _ in range(updates):
            tokens += trainer.update().real_tokens
    return Speed(tokens / (time.monotonic() - started), result())


def _theirs(folder: Path, rows: Sequence[TrainRow], settings: TrainSettings, updates: int) -> Speed:
    counted: list[tuple[float, int]] = []

    def batches(**arguments: Any) -> Iterator[Any]:
        for tokens, lengths in plain.iterate_batches(**arguments):
            counted.append((time.monotonic(), int(lengths[:, 1].sum().item())))
            yield tokens, lengths

    student = _loaded(folder)
    with _measured() as result:
        ended = _train_plainly(student, rows, settings, updates + 1, batches)
    started = counted[1][0]  # the first update warms up, as ours does
    return Speed(sum(tokens for _, tokens in counted[1 : updates + 1]) / (ended - started), result())


def curves(folder: Path, rows: Sequence[TrainRow], settings: TrainSettings) -> dict[str, list[float]]:
    """Return the losses of both sides over the same batches.

    mlx-lm's loss counts one token of padding for every row. It is told lengths that are shorter by one, so that it
    counts the answers alone.
    """
    trainer = _trainer(load(folder), rows, replace(settings, updates=CURVE))
    order = [trainer.batch_rows(step) for step in range(CURVE)]
    ours = [trainer.update().loss for _ in range(CURVE)]
    theirs: list[float] = []

    def batches(**_: Any) -> Iterator[Any]:
        for batch in order:
            longest = max(len(row.tokens) for row in batch)
            tokens = mx.array([row.tokens + [0] * (longest - len(row.tokens)) for row in batch])
            yield tokens, mx.array([[row.first, len(row.tokens) - 1] for row in batch])

    _train_plainly(_loaded(folder), rows, settings, CURVE, batches, theirs.append)
    return {"espalier": ours, "mlx-lm": theirs}


def _trainer(student: MlxModel, rows: Sequence[TrainRow], settings: TrainSettings) -> Trainer:
    adapt(student, settings)
    return Trainer(student, encode_all(student, rows, settings).rows, settings)


def _loaded(folder: Path) -> MlxModel:
    student = load(folder)
    mx.eval(student.model.parameters())
    return student


def _train_plainly(
    student: MlxModel,
    rows: Sequence[TrainRow],
    settings: TrainSettings,
    updates: int,
    batches: Callable[..., Iterator[Any]],
    on_loss: Callable[[float], Any] = lambda loss: None,
) -> float:
    """Train with mlx-lm's own layers, data set, batches, loss and loop, and return when the last update ended."""
    model, shape = student.model, {"rank": settings.lora.rank, "scale": settings.lora.scale, "dropout": 0.0}
    mx.random.seed(settings.seed)
    model.freeze()
    linear_to_lora_layers(model, len(model.layers), shape)
    data = [{"messages": [vars(message) for message in row.messages]} for row in rows]
    optimizer = optim.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, bias_correction=True)
    ended = 0.0

    class Callback(plain.TrainingCallback):  # type: ignore[misc]
        def on_train_loss_report(self, info: dict[str, Any]) -> None:
            nonlocal ended
            ended = time.monotonic()
            on_loss(float(info["train_loss"]))

    with tempfile.TemporaryDirectory() as place, _without_our_activation(), contextlib.redirect_stdout(io.StringIO()):
        plain.train(
            model,
            optimizer,
            CacheDataset(ChatDataset(data, student.tokenizer, mask_prompt=True)),
            args=plain.TrainingArgs(
                batch_size=settings.batch_rows,
                iters=updates,
                steps_per_report=1,
                steps_per_save=updates + 1,
                adapter_file=str(Path(place, "adapters.safetensors")),
            ),
            iterate_batches=batches,
            training_callback=Callback(),
        )
    return ended


@contextlib.contextmanager
def _without_our_activation() -> Iterator[None]:
    llama.swiglu = activations.swiglu
    try:
        yield
    finally:
        speed_up()


@contextlib.contextmanager
def _measured() -> Iterator[Callable[[], int]]:
    """Yield a function that returns the largest memory in use since, beyond what was in use before, in bytes."""
    mx.clear_cache()
    before = int(mx.get_active_memory())
    mx.reset_peak_memory()
    yield lambda: int(mx.get_peak_memory()) - before
