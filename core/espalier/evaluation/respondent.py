"""A model whose replies are kept: it is loaded only for what it was not asked before."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from espalier.clock import Clock
from espalier.files import append_lines, read_lines
from espalier.language import LanguageModel, Prompt, Sampling
from espalier.messages import Emit, Stage
from espalier.project import content_key


class Respondent:
    """A student or judge with the journal of what it has said; killed at any moment, it loses the rows in flight.

    Attributes:
        name: base, tuned, 4-bit or judge.
    """

    def __init__(
        self, name: str, load: Callable[[], LanguageModel], journal: Path, emit: Emit, others: Sequence[Path] = ()
    ) -> None:
        """Read what was said before; nothing is loaded yet.

        Args:
            name: base, tuned, 4-bit or judge.
            load: returns the model, ready.
            journal: where its replies are kept; its name tells one state of the model from another.
            emit: told the stages and their progress.
            others: journals of the same model, from other runs.
        """
        self.name = name
        self._load, self._journal, self._emit = load, journal, emit
        self._loaded: LanguageModel | None = None
        self._kept: dict[str, Any] = {
            line["key"]: line["value"]
            for path in (*others, journal)
            for line in read_lines(path)
            if isinstance(line, dict) and line.keys() == {"key", "value"}
        }

    @property
    def _model(self) -> LanguageModel:
        self._loaded = self._loaded or self._load()
        return self._loaded

    def release(self) -> None:
        """Let go of the model, to make room for the next; what is asked later loads it again."""
        self._loaded = None

    def answer(self, prompts: Sequence[Prompt], sampling: Sampling, text: str) -> list[str]:
        """Return the most likely answer to each prompt; ``text`` says what they are."""

        def ask(missing: Sequence[int], keep: Callable[[int, Any], None]) -> None:
            for place, answer in enumerate(
                self._model.answer([prompts[index] for index in missing], sampling, on_row=keep)
            ):
                keep(place, answer)

        return self._replies([_key("answer", prompt, sampling) for prompt in prompts], ask, text)

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str], text: str) -> list[list[float]]:
        """Return the probability of each option per prompt."""

        def ask(missing: Sequence[int], keep: Callable[[int, Any], None]) -> None:
            for start in range(0, len(missing), _PORTION):
                portion = missing[start : start + _PORTION]
                for place, row in enumerate(self._model.choose([prompts[index] for index in portion], options)):
                    keep(start + place, row)

        return self._replies([_key("choose", prompt, tuple(options)) for prompt in prompts], ask, text)

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]], text: str) -> list[float]:
        """Return the mean log-probability per token of each pair's text as its prompt's answer, in nats."""

        def ask(missing: Sequence[int], keep: Callable[[int, Any], None]) -> None:
            for place, value in enumerate(self._model.log_probability([pairs[index] for index in missing])):
                keep(place, value)

        return self._replies([_key("log_probability", prompt, told) for prompt, told in pairs], ask, text)

    def _replies(
        self, keys: Sequence[str], ask: Callable[[Sequence[int], Callable[[int, Any], None]], None], text: str
    ) -> list[Any]:
        first = {key: index for index, key in reversed(list(enumerate(keys))) if key not in self._kept}
        missing = sorted(first.values())
        self._emit(Stage("evaluate", text, not missing))
        if missing:
            clock, done = Clock("evaluate", len(missing), "answers", self._emit), 0
            clock.tell(0)

            def keep(place: int, value: Any) -> None:
                nonlocal done
                key = keys[missing[place]]
                if key in self._kept:
                    return
                append_lines(self._journal, [{"key": key, "value": value}])
                self._kept[key] = value
                done += 1
                clock.tell(done)

            ask(missing, keep)
        return [self._kept[key] for key in keys]


_PORTION = 64  # prompts scored between two looks at the clock


def _key(kind: str, prompt: Prompt, more: object) -> str:
    turns = [(message.role, message.content) for message in prompt.messages]
    return content_key(kind, turns, prompt.start, repr(more))
