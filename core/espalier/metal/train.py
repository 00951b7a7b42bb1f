"""Our own LoRA step loop: loss on the answers only, the prompts' shared beginning computed once, exact resume."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_unflatten

from espalier.errors import EspalierError
from espalier.files import replace_folder
from espalier.metal.forward import hidden, log_probability, logits
from espalier.metal.lora import adapter_config, add_lora
from espalier.metal.prefill import shared_prefix
from espalier.training.plan import TrainSettings, epoch_batches, learning_rate


@dataclass(frozen=True)
class Encoded:
    """One training row as token ids.

    Attributes:
        tokens: the conversation, the token that ends the answer included.
        answer: index of the first token that carries loss, at least 1.
    """

    tokens: list[int]
    answer: int


@dataclass(frozen=True)
class Step:
    """One update that was made.

    Attributes:
        step: counted from 1.
        steps: of the whole run.
        loss: mean over the batch's answer tokens, in nats.
        tokens: answer tokens in the batch.
    """

    step: int
    steps: int
    loss: float
    tokens: int


class GrownCache:
    """A layer's keys and values of the shared beginning, put before those of every row, inside the gradient."""

    def __init__(self) -> None:
        self.offset = 0
        self._keys: mx.array | None = None
        self._values: mx.array | None = None

    def make_mask(self, length: int, **_: Any) -> Any:
        """Return the causal mask; none is needed for one token."""
        if not self.offset:
            return "causal" if length > 1 else None
        positions = mx.arange(self.offset + length)
        return positions[self.offset :, None] >= positions[None]

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Keep the first call's keys and values, of shape (1, heads, length, width); prepend them in later ones."""
        if self._keys is None:
            self._keys, self._values = keys, values
            return keys, values
        shape = (keys.shape[0], *self._keys.shape[1:])
        keys = mx.concatenate([mx.broadcast_to(self._keys, shape), keys], axis=2)
        return keys, mx.concatenate([mx.broadcast_to(self._values, shape), values], axis=2)


def mean_loss(model: Any, common: mx.array, tokens: mx.array, positions: mx.array, targets: mx.array) -> mx.array:
    """Return the mean cross-entropy over the answers' tokens, in nats.

    Args:
        model: with LoRA factors.
        common: what all rows begin with, shape (1, c); c may be 0.
        tokens: the rows after it, shape (rows, length), padded at the end.
        positions: of the states that predict an answer token, in the flattened rows, shape (n,).
        targets: the tokens they should predict, shape (n,).
    """
    cache = None
    if common.shape[1]:
        cache = [GrownCache() for _ in model.layers]
        hidden(model, common, cache)
        for layer in cache:
            layer.offset = common.shape[1]
    states = hidden(model, tokens, cache)
    states = states.reshape(-1, states.shape[-1])[positions]
    return -mx.mean(log_probability(logits(model, states), targets))


def arrays(rows: Sequence[Encoded], common: int) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    """Return the arguments of `mean_loss` after the model, for rows that share their first ``common`` tokens."""
    longest = max(len(row.tokens) for row in rows) - 1 - common
    tokens, positions, targets = [], [], []
    for index, row in enumerate(rows):
        rest = row.tokens[common:-1]
        tokens.append(rest + [0] * (longest - len(rest)))
        positions += [index * longest + place - 1 - common for place in range(row.answer, len(row.tokens))]
        targets += row.tokens[row.answer :]
    start = mx.array(rows[0].tokens[:common], dtype=mx.int32)[None]
    return start, mx.array(tokens), mx.array(positions), mx.array(targets)


class Trainer:
    """A student with LoRA factors, its optimizer, and where in the run it stands."""

    def __init__(self, model: Any, rows: Sequence[Encoded], settings: TrainSettings) -> None:
        self.model = model
        self._rows = rows
        self._settings = settings
        add_lora(model, settings.lora, settings.seed)
        self._optimizer = optim.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, bias_correction=True)
        self._optimizer.init(model.trainable_parameters())
        self._common = min(shared_prefix([row.tokens for row in rows]), min(row.answer for row in rows) - 1)
        self._gradient = nn.value_and_grad(model, mean_loss)
        lengths = [len(row.tokens) for row in rows]
        self._batches = [
            batch
            for epoch in range(settings.epochs)
            for batch in epoch_batches(lengths, settings.batch_rows, settings.seed, epoch)
        ]
        self.step = 0

    @property
    def steps(self) -> int:
        """Return the number of updates of the whole run."""
        return len(self._batches)

    def update(self) -> Step:
        """Make the next update.

        Raises:
            EspalierError: the loss is not a number any more.
        """
        mx.random.seed(self._settings.seed * 1_000_003 + self.step)  # dropout: a function of the step alone
        self.model.train()
        batch = arrays([self._rows[index] for index in self._batches[self.step]], self._common)
        loss, gradient = self._gradient(self.model, *batch)
        gradient, _ = optim.clip_grad_norm(gradient, self._settings.clip)
        self._optimizer.learning_rate = learning_rate(self.step, self.steps, self._settings)
        self._optimizer.update(self.model, gradient)
        mx.eval(loss, self.model.trainable_parameters(), self._optimizer.state)
        if not mx.isfinite(loss).item():
            raise EspalierError(
                f"Training lost its way at update {self.step + 1}: the loss is not a number. "
                "Lower the learning rate and train again."
            )
        self.step += 1
        return Step(self.step, self.steps, float(loss.item()), batch[3].size)

    def save(self, folder: Path) -> None:
        """Write adapter, optimizer and step as one checkpoint; an older one stays until the new one is whole."""
        with replace_folder(folder) as new:
            write_adapter(new, self.model, self._settings)
            mx.save_safetensors(str(new / "optimizer.safetensors"), dict(tree_flatten(self._optimizer.state)))
            (new / "state.json").write_text(json.dumps({"step": self.step}))

    def restore(self, folder: Path) -> None:
        """Go on from a checkpoint that `save` wrote."""
        self.model.load_weights(str(folder / "adapters.safetensors"), strict=False)
        self._optimizer.state = tree_unflatten(list(mx.load(str(folder / "optimizer.safetensors")).items()))
        self.step = int(json.loads((folder / "state.json").read_text())["step"])


def write_adapter(folder: Path, model: nn.Module, settings: TrainSettings) -> None:
    """Write the adapter in mlx-lm's format."""
    mx.save_safetensors(str(folder / "adapters.safetensors"), dict(tree_flatten(model.trainable_parameters())))
    (folder / "adapter_config.json").write_text(adapter_config(settings.lora, model))
