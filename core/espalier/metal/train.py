"""Our own step loop: one update after the other, a function of the rows, the settings and the step alone."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from espalier.errors import EspalierError
from espalier.files import replace_folder
from espalier.metal.adapters import read_trained, write_adapter
from espalier.metal.batch import Batch, Layout, make_batch, mean_loss
from espalier.metal.model import MlxModel
from espalier.metal.packable import best_layout
from espalier.metal.positions import positions_per_token
from espalier.metal.prefill import shared_prefix
from espalier.metal.ranks import Ranks
from espalier.metal.recompute import recomputed
from espalier.metal.rows import Encoded
from espalier.metal.trouble import TROUBLES, Trouble, trouble_of
from espalier.training.plan import epoch_batches, learning_rate, outlook, parts
from espalier.training.settings import TrainSettings, check_settings

BUCKET = 32  # widths are rounded up to it where the step is compiled: each new shape costs a trace of 0.1 s
LOWER = 0.5  # factor on the learning rate after each retreat


class TooLargeError(EspalierError):
    """A part of an update was too large for the GPU; nothing is known of the student until it is restored."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class LostError(EspalierError):
    """The loss or the gradient is not a number any more; the student is spoiled until it is restored."""


@dataclass(frozen=True)
class Step:
    """One update that was made.

    Attributes:
        step: counted from 1.
        steps: of the whole run.
        loss: mean over the batch's answer tokens, in nats.
        tokens: answer tokens in the batch.
        real_tokens: tokens of the batch's rows, without padding.
        learning_rate: that was used.
        norm: of the gradient, before it was clipped.
    """

    step: int
    steps: int
    loss: float
    tokens: int
    real_tokens: int = 0
    learning_rate: float = 0.0
    norm: float = 0.0


def plan_layout(model: Any, rows: Sequence[Encoded], settings: TrainSettings) -> tuple[Layout, str]:
    """Return how the run's rows are put together, and a sentence on why."""
    best, verdict = best_layout(model)
    common = 0
    if best.common and not settings.checkpointing:  # a beginning that is kept cannot be computed again layer by layer
        common = min(shared_prefix([row.tokens for row in rows]), min(row.first for row in rows) - 1)
    packs = best.packed
    if packs:
        lengths = [len(row.tokens) - 1 - common for row in rows]
        expected = outlook(lengths, common, settings)
        packs = expected.packs
        saved = 1 - expected.packed / expected.sorted
        verdict = (
            f"Rows are packed, which saves {saved:.0%} of the work."
            if packs
            else "Rows are sorted by length: they are so alike that packing would save nothing."
        )
    return Layout(packs, common, BUCKET if compiles(settings) else 1), verdict


def compiles(settings: TrainSettings) -> bool:
    """Return whether steps are compiled: on the Mac, and not where layers are recomputed from a seed of their own."""
    return mx.metal.is_available() and not settings.checkpointing


