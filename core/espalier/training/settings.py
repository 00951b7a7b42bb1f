"""The settings of a training run: plain values, and what is wrong with them in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from espalier.errors import EspalierError
from espalier.values import with_values

TITLES = {"lora": "LoRA", "qlora": "QLoRA", "dora": "DoRA", "full": "All weights", "prompt": "A soft prompt"}
METHODS = tuple(TITLES)
LOW_RANK = ("lora", "qlora", "dora")  # methods with a rank and a scale
SCHEDULES = ("cosine", "linear", "constant")
TOO_LONG = ("cut", "leave out")
# Highest rates that learn without jumping: LoRA's from the example (24 facts, SmolLM2-135M, 2026-11-21); all weights
# at once need far less, and a soft prompt far more (Lester et al. 2021 use 0.3 with Adafactor).
RATES = {"lora": 1e-3, "qlora": 1e-3, "dora": 1e-3, "full": 2e-5, "prompt": 1e-2}


@dataclass(frozen=True)
class LoraSettings:
    """The shape of an adapter.

    Attributes:
        rank: width of the low-rank factors.
        scale: factor on the low-rank term.
        dropout: share of the low-rank path's inputs dropped while training, 0 to below 1.
        layers: how many layers are adapted, counted from the last; 0 for all.
        keys: names of the parts to adapt, such as ``q_proj`` or ``self_attn.q_proj``; () for every linear part.
    """

    rank: int = 16
    scale: float = 2.0
    dropout: float = 0.0
    layers: int = 0
    keys: tuple[str, ...] = ()

    @property
    def alpha(self) -> float:
        """Return what PEFT calls alpha: its factor on the low-rank term is alpha divided by rank."""
        return self.scale * self.rank


@dataclass(frozen=True)
class PromptSettings:
    """A soft prompt.

    Attributes:
        tokens: vectors that are trained and put before every conversation.
        text: whose token embeddings they begin as, repeated or cut to fit; "" begins at random.
    """

    tokens: int = 16
    text: str = ""


@dataclass(frozen=True)
class TrainSettings:
    """One training run.

    Attributes:
        method: lora, qlora (on a base of 4 bits), dora, full (all weights of the layers) or prompt.
        lora: shape of the adapter; for ``full`` only its ``layers`` count.
        prompt: shape of the soft prompt.
        learning_rate: highest rate of AdamW, after the warm-up.
        schedule: how the rate falls to a tenth after the warm-up: cosine or linear; or constant.
        warm_up: share of the updates in which the rate rises from 0.
        epochs: times that each row is seen.
        updates: updates to make instead of whole epochs; 0 lets ``epochs`` decide.
        batch_rows: rows per update.
        accumulation: parts in which one update's rows are computed, one after the other; less memory, same update.
        checkpointing: compute each layer's inner values twice instead of keeping them; less memory, more time.
        max_tokens: longest row, in tokens.
        max_input: most tokens of a question with all that stands before its answer; 0 for no limit of its own.
        max_output: most tokens of an answer; 0 for no limit of its own. In a conversation the first answer begins it,
            and the turns after that belong to it.
        too_long: what becomes of a longer row: ``cut``, an answer at its end and a question at the beginning of its
            longest text, or ``leave out``.
        weight_decay: AdamW's, decoupled.
        clip: largest norm of the gradient over everything that is trained; 0 for none.
        save_every: updates between two checkpoints; held-out rows are scored at each.
        seed: of the first values, the order of the rows and the dropout.
    """

    method: str = "lora"
    lora: LoraSettings = field(default_factory=LoraSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warm_up: float = 0.05
    epochs: int = 5
    updates: int = 0
    batch_rows: int = 8
    accumulation: int = 1
    checkpointing: bool = False
    max_tokens: int = 2048
    max_input: int = 0
    max_output: int = 0
    too_long: str = "cut"
    weight_decay: float = 0.01
    clip: float = 1.0
    save_every: int = 50
    seed: int = 7


def problems(settings: TrainSettings) -> list[str]:
    """Return what is wrong with the settings, each in one sentence that says what to do; [] when they can be used."""
    found = []

    def need(holds: bool, text: str) -> None:
        if not holds:
            found.append(text)

    def among(name: str, value: str, choices: tuple[str, ...]) -> None:
        need(value in choices, f"There is no {name} “{value}”. Choose one of {', '.join(choices)}.")

    def whole(name: str, value: int, least: int) -> None:
        need(value >= least, f"{name} is {value}. Choose {least} or more.")

    among("method", settings.method, METHODS)
    among("schedule", settings.schedule, SCHEDULES)
    among("way with rows that are too long", settings.too_long, TOO_LONG)
    lora, prompt = settings.lora, settings.prompt
    whole("The rank", lora.rank, 1)
    whole("The number of adapted layers", lora.layers, 0)
    need(lora.scale > 0, f"The scale is {lora.scale:g}, so the adapter would change nothing. Choose a number above 0.")
    need(0 <= lora.dropout < 1, f"The dropout is {lora.dropout:g}. Choose 0 or more, and less than 1.")
    whole("The number of soft prompt vectors", prompt.tokens, 1)
    rate = settings.learning_rate
    need(0 <= rate <= 1, f"The learning rate is {rate:g}. Choose a number from 0 to 1; {RATES['lora']:g} is usual.")
    need(0 <= settings.warm_up <= 1, f"The warm-up is {settings.warm_up:g}. Choose a share from 0 to 1.")
    whole("The number of epochs", settings.epochs, 1)
    whole("The number of updates", settings.updates, 0)
    whole("The number of rows per update", settings.batch_rows, 1)
    whole("The number of parts of an update", settings.accumulation, 1)
    whole("The most tokens of a row", settings.max_tokens, 8)
    whole("The most tokens of a question", settings.max_input, 0)
    whole("The most tokens of an answer", settings.max_output, 0)
    whole("The number of updates between checkpoints", settings.save_every, 1)
    need(settings.weight_decay >= 0, f"The weight decay is {settings.weight_decay:g}. Choose 0 or more.")
    need(settings.clip >= 0, f"The largest norm is {settings.clip:g}. Choose 0 for no limit, or a number above it.")
    return found


def allowed(tokens: int, question: int, settings: TrainSettings) -> int:
    """Return how many tokens a row keeps within the limits: all of them, fewer, or 0 when it is left out.

    Args:
        tokens: of the row.
        question: those before the first that is learned.
        settings: with the limits, and what becomes of a longer row.
    """
    asked = min(question, settings.max_input or question)
    kept = min(asked + min(tokens - question, settings.max_output or tokens), settings.max_tokens)
    if kept < tokens and settings.too_long == "leave out":
        return 0
    return kept if kept > asked else 0


def check_settings(settings: TrainSettings) -> TrainSettings:
    """Return the settings.

    Raises:
        EspalierError: they cannot be used; everything that is wrong is said at once.
    """
    if found := problems(settings):
        raise EspalierError(" ".join(found))
    return settings


def changed(settings: TrainSettings, values: Mapping[str, Any]) -> TrainSettings:
    """Return the settings with some values changed; a value inside ``lora`` or ``prompt`` is named ``lora.rank``.

    A new method brings its own usual learning rate unless one is given. Values may be texts, as a person types them,
    and whole parts may be given as mappings, as ``request.json`` holds them.

    Raises:
        EspalierError: a name or a value that is none.
    """
    if values.get("method") in RATES and "learning_rate" not in values:
        settings = replace(settings, learning_rate=RATES[values["method"]])
    return with_values(settings, values)
