"""A language model behind an OpenAI-compatible endpoint."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from espalier.errors import EspalierError
from espalier.language import Draft, Message, Prompt, Sampling
from espalier.messages import Emit, Note
from espalier.synthesis.words import agreement
from espalier.teachers.answered import Answered
from espalier.teachers.dialect import RANKS, Dialect, find_dialect
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.keys import Key
from espalier.teachers.offered import UNKNOWN_LENGTH, context_length
from espalier.teachers.patience import Patience
from espalier.teachers.scores import (
    compared,
    echoed_log_probability,
    mean_log_probability,
    option_probabilities,
    shared_start,
    text_of,
    token_count,
)
from espalier.teachers.together import each, run
from espalier.teachers.wire import AT_ONCE, Wire

_SHORT = 64  # tokens of a short answer that is compared with a text
_NO_AGREEMENT = 0.02  # stands in for none, whose logarithm there is not

Result = TypeVar("Result")


class RemoteModel:
    """An `espalier.language.LanguageModel` that is asked over the network.

    Answers are kept on disk as they come, so that a call that fails, or a killed program, loses only the requests in
    flight. The first use finds out what the endpoint can do, and tells it once.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        key: Key | None = None,
        emit: Emit = lambda event: None,
        answers: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            endpoint: with a model; the caller has made sure that it may be used.
            key: of the endpoint.
            emit: told what the endpoint can do.
            answers: file of the answers so far; None keeps them in memory.
            patience: with an endpoint that does not answer.
        """
        self._endpoint = endpoint
        self.rows = AT_ONCE
        self._emit = emit
        self._wire = Wire(endpoint, key, patience or Patience())
        self._answered = Answered(answers)
        self._dialect: Dialect | None = None

    @cached_property
    def context_length(self) -> int:
        """Return the most tokens of a prompt with its answer, where the endpoint's list of models tells it."""
        try:
            return context_length(self._wire, self._endpoint)
        except EspalierError:
            return UNKNOWN_LENGTH

    def dialect(self) -> Dialect:
        """Return what the endpoint can do.

        Raises:
            EspalierError: it does not answer.
        """

        async def nothing(dialect: Dialect) -> Dialect:
            return dialect

        return self._run(nothing)

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        """Return one answer per prompt, in order; see `espalier.language.LanguageModel.answer`.

        Raises:
            TooLongError: the endpoint says so of some prompts; the answers to the others are kept.
            EspalierError: the endpoint cannot be reached, refuses, or does not answer.
        """

        def tell(index: int, draft: Draft) -> None:
            if on_row:
                on_row(index, draft.text)

        return [draft.text for draft in self._write(prompts, sampling, seeds, on_progress, tell, is_scored=False)]

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        """Return one draft per prompt, in order; see `espalier.language.LanguageModel.draw`.

        The likelihood is that of the words the endpoint wrote, without those that they were made to begin with.

        Raises:
            EspalierError: as `answer`.
        """
        return self._write(prompts, sampling, seeds, on_progress, on_row, is_scored=True)

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return, per pair, the mean log-probability per token of the text as the prompt's answer, in nats.

        Where the endpoint scores no given text, its own short answer is compared with the text, and the logarithm of
        their agreement (F1 of content words, at least 0.02) stands in: it moves the same way.

        Raises:
            EspalierError: as `answer`.
        """

        async def score(dialect: Dialect) -> list[float]:
            return await each(partial(self._score, dialect), pairs)

        return self._run(score) if pairs else []

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """Return, per prompt, the probability of each option as its answer, among the options.

        Where the endpoint tells no alternatives, a short answer is compared with the options.

        Raises:
            EspalierError: as `answer`.
        """

        async def choose(dialect: Dialect) -> list[list[float]]:
            return await each(partial(self._choose, dialect, options), prompts)

        return self._run(choose) if prompts else []

    def _write(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None,
        on_progress: Callable[[int], None] | None,
        on_row: Callable[[int, Draft], None] | None,
        is_scored: bool,
    ) -> list[Draft]:
        given: Sequence[int | None] = seeds if seeds is not None else [None] * len(prompts)

        async def write(dialect: Dialect) -> list[Draft]:
            async def draft(item: tuple[int, Prompt, int | None]) -> Draft:
                index, prompt, seed = item
                written = await self._draft(dialect, sampling, on_progress, is_scored, prompt, seed)
                if on_row:
                    on_row(index, written)
                return written

            return await each(draft, [(index, *row) for index, row in enumerate(zip(prompts, given, strict=True))])

        return self._run(write) if prompts else []

    async def _draft(
        self,
        dialect: Dialect,
        sampling: Sampling,
        on_progress: Callable[[int], None] | None,
        is_scored: bool,
        prompt: Prompt,
        seed: int | None,
    ) -> Draft:
        asked = ("draft", asdict(prompt), asdict(sampling), seed, is_scored)
        if known := self._answered.find(asked):
            return Draft(*known)
        drawn = seed if sampling.temperature else None  # mlx_lm.server answers rows with seeds one after the other
        body = dialect.body(self._endpoint.model, prompt, sampling.max_tokens, drawn)
        body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if is_scored and dialect.gives_probabilities:
            body["logprobs"] = True
        reply = await self._chat(body)
        text = text_of(reply).strip()
        for ending in sampling.stop:
            text = text.split(ending, 1)[0]
        likelihood = mean_log_probability(reply) if is_scored else None
        draft = Draft(dialect.written(text, prompt.start), likelihood)
        if seed is not None or sampling.temperature == 0:  # else every draw is to be another
            self._answered.add(asked, [draft.text, draft.log_probability])
        if on_progress:
            on_progress(token_count(reply, text))
        return draft

    async def _score(self, dialect: Dialect, pair: tuple[Prompt, str]) -> float:
        prompt, text = pair
        asked = ("score", asdict(prompt), text)
        score = self._answered.find(asked)
        if score is None:
            score = await self._echoed(prompt, text) if dialect.echoes else None
            if score is None:
                said = await self._short_answer(dialect, prompt)
                score = math.log(max(_NO_AGREEMENT, agreement(said, text)))
            self._answered.add(asked, score)
        return float(score)

    async def _echoed(self, prompt: Prompt, text: str) -> float | None:
        head = _transcript(prompt)
        whole = f"{head} {text}"
        body = {"model": self._endpoint.model, "prompt": whole, "max_tokens": 1, "echo": True, "logprobs": 1}
        reply = await self._wire.ask("/completions", {**body, "temperature": 0}, _reply)
        return echoed_log_probability(reply, head, whole)

    async def _choose(self, dialect: Dialect, options: Sequence[str], prompt: Prompt) -> list[float]:
        asked = ("choose", asdict(prompt), list(options))
        found: list[float] | None = self._answered.find(asked)
        if not found:
            found = await self._ranked(dialect, prompt, options) if dialect.ranks else None
            found = found or compared(await self._short_answer(dialect, prompt), options)
            self._answered.add(asked, found)
        return found

    async def _ranked(self, dialect: Dialect, prompt: Prompt, options: Sequence[str]) -> list[float] | None:
        tokens = 2 + len(shared_start(options))  # to where the options differ, at the latest
        body = dialect.body(self._endpoint.model, prompt, tokens) | {"temperature": 0}
        reply = await self._chat(body | {"logprobs": True, "top_logprobs": RANKS})
        return option_probabilities(reply, options)

    async def _short_answer(self, dialect: Dialect, prompt: Prompt) -> str:
        draft = await self._draft(dialect, Sampling(_SHORT), None, False, prompt, None)
        return draft.text

    async def _chat(self, body: dict[str, Any]) -> Any:
        return await self._wire.ask("/chat/completions", body, _reply)

    def _run(self, work: Callable[[Dialect], Awaitable[Result]]) -> Result:
        async def main() -> Result:
            async with self._wire.open():
                if self._dialect is None:
                    self._dialect = await find_dialect(self._endpoint.model, self._probe)
                    self._emit(Note(self._dialect.sentence(self._endpoint)))
                return await work(self._dialect)

        return run(main())

    async def _probe(self, page: str, body: dict[str, Any]) -> Any:
        return await self._wire.ask(page, body, _reply)


def _reply(reply: Any) -> Any:
    """Return a reply that says something; ValueError and the like when it does not."""
    text_of(reply)
    return reply


def _transcript(prompt: Prompt) -> str:
    """Return a conversation as plain text, up to where its answer stands; the endpoint's own template is not known."""
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    turns = [*prompt.messages, Message("assistant", prompt.start)]
    return "\n\n".join(f"{names.get(turn.role, '')}{turn.content}" for turn in turns).rstrip()