class Trainer:
    """A student with what is trained of it, its optimizer, and where in the run it stands.

    Attributes:
        step: updates made in this run.
        earlier: updates made in the runs that this one goes on from; they count in the order of the rows.
        lowered: factor on the learning rate, below 1 after a retreat.
        pieces: in which an update's rows are computed; more than the settings say where those were too large.
        layout: how rows are put together; ``verdict`` says why.
    """

    def __init__(
        self,
        student: MlxModel,
        rows: Sequence[Encoded],
        settings: TrainSettings,
        *,
        layout: Layout | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        """Begin a run; the rows were encoded after `espalier.metal.adapters.adapt` prepared the student.

        Args:
            student: that learns.
            rows: of the whole run, on every rank.
            settings: of the run.
            layout: how rows are put together; found out by default.
            ranks: the processes that train together; each computes its share of every update's rows.
        """
        self._settings = check_settings(settings)
        self._ranks = ranks or Ranks()
        self.model = student.model
        self._rows = rows
        self._optimizer = optim.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, bias_correction=True)
        self._optimizer.init(self.model.trainable_parameters())
        self.layout, self.verdict = (layout, "") if layout else plan_layout(self.model, rows, settings)
        self._prepare()
        self._epochs: dict[int, list[list[int]]] = {}
        self.step = self.earlier = 0
        self.lowered = 1.0
        self.pieces = settings.accumulation

    def _prepare(self) -> None:
        """Make the functions of a step; compiled, they hold on to the weights and the optimizer's state of now."""
        gradient = nn.value_and_grad(self.model, mean_loss)
        self._gradient: Any = lambda batch, share: gradient(self.model, Batch(*batch), share)
        self._apply: Any = self._apply_plainly
        if compiles(self._settings):
            state = [self.model.state, self._optimizer.state, mx.random.state]
            self._gradient = mx.compile(self._gradient, inputs=state, outputs=state)
            self._apply = mx.compile(self._apply_plainly, inputs=state, outputs=state)

    @property
    def steps(self) -> int:
        """Return the number of updates of the whole run."""
        return self._settings.updates or self._settings.epochs * len(self._epoch(0))

    def _epoch(self, number: int) -> list[list[int]]:
        if number not in self._epochs:
            lengths = [len(row.tokens) for row in self._rows]
            rows, seed = self._settings.batch_rows, self._settings.seed
            self._epochs = {number: epoch_batches(lengths, rows, seed, number, alike=not self.layout.packed)}
        return self._epochs[number]

    def batch_rows(self, step: int) -> list[Encoded]:
        """Return the rows of an update of this run, counted from 0."""
        epoch, place = divmod(self.earlier + step, len(self._epoch(0)))
        return [self._rows[index] for index in self._epoch(epoch)[place]]

    def update(self) -> Step:
        """Make the next update.

        Raises:
            LostError: the loss or its gradient is not a number; the update is spoiled.
            TooLargeError: the GPU could not do it, on this rank or another.
        """
        trouble: Trouble = ""
        try:
            return self._update()
        except Exception as error:
            trouble = trouble_of(error)
            if not trouble:
                raise
        raise TooLargeError(trouble)  # here, where nothing holds on to the arrays of the update any more

    def _update(self) -> Step:
        settings = self._settings
        rows = self.batch_rows(self.step)
        seed = (
            settings.seed * 1_000_003 + self.earlier + self.step
        )  # dropout: a function of the step and the rank alone
        seed += self._ranks.rank * 1_000_000_007
        rate = learning_rate(self.step, self.steps, settings) * self.lowered
        self._optimizer.learning_rate = rate
        with self._computing(seed):
            loss, gradient = self._loss_and_gradient(rows)
            norm = self._apply(gradient)
        mx.eval(loss, norm, self.model.trainable_parameters(), self._optimizer.state)
        mx.synchronize()  # an error of the GPU may only show here (mlx issue 3742)
        if not mx.isfinite(loss + norm).item():
            raise LostError(
                f"Training lost its way at update {self.step + 1}: the loss is not a number. "
                "Lower the learning rate and train again."
            )
        self.step += 1
        tokens, real = sum(len(row.answers) for row in rows), sum(len(row.tokens) for row in rows)
        return Step(self.step, self.steps, float(loss.item()), tokens, real, rate, float(norm.item()))

    def _loss_and_gradient(self, rows: Sequence[Encoded]) -> tuple[mx.array, Any]:
        """Return the mean loss of rows and its gradient, computed in the parts that the settings ask for.

        Each part counts by its share of the update's tokens, whichever rank computes it, so that the sum over all
        parts of all ranks is what one machine computes.
        """
        if self._ranks.count == 1:
            return self._own_part(rows, rows)
        trouble: Trouble = ""
        total = None
        try:
            total = self._own_part([rows[index] for index in self._ranks.own([len(row.tokens) for row in rows])], rows)
            mx.eval(total)  # before the sum, so that no rank computes while another waits for it
        except Exception as error:
            trouble = trouble_of(error)
            if not trouble:
                raise
        (worst,) = self._ranks.highest(TROUBLES.index(trouble))
        if worst or total is None:
            raise TooLargeError(TROUBLES[worst])
        return self._ranks.added(*total)

    def _own_part(self, own: Sequence[Encoded], rows: Sequence[Encoded]) -> tuple[mx.array, Any]:
        """Return the loss and the gradient of some of an update's rows, by their share of its tokens."""
        tokens = sum(len(row.answers) for row in rows)
        total: tuple[mx.array, Any] | None = None
        for part in parts([len(row.tokens) for row in own], self.pieces) if own else ():
            share = sum(len(own[index].answers) for index in part) / tokens
            loss, gradient = self._gradient(make_batch([own[index] for index in part], self.layout), mx.array(share))
            total = (total[0] + loss, tree_map(mx.add, total[1], gradient)) if total else (loss, gradient)
            if len(part) < len(own):
                mx.eval(total)  # so that the inner values of one part at a time are kept
        return total or (mx.array(0.0), tree_map(mx.zeros_like, self.model.trainable_parameters()))

    def _apply_plainly(self, gradient: Any) -> mx.array:
        """Clip the gradient, change the student by it and return the norm that it had."""
        gradient, norm = optim.clip_grad_norm(gradient, self._settings.clip or math.inf)
        self._optimizer.update(self.model, gradient)
        return norm

    @contextmanager
    def _computing(self, seed: int) -> Iterator[None]:
        self.model.train()
        with ExitStack() as stack:
            if self.layout.packed:
                stack.enter_context(positions_per_token(self.model))
            if self._settings.checkpointing:
                stack.enter_context(recomputed(self.model, seed))
            mx.random.seed(seed)
            yield

    def loss(self, rows: Sequence[Encoded]) -> float:
        """Return the mean loss per answer token on rows that are not trained on, in nats."""
        self.model.eval()
        layout = Layout(packed=False, common=0, bucket=self.layout.bucket)
        total = 0.0
        together = max(1, self._settings.batch_rows * self._settings.accumulation // self.pieces)
        found = parts([len(row.tokens) for row in rows], -(-len(rows) // together))
        for part in found[self._ranks.rank :: self._ranks.count]:
            batch = make_batch([rows[index] for index in part], layout)
            total += mean_loss(self.model, batch).item() * sum(len(rows[index].answers) for index in part)
            self._ranks.alive()
        return self._ranks.total(total) / sum(len(row.answers) for row in rows)

    def save(self, folder: Path, **more: Any) -> None:
        """Write what is trained, its optimizer and where it stands; an older checkpoint stays until this one is whole.

        Args:
            folder: of the checkpoint.
            more: plain values to keep beside them.
        """
        with replace_folder(folder) as new:
            write_adapter(new, self.model, self._settings)
            mx.save_safetensors(str(new / "optimizer.safetensors"), dict(tree_flatten(self._optimizer.state)))
            state = {"step": self.step, "earlier": self.earlier, "lowered": self.lowered, "pieces": self.pieces, **more}
            (new / "state.json").write_text(json.dumps(state))

    def restore(self, folder: Path) -> dict[str, Any]:
        """Go on from a checkpoint that `save` wrote; return everything in its ``state.json``."""
        read_trained(folder, self.model, self._settings)
        self._optimizer.state = tree_unflatten(list(mx.load(str(folder / "optimizer.safetensors")).items()))
        self._prepare()
        state: dict[str, Any] = json.loads((folder / "state.json").read_text())
        self.step, self.earlier, self.lowered = state["step"], state["earlier"], state["lowered"]
        self.pieces = max(self.pieces, state.get("pieces", 1))
        return state

    def share(self) -> None:
        """Take over what rank 0 trains, its optimizer and where it stands."""
        if self._ranks.count == 1:
            return
        self.model.update(self._ranks.share(self.model.trainable_parameters()))
        self._optimizer.state = self._ranks.share(self._optimizer.state)
        self._prepare()
        stands = json.dumps([self.step, self.earlier, self.lowered, self.pieces])
        self.step, self.earlier, self.lowered, self.pieces = json.loads(self._ranks.tell(stands.encode()))

    def extend(self, folder: Path) -> None:
        """Begin a new run from an earlier one's last checkpoint: its weights, optimizer and place in the rows.

        A folder that holds an adapter alone gives its weights; optimizer and rows begin afresh.
        """
        if not (folder / "optimizer.safetensors").exists():
            read_trained(folder, self.model, self._settings)
            return
        self.restore(folder)
        self.step, self.earlier = 0, self.earlier + self.step
