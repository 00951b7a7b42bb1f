"""What the engine asks of a language model; ``metal`` answers with MLX, tests with a dictionary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


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


class LanguageModel(Protocol):
    """A teacher, critic or student that is loaded and ready."""

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        """Return one answer per prompt, in order.

        Args:
            prompts: answered together; what they share at their beginning is computed once.
            sampling: the same for all.
            seeds: one per prompt; a prompt with the same seed in the same company gets the same answer.
            on_progress: told the number of tokens written since the last call.
        """

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return, per pair, the mean log-probability per token of the text as the prompt's answer, in nats."""
