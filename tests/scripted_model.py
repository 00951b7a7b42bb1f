"""A language model of one line: what a function replies to each prompt."""

from collections.abc import Callable, Sequence

from espalier.language import Draft, Prompt, Sampling


class ScriptedModel:
    """A language model that answers from a function; it keeps every prompt that it was shown."""

    def __init__(self, reply: Callable[[Prompt], str]) -> None:
        self._reply = reply
        self.shown: list[str] = []
        self.rows = 8
        self.context_length = 1 << 30

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        self.shown += [message.content for prompt in prompts for message in prompt.messages]
        return [self._reply(prompt) for prompt in prompts]

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        return [Draft(text, -0.4) for text in self.answer(prompts, sampling, seeds, on_progress)]

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        self.shown += [message.content for prompt, _ in pairs for message in prompt.messages]
        return [-0.1 if "\n\n" in prompt.messages[-1].content else -0.9 for prompt, _ in pairs]

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        self.shown += [message.content for prompt in prompts for message in prompt.messages]
        return [[1 / len(options)] * len(options) for _ in prompts]
