"""What the engine asks of a language model; ``metal`` answers with MLX, tests with a dictionary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from espalier.errors import EspalierError
from espalier.quantization.cost import Compared
from espalier.quantization.settings import USUAL, QuantizeSettings
from espalier.training.forecast import Forecast
from espalier.training.hosts import Hosts
from espalier.training.progress import Tell
from espalier.training.settings import TrainSettings

if TYPE_CHECKING:
    from espalier.comparison.session import Panes


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Prompt:
    """A conversation that waits for the assistant's next turn.

    Attributes:
        start: text that the answer is made to begin with; not part of what is returned.
    """

    messages: tuple[Message, ...]
    start: str = ""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        max_tokens: longest answer, in tokens.
        temperature: 0 takes the most likely token.
        top_p: share of the probability that is drawn from, 0 < top_p ≤ 1.
        stop: texts that end an answer; not part of it.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """An answer with how likely its writer finds it.

    Attributes:
        text: without what the prompt made it begin with.
        log_probability: mean per token, that beginning included, at temperature 1 and in nats; None where a remote
            writer does not tell.
    """

    text: str
    log_probability: float | None


class TooLongError(EspalierError):
    """Prompts that do not fit the model's context with their answers; nothing was computed.

    Attributes:
        rows: what is wrong, in a sentence, by the index of each such prompt.
    """

    def __init__(self, rows: dict[int, str]) -> None:
        self.rows = rows
        first = next(iter(rows.values()))
        more = f" So it is for {len(rows) - 1} more." if len(rows) > 1 else ""
        super().__init__(f"{first}{more} Use shorter texts, or a model with a longer context.")


class LanguageModel(Protocol):
    """A teacher, critic or student that is loaded and ready.

    Attributes:
        rows: most prompts that are computed together, found by measuring when it is first asked for. Numbers differ
            in their last digits with the company, so a draw can: to repeat draws exactly, set what was used.
    """

    rows: int

    @property
    def context_length(self) -> int:
        """Return the most tokens of a prompt with its answer."""

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        """Return one answer per prompt, in order.

        Args:
            prompts: answered together; what they share at their beginning is computed once.
            sampling: the same for all.
            seeds: one per prompt; a prompt with the same seed in the same company gets the same answer.
            on_progress: told the number of tokens written since the last call.
            on_row: told a prompt's index and its answer as soon as that is written, in any order.

        Raises:
            TooLongError: prompts that do not fit the model's context, as in every other call.
        """

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        """Return one draft per prompt, in order; its likelihood costs no second reading. Arguments as `answer`'s."""

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return, per pair, the mean log-probability per token of the text as the prompt's answer, in nats."""

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """Return, per prompt, the probability of each option as its answer, among the options.

        Read from one prefill: from the first token in which the options differ.
        """


@dataclass(frozen=True)
class TrainRow:
    """One conversation that the student learns from.

    Attributes:
        messages: loss is taken on every assistant turn, and on the token that ends it.
        unmask: loss is taken on the texts of user and assistant alike, as when a document is learned.
    """

    messages: tuple[Message, ...]
    unmask: bool = False


class Backend(Protocol):
    """Everything that needs a machine-learning framework, as functions of paths."""

    def load(self, model: Path, adapter: Path | None = None) -> LanguageModel:
        """Return the model in a folder, with an adapter on top."""

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
        """Train ``run/adapter``, going on from ``run/checkpoint`` where there is one.

        Args:
            model: folder of the student.
            rows: the training mixture, in order.
            settings: of the run.
            run: the run's folder.
            tell: told every update, every score of the held-out rows, and what else a person should know.
            held_out: rows that are scored at every checkpoint and never trained on.
            earlier: last checkpoint of a run that this one goes on from, with its optimizer; or an adapter to begin
                with, with a new optimizer; None begins afresh.
            hosts: Macs that train together; None for this one alone.
            probes: questions that are answered before the first update and at every checkpoint; what is learned is the
                same without.
        """

    def forecast(
        self,
        model: Path,
        phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
        settings: TrainSettings,
        run: Path,
    ) -> Forecast:
        """Return what training will take, measured on a few updates that are thrown away.

        Args:
            model: folder of the student.
            phases: rows and held-out rows of each phase, in order.
            settings: of the run.
            run: where it will be written.
        """

    def preview(
        self,
        model: Path,
        phases: Sequence[tuple[Sequence[TrainRow], Sequence[TrainRow]]],
        settings: TrainSettings,
    ) -> dict[str, Any]:
        """Return the lengths of all rows and the first batch, as ``first_batch.json`` of a run holds them.

        Args:
            model: folder of the student.
            phases: rows and held-out rows of each phase, in order.
            settings: of the run.

        Raises:
            EspalierError: the settings cannot work on the student, or there is no row.
        """

    def quantize(
        self,
        model: Path,
        adapter: Path,
        destination: Path,
        settings: QuantizeSettings = USUAL,
        rows: Sequence[TrainRow] = (),
        on_update: Callable[[int, int, float], None] | None = None,
    ) -> None:
        """Write the student merged with its adapter in float and then quantized, as an mlx-lm model folder.

        Args:
            model: folder of the student.
            adapter: what was trained.
            destination: folder, which is whole or not there.
            settings: how it is quantized.
            rows: of the training data, which the method dwq learns from.
            on_update: told each update of dwq, how many there are, and its loss in nats per token.
        """

    def compare(self, model: Path, adapter: Path, quantized: Path, texts: Mapping[str, Sequence[TrainRow]]) -> Compared:
        """Return how far the merged student and the quantized one are from the student with its adapter.

        Args:
            model: folder of the student.
            adapter: on top of it.
            quantized: folder of the small one.
            texts: conversations by kind; compared at the tokens of their answers.
        """

    def panes(self) -> "Panes":
        """Return empty panes, which models can be put into."""

    def serve(self, model: Path, adapter: Path | None, name: str, port: int, on_ready: Callable[[str], None]) -> None:
        """Answer requests for a model on this computer until the process is told to stop.

        Args:
            model: folder of the student.
            adapter: put onto it.
            name: of the model for clients.
            port: 0 for any that is free.
            on_ready: told the address once requests are heard.
        """
