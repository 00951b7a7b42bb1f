"""What panes are asked and what they say, as plain data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from espalier.errors import EspalierError
from espalier.language import Message, Sampling

PANES = ("base", "tuned")
"""Names of the two panes in messages, left and right, whatever is in them."""

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Settings:
    """How both panes are asked.

    Attributes:
        system: what stands before every conversation; "" for the model's own.
        temperature: 0 to 2; 0 takes the likeliest token.
        top_p: share of the probability that is drawn from, 0 < top_p ≤ 1.
        seed: of the draws; the same for both panes.
        max_tokens: longest answer, at least 1.
        strength: of the adapter, 0 to 1, where it is one whose strength can be set.
    """

    system: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 256
    strength: float = 1.0

    @property
    def sampling(self) -> Sampling:
        """Return how tokens are drawn."""
        return Sampling(self.max_tokens, self.temperature, self.top_p)


@dataclass(frozen=True)
class Asked:
    """What one pane is asked.

    Attributes:
        pane: its place, from 0.
        messages: its whole conversation, the system's message included.
    """

    pane: int
    messages: tuple[Message, ...]
    settings: Settings


@dataclass(frozen=True)
class Said:
    """More of a pane's answer.

    Attributes:
        pane: its place, from 0.
        text: what is new; may be "".
        ended: "" while more may come; else end, length, stopped, or “failed: ” and a sentence.
        figures: at the end: ``tokens``, ``seconds_to_first``, ``tokens_per_second`` after the first, ``context``
            (tokens used now) and ``memory`` (bytes at most).
    """

    pane: int
    text: str = ""
    ended: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a pane holds, and whether that was checked.

    Attributes:
        title: of the model and what is put onto it.
        fingerprint: first digits of the SHA-256 of what was trained; "" without.
        quantization: ``float32``, ``4-bit`` and the like; "" where it is not known.
        context: most tokens of a conversation; 0 where it is not known.
        is_paired: both panes are rows of one batch over one copy of the weights.
        proof: what the check at loading found wrong, in a sentence; "" when it passed.
    """

    title: str
    fingerprint: str = ""
    quantization: str = ""
    context: int = 0
    is_paired: bool = False
    proof: str = ""


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings that plain values stand for.

    Raises:
        EspalierError: one is unknown or out of its range.
    """
    known = Settings()
    if unknown := set(values) - set(vars(known)):
        raise EspalierError(f"There is no setting “{min(unknown)}” for an answer. Leave it out.")
    numbers = {
        "temperature": (0.0, 2.0),
        "top_p": (0.0, 1.0),
        "seed": (0, 2**63 - 1),
        "max_tokens": (1, 1 << 20),
        "strength": (0.0, 1.0),
    }
    found: dict[str, Any] = {"system": str(values.get("system", ""))}
    for name, (least, most) in numbers.items():
        kind = type(getattr(known, name))
        value = values.get(name, getattr(known, name))
        try:
            number = kind(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise EspalierError(f"{name} is {value!r}. Give a number from {least:g} to {most:g}.") from error
        if not math.isfinite(number) or not least <= number <= most or number != float(value):
            raise EspalierError(f"{name} is {value}. Give a number from {least:g} to {most:g}.")
        found[name] = number
    return Settings(**found)


def read_conversation(turns: Sequence[Mapping[str, Any]], system: str) -> tuple[Message, ...]:
    """Return a conversation with the system's message before it, if there is one.

    Raises:
        EspalierError: it is none, or its last turn is not the user's.
    """
    try:
        messages = [Message(str(turn["role"]), str(turn["content"])) for turn in turns]
    except (TypeError, KeyError) as error:
        raise EspalierError("A conversation is a list of turns, each with a role and a content.") from error
    if not messages or messages[-1].role != "user" or any(turn.role not in ROLES for turn in messages):
        raise EspalierError("The last turn of a conversation is the user's question. Ask one.")
    if system.strip():
        messages = [Message("system", system), *(turn for turn in messages if turn.role != "system")]
    return tuple(messages)
