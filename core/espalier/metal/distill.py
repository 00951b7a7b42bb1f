"""Distilled weight quantization: the packed student learns to answer like the float one that it was made from.

The idea is mlx-lm's DWQ: the packed numbers stay, only their scales and biases are trained, on the divergence of the
two models' distributions at a temperature. Here it learns from the project's own samples, at their answers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers
from mlx.utils import tree_map

from espalier.errors import EspalierError
from espalier.language import TrainRow
from espalier.metal.batch import Batch, Layout, make_batch, predicting_states
from espalier.metal.forward import logits
from espalier.metal.linux import log_sum_exp
from espalier.metal.model import MlxModel
from espalier.metal.rows import Encoded, encode_all
from espalier.quantization.settings import DwqSettings
from espalier.training.plan import epoch_batches
from espalier.training.settings import TrainSettings

MAX_TOKENS = 1024  # of a row; what is beyond teaches the scales nothing new
_TOP = 512  # likeliest tokens of the float student that are compared; the rest has next to no probability
_CHECKED = 24  # most rows that are not learned from, and tell whether it helps
_CHECK_EVERY = 20  # updates
_PLAIN = Layout(packed=False, common=0)
Targets = tuple[mx.array, mx.array]


class Distillation:
    """What the float student answers, kept while it is packed, and the training of its scales after that."""

    def __init__(self, student: MlxModel, rows: Sequence[TrainRow], settings: DwqSettings) -> None:
        """Ask the float student; its model is then packed in place by the caller.

        Raises:
            EspalierError: there are too few rows to learn from.
        """
        self._model, self._settings = student.model, settings
        encoded = encode_all(student, rows, TrainSettings(max_tokens=MAX_TOKENS)).rows
        checked = min(_CHECKED, len(encoded) // 5)
        if not checked:
            raise EspalierError(
                "The method dwq learns from the run's samples, and there are fewer than 5. Choose mixed."
            )
        step = len(encoded) // checked
        held = [encoded[index * step] for index in range(checked)]
        learned = [row for index, row in enumerate(encoded) if index % step or index // step >= checked]
        self._batches = [make_batch(batch, _PLAIN) for batch in self._order(learned)]
        self._checks = [
            make_batch(held[start : start + settings.rows], _PLAIN) for start in range(0, checked, settings.rows)
        ]
        self._targets = [self._target(batch) for batch in self._batches]
        self._check_targets = [self._target(batch) for batch in self._checks]

    def run(self, on_update: Callable[[int, int, float], None] | None) -> dict[str, float | int]:
        """Train the scales and biases of the packed student, and leave those that answered the checked rows best.

        Returns:
            ``before`` and ``after``: the divergence on those rows at the settings' temperature, in nats per token;
            ``updates``: after which it was lowest, 0 when the training made nothing better.
        """
        model, settings = self._model, self._settings
        model.freeze()
        model.apply_to_modules(_unfreeze)
        dtype = mx.float16 if mx.metal.is_available() else mx.float32
        learned = tree_map(lambda value: value.astype(mx.float32), model.trainable_parameters())
        optimizer = optimizers.Adam(settings.learning_rate, bias_correction=True)

        def loss(values: Any, batch: Batch, target: Targets) -> mx.array:
            model.update(tree_map(lambda value: value.astype(dtype), values))
            return self._divergence(batch, target)

        def checked(values: Any) -> float:
            pairs = zip(self._checks, self._check_targets, strict=True)
            losses = [(loss(values, batch, target).item(), batch.targets.size) for batch, target in pairs]
            return float(sum(mean * count for mean, count in losses) / sum(count for _, count in losses))

        with _unpacked(model):
            before = lowest = checked(learned)
            best, at, step_of = learned, 0, mx.value_and_grad(loss)
            steps = settings.updates
            for step in range(1, steps + 1):
                index = (step - 1) % len(self._batches)
                value, gradients = step_of(learned, self._batches[index], self._targets[index])
                learned = optimizer.apply_gradients(gradients, learned)
                mx.eval(learned, optimizer.state, value)
                if on_update:
                    on_update(step, steps, float(value.item()))
                if (step % _CHECK_EVERY == 0 or step == steps) and (now := checked(learned)) < lowest:
                    best, lowest, at = learned, now, step
            model.update(tree_map(lambda value: value.astype(dtype), best))
        mx.eval(model.parameters())
        return {"before": round(before, 5), "after": round(lowest, 5), "updates": at}

    def _order(self, rows: Sequence[Encoded]) -> Iterator[list[Encoded]]:
        """Yield the rows of each update until there are enough or every row was seen."""
        lengths = [len(row.tokens) for row in rows]
        batches = epoch_batches(lengths, self._settings.rows, self._settings.seed, 0)
        for batch in batches[: self._settings.updates]:
            yield [rows[index] for index in batch]

    def _scores(self, batch: Batch) -> mx.array:
        return logits(self._model, predicting_states(self._model, batch)).astype(mx.float32)

    def _target(self, batch: Batch) -> Targets:
        """Return the likeliest tokens after each place, (n, top), and their scores."""
        scores = self._scores(batch)
        top = min(_TOP, scores.shape[-1])
        places = mx.argpartition(scores, kth=-top, axis=-1)[..., -top:]
        found = mx.take_along_axis(scores, places, axis=-1)
        mx.eval(places, found)
        return places, found

    def _divergence(self, batch: Batch, target: Targets) -> mx.array:
        """Return the mean KL from the float student's distribution over its likeliest tokens to the packed one's."""
        places, wanted = target
        scale = 1 / self._settings.temperature
        ours = mx.take_along_axis(self._scores(batch), places, axis=-1) * scale
        wanted = wanted * scale
        ours, wanted = (scores - log_sum_exp(scores)[..., None] for scores in (ours, wanted))
        return mx.mean(mx.sum(mx.exp(wanted) * (wanted - ours), axis=-1))


def _unfreeze(_: str, module: nn.Module) -> None:
    if isinstance(module, nn.QuantizedLinear) and module.mode == "affine" and module.bits < 8:
        module.unfreeze(keys=["scales", "biases"], recurse=False)


class _UnpackedLinear(nn.QuantizedLinear):  # type: ignore[misc]
    """A packed part that writes its weights out before each product; its gradient is the same."""

    def __call__(self, x: mx.array) -> mx.array:
        y = x @ _weight(self).T
        return y + self.bias if "bias" in self else y


class _UnpackedTable(nn.QuantizedEmbedding):  # type: ignore[misc]
    def as_linear(self, x: mx.array) -> mx.array:
        return x @ _weight(self).T


def _weight(part: Any) -> mx.array:
    return mx.dequantize(
        part.weight, part.scales, part.get("biases"), group_size=part.group_size, bits=part.bits, mode=part.mode
    )


@contextmanager
def _unpacked(model: nn.Module) -> Iterator[None]:
    """Compute with written-out weights on the CPU, whose kernel for packed ones is some 30 times slower."""
    kinds: dict[type, type] = {nn.QuantizedLinear: _UnpackedLinear, nn.QuantizedEmbedding: _UnpackedTable}
    parts = [] if mx.metal.is_available() else [part for part in model.modules() if type(part) in kinds]
    plain = [type(part) for part in parts]
    for part in parts:
        part.__class__ = kinds[type(part)]
    try:
        yield
    finally:
        for part, kind in zip(parts, plain, strict=True):
            part.__class__ = kind
