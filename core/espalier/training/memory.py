"""What training takes in memory and in work, from the shape of a student and the lengths of its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from espalier.training.plan import arranged, cost, epoch_batches, fullest, parts
from espalier.training.settings import TrainSettings

# Measured on SmolLM2-135M in float32, 2026-08 (mlx-lm 0.31, one gradient at a time): what is kept per token and
# trained layer, in widths of the model and of its inner part; per score of the vocabulary; per attention score.
_WIDTHS, _INNER, _LOGITS, _SCORES = 10, 5, 4.2, 2


@dataclass(frozen=True)
class Shape:
    """The numbers of a student that its memory depends on.

    Attributes:
        weights: bytes of its weights as they are computed with.
        parameters: number of its weights.
        number: bytes of one value of a state.
        vocabulary: tokens that the head scores.
        width: of a state.
        inner: width inside a layer's feed-forward part, over all experts that one token uses.
        heads: of attention.
        layers: all there are.
    """

    weights: int
    parameters: int
    number: int
    vocabulary: int
    width: int
    inner: int
    heads: int
    layers: int

    @property
    def head_share(self) -> float:
        """Return the work of scoring one token, in parts of the work of one token in all layers."""
        head = self.vocabulary * self.width
        return head / max(1, self.parameters - head)


@dataclass(frozen=True)
class Pass:
    """One forward and backward pass.

    Attributes:
        rows: of the batch, after packing.
        width: tokens of each, padding included, after the common beginning.
        common: tokens of the common beginning.
        answers: tokens that carry loss.
    """

    rows: int
    width: int
    common: int
    answers: int

    def work(self, shape: Shape) -> float:
        """Return its work, in tokens that pass all layers and attend to nothing."""
        return cost(self.rows, self.width, self.common) + shape.head_share * self.answers


def passes(
    lengths: Sequence[int], answers: Sequence[int], settings: TrainSettings, common: int, *, packed: bool
) -> Iterator[list[Pass]]:
    """Yield the passes of each update of one phase, in order; the same that the trainer makes.

    Args:
        lengths: of the rows, in tokens.
        answers: tokens of each row that carry loss.
        settings: of the run.
        common: leading tokens that are computed once.
        packed: whether rows share a row of the batch.
    """
    rest = [length - 1 - common for length in lengths]
    made, epoch = 0, 0
    while True:
        for batch in epoch_batches(lengths, settings.batch_rows, settings.seed, epoch, alike=not packed):
            if made == settings.updates and settings.updates:
                return
            yield [
                _pass([batch[index] for index in part], rest, answers, common, packed)
                for part in parts([lengths[index] for index in batch], settings.accumulation)
            ]
            made += 1
        epoch += 1
        if not settings.updates and epoch == settings.epochs:
            return


def _pass(rows: Sequence[int], rest: Sequence[int], answers: Sequence[int], common: int, packed: bool) -> Pass:
    sizes = [rest[row] for row in rows]
    bins = arranged(sizes, common, packed=packed)
    return Pass(len(bins), fullest(bins, sizes), common, sum(answers[row] for row in rows))


def inner_values(shape: Shape, settings: TrainSettings, one: Pass) -> int:
    """Return the bytes that a pass keeps between its forward and its backward half."""
    tokens = one.rows * one.width + one.common
    layers = settings.lora.layers or shape.layers
    each = tokens * (_WIDTHS * shape.width + _INNER * shape.inner)
    each += _SCORES * shape.heads * one.rows * one.width * (one.width + one.common)
    kept = each + layers * 2 * tokens * shape.width if settings.checkpointing else layers * each
    return round(kept * shape.number + _LOGITS * shape.vocabulary * one.answers * 4)


def trained_values(shape: Shape, settings: TrainSettings) -> int:
    """Return how many numbers a run trains."""
    layers = settings.lora.layers or shape.layers
    if settings.method == "prompt":
        return settings.prompt.tokens * shape.width
    if settings.method == "full":
        return round(shape.parameters * layers / shape.layers)
    # Attention has four linear parts of about the model's width; the feed-forward part has three.
    return layers * settings.lora.rank * (4 * 2 * shape.width + 3 * (shape.width + shape.inner))


def standing(shape: Shape, settings: TrainSettings) -> int:
    """Return the bytes that are there in every pass: weights, what is trained, its gradient and AdamW's moments."""
    weights = shape.weights
    if settings.method == "qlora":
        weights = min(weights, round(shape.parameters * 5 / 8))
    own = 3 if settings.method == "full" else 4  # all weights are trained in place
    return weights + trained_values(shape, settings) * own * max(shape.number, 2)


def needed(shape: Shape, settings: TrainSettings, one: Pass) -> int:
    """Return the bytes that training takes while it makes a pass; right to about a third before it is measured."""
    return standing(shape, settings) + inner_values(shape, settings, one)
