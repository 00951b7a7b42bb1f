"""What the worker and its callers say to each other: one message per line, as JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, get_args


@dataclass(frozen=True)
class Request:
    """One piece of work for the worker.

    Attributes:
        command: one of ``errands``, one of ``tasks``, bench or self_test.
        arguments: plain values that the command takes; paths as text.
    """

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage begins, or is skipped because its output is fresh.

    Attributes:
        leaf: path of the leaf that it is about; "" where it is about none.
        run: name of the run's folder, where it is about one.
    """

    name: str
    text: str
    is_fresh: bool = False
    leaf: str = ""
    run: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a stage is.

    Attributes:
        done: units finished, of ``total``.
        unit: what is counted, such as tokens or updates.
        seconds_left: estimate for the stage; None while too little is known.
        detail: one short clause, such as the loss.
        figures: the numbers in ``detail`` by name, such as ``loss`` in nats, ``accepted`` or ``tokens_per_second``.
    """

    stage: str
    done: int
    total: int
    unit: str
    seconds_left: float | None = None
    detail: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Return whether nothing goes forward for now; ``detail`` is the whole sentence that says why."""
        return bool(self.figures.get("waits"))


@dataclass(frozen=True)
class Note:
    """A sentence worth telling that is no failure."""

    text: str


@dataclass(frozen=True)
class Text:
    """More text of an answer that is being written; ``pane`` is base or tuned."""

    pane: str
    text: str


@dataclass(frozen=True)
class Loaded:
    """A pane of a comparison holds a model now.

    Attributes:
        pane: base or tuned, which is left or right whatever it holds.
        title: of the model and what is put onto it.
        fingerprint: first digits of the SHA-256 of what was trained; "" without.
        quantization: ``float32``, ``4-bit`` and the like; "" where it is not known.
        context: most tokens of a conversation; 0 where it is not known.
        is_paired: both panes are rows of one batch over one copy of the weights.
        proof: what the check at loading found wrong, in a sentence; "" when it passed.
    """

    pane: str
    title: str
    fingerprint: str
    quantization: str
    context: int
    is_paired: bool
    proof: str


@dataclass(frozen=True)
class Answered:
    """A pane's answer is over.

    Attributes:
        pane: base or tuned.
        ended: end, length, stopped, or “failed: ” and a sentence.
        figures: ``tokens``, ``seconds_to_first``, ``tokens_per_second`` after the first, ``context`` (tokens used
            now) and ``memory`` (bytes, the most of the process).
        sources: what was in view, each with its ``document``, ``leaf`` and ``text``.
    """

    pane: str
    ended: str
    figures: Mapping[str, float] = field(default_factory=dict)
    sources: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Serving:
    """A model answers at an address of this computer from now on.

    Attributes:
        url: such as ``http://127.0.0.1:8080/v1``.
        model: its name there.
        title: of the model and what is put onto it.
        snippet: a command and a program that ask it, ready to be copied.
    """

    url: str
    model: str
    title: str
    snippet: str


@dataclass(frozen=True)
class Drawn:
    """Samples of a leaf as they are decided, one portion at a time.

    Attributes:
        leaf: its path.
        rows: each with its sample's ``key``, ``question``, ``answer``, ``accepted`` (true or false) and ``reason``, ""
            where it is accepted.
    """

    leaf: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Funnel:
    """Where the samples of a leaf were turned away, over everything drawn for it so far.

    Attributes:
        leaf: its path.
        steps: in the order they are made, each with its check's or block's ``name``, ``rows_in`` and ``rows_out``.
    """

    leaf: str
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Finished:
    """The work is done; ``result`` holds plain values that depend on the command."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class Failed:
    """The work ended without its result; ``message`` is one sentence for a person."""

    message: str
    details: str = ""


Event = Stage | Progress | Note | Text | Loaded | Answered | Serving | Drawn | Funnel | Finished | Failed
Emit = Callable[[Event], None]
_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in (*get_args(Event), Request)}


def encode(message: Event | Request) -> bytes:
    """Return a message as one line of JSON, newline included."""
    return json.dumps({"type": type(message).__name__, **asdict(message)}, ensure_ascii=False).encode() + b"\n"


def decode(line: bytes) -> Any:
    """Return the message that is written on a line.

    Raises:
        ValueError: the line is no message that this version knows.
    """
    try:
        fields = json.loads(line)
        return _TYPES[fields.pop("type")](**fields)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a message: {line[:200]!r}") from error
