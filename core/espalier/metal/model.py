"""A model that is loaded and ready: answers in batches, and the probability of a given answer."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.utils import dequantize_model, load_model, load_tokenizer

from espalier.errors import EspalierError
from espalier.language import Draft, Message, Prompt, Sampling, TooLongError
from espalier.metal.autotune import LEAST_ROWS, best_rows, writing_speed
from espalier.metal.decode import Room, Row, decode
from espalier.metal.fitness import try_model
from espalier.metal.forward import bind_head, log_probability, logits
from espalier.metal.linux import speed_up
from espalier.metal.memory import room_for_rows, token_bytes
from espalier.metal.prefill import Opening, groups, shared_prefix
from espalier.metal.written import Written
from espalier.models.config import normalised
from espalier.models.measured import Measured, measured, remember, remember_rows

_USUAL_LENGTH = 512  # tokens of a prompt with its answer, by which memory bounds the search for the best rows


class MlxModel:
    """An mlx-lm model with its tokenizer; an `espalier.language.LanguageModel`.

    Attributes:
        virtual: token ids of a soft prompt, which stand before every conversation.
    """

    def __init__(self, model: Any, tokenizer: Any, path: Path | None = None, fitness: Measured | None = None) -> None:
        """Wrap a loaded model.

        Args:
            model: of mlx-lm.
            tokenizer: mlx-lm's wrapper.
            path: its folder, under which the best number of rows is remembered.
            fitness: what was found out about it; None tries it now.
        """
        self.model = model
        self.tokenizer = tokenizer
        self.virtual: tuple[int, ...] = ()
        self._path = path
        self._fitness = fitness or try_model(model)
        self._rows = self._fitness.rows if self._fitness.batches else 1

    @property
    def batches(self) -> bool:
        """Return whether rows of unequal length can be computed together."""
        return self._fitness.batches

    @property
    def rows(self) -> int:
        """Return how many rows are computed together; see `espalier.language.LanguageModel`."""
        if not self._rows:
            most = max(LEAST_ROWS, self._room_tokens // _USUAL_LENGTH)
            self._rows, speed = best_rows(writing_speed(self.model), most)
            if self._path:
                remember_rows(self._path, self._rows, speed)
        return self._rows

    @rows.setter
    def rows(self, rows: int) -> None:
        self._rows = rows if self._fitness.batches else 1

    @property
    def context_length(self) -> int:
        """Return the most tokens of a prompt with its answer; without a stated limit a number beyond any prompt."""
        return int(getattr(getattr(self.model, "args", None), "max_position_embeddings", None) or 1 << 30)

    @cached_property
    def _room_tokens(self) -> int:
        """Return how many tokens fit a batch: a power of two, so that a few free bytes more change no company."""
        return 1 << (max(1, room_for_rows() // token_bytes(self.model)).bit_length() - 1)

    def without_prompt(self) -> "MlxModel":
        """Return the same weights without the soft prompt."""
        return MlxModel(self.model, self.tokenizer, self._path, self._fitness)

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a conversation up to where the assistant begins to write."""
        turns = _turns(prompt.messages)
        tokens = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, enable_thinking=False)
        given = self.encode_text(prompt.start) if prompt.start else []
        return [*self.virtual, *(int(token) for token in tokens), *given]

    def encode_turns(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a whole conversation, its last answer included."""
        tokens = self.tokenizer.apply_chat_template(_turns(messages), enable_thinking=False)
        return [*self.virtual, *(int(token) for token in tokens)]

    def render(self, messages: Sequence[Message]) -> str:
        """Return a whole conversation as the template's text."""
        return str(self.tokenizer.apply_chat_template(_turns(messages), tokenize=False, enable_thinking=False))

    def encode_with_places(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the token ids of rendered text, and where each token begins and ends in it, in characters."""
        found = self.tokenizer._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places = [(int(start), int(end)) for start, end in found["offset_mapping"]]
        virtual = list(self.virtual)
        return virtual + [int(token) for token in found["input_ids"]], [(0, 0)] * len(virtual) + places

    def encode_text(self, text: str) -> list[int]:
        """Return the token ids of plain text, without special tokens."""
        return [int(token) for token in self.tokenizer.encode(text, add_special_tokens=False)]

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        """Return one answer per prompt, in order; see `espalier.language.LanguageModel.answer`."""

        def tell(index: int, draft: Draft) -> None:
            if on_row:
                on_row(index, draft.text)

        return [draft.text for draft in self._write(prompts, sampling, seeds, on_progress, tell, scored=False)]

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        """Return one draft per prompt, in order; see `espalier.language.LanguageModel.draw`."""
        return self._write(prompts, sampling, seeds, on_progress, on_row, scored=True)

    def _write(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None,
        on_progress: Callable[[int], None] | None,
        on_row: Callable[[int, Draft], None] | None,
        scored: bool,
    ) -> list[Draft]:
        rows = []
        for index, prompt in enumerate(prompts):
            given = self.encode_text(prompt.start) if prompt.start else []
            generator = np.random.default_rng(seeds[index]) if seeds is not None else None
            rows.append(Row(self.encode(prompt), generator, Written(self.tokenizer.decode, sampling.stop), len(given)))
        self._check_lengths([(len(row.prompt), sampling.max_tokens) for row in rows])
        drafts = [Draft("", 0.0)] * len(rows)

        def end(index: int) -> None:
            drafts[index] = self._draft(rows[index], sampling.stop)
            if on_row:
                on_row(index, drafts[index])

        if rows:
            ends = frozenset(self.tokenizer.eos_token_ids)
            decode(self.model, rows, sampling, ends, self._room(len(rows)), on_progress, end, scored)
        return drafts

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return the mean log-probability per token of each text as the prompt's answer, in nats."""
        split = [(self.encode(prompt), self.encode_text(text)) for prompt, text in pairs]
        self._check_lengths([(len(prompt), len(text)) for prompt, text in split])
        scores = [0.0] * len(pairs)
        told = [index for index, (_, text) in enumerate(split) if text]
        rows = [[*prompt, *text[:-1]] for prompt, text in (split[index] for index in told)]
        for batch, states in self._read(rows, [len(split[index][1]) for index in told]):
            means = []
            for place, row in enumerate(batch):
                text = split[told[row]][1]
                predicted = logits(self.model, states[place, -len(text) :])
                means.append(mx.mean(log_probability(predicted, mx.array(text))))
            for row, mean in zip(batch, mx.stack(means).tolist(), strict=True):
                scores[told[row]] = float(mean)
        return scores

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """Return the probability of each option per prompt; see `espalier.language.LanguageModel.choose`.

        Raises:
            ValueError: options that begin with the same token after what all of them share.
        """
        tokens = [[*self.encode_text(option), -1] for option in options]
        common = shared_prefix(tokens)
        labels = [option[common] for option in tokens]
        if len(set(labels)) < len(options) or -1 in labels:
            raise ValueError(f"no single token tells these options apart: {options}")
        encoded = [self.encode(prompt) + tokens[0][:common] for prompt in prompts]
        self._check_lengths([(len(row), 1) for row in encoded])
        found: list[list[float]] = [[]] * len(prompts)
        for batch, states in self._read(encoded, [1] * len(encoded)):
            scores = logits(self.model, states[:, -1])[:, mx.array(labels)].astype(mx.float32)
            for index, row in zip(batch, mx.softmax(scores, axis=-1).tolist(), strict=True):
                found[index] = row
        return found

    def _read(self, rows: Sequence[Sequence[int]], kept: Sequence[int]) -> Iterator[tuple[list[int], mx.array]]:
        """Yield the rows' indices batch by batch, each with the last states of its rows."""
        if not rows:
            return
        room = self._room(len(rows))
        opening = Opening(self.model, rows, kept)
        waiting = [index for part in groups(rows, len(opening.tokens), kept) for index in part]
        while waiting:
            count = room.admits(0, [len(rows[index]) for index in waiting[: room.rows]])
            batch, waiting = waiting[:count], waiting[count:]
            if room.rows == 1:
                yield batch, opening.read_alone(rows[batch[0]], kept[batch[0]])[1]
            else:
                for part, states in opening.states([rows[index] for index in batch], [kept[index] for index in batch]):
                    yield [batch[place] for place in part], states

    def _room(self, rows: int) -> Room:
        """Return the room for a call; a few rows need no measuring of how many are best."""
        most = self._rows or (self.rows if rows > LEAST_ROWS else LEAST_ROWS)
        return Room(most, self._room_tokens)

    def _check_lengths(self, lengths: Sequence[tuple[int, int]]) -> None:
        """Check the tokens of each prompt and of the longest answer against the context."""
        most = self.context_length
        long = {
            index: f"A prompt of {prompt:,} tokens with {answer:,} for its answer is more than the {most:,} that the "
            "model can see at once."
            for index, (prompt, answer) in enumerate(lengths)
            if prompt + answer > most
        }
        if long:
            raise TooLongError(long)

    def _draft(self, row: Row, stop: tuple[str, ...]) -> Draft:
        tokens = row.written.tokens
        if tokens and tokens[-1] in self.tokenizer.eos_token_ids:
            tokens = tokens[:-1]
        text = str(self.tokenizer.decode(tokens))
        for ending in stop:
            text = text.split(ending, 1)[0]
        while tokens and len(self.tokenizer.decode(tokens[:-1])) >= len(text):  # tokens of the stop text
            tokens = tokens[:-1]
        scores = row.scores[: row.given + len(tokens)]
        return Draft(text.strip(), sum(scores) / max(1, len(scores)))


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as a chat template takes them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def load(path: Path) -> MlxModel:
    """Return the model in a folder, without adapter; before its first use here it is tried in a batch.

    On Linux 4-bit weights are expanded to float32 after loading: they are the same numbers, and MLX's CPU kernel for
    packed weights is some 30 times slower than OpenBLAS.

    Raises:
        EspalierError: the folder holds no model that mlx-lm can load.
    """
    speed_up()
    try:
        written = json.loads((path / "config.json").read_text(encoding="utf-8"))
        model, config = load_model(path, model_config=normalised(written))
        tokenizer = load_tokenizer(path, eos_token_ids=config.get("eos_token_id"))
    except Exception as error:
        raise EspalierError(f"The model in {path} cannot be loaded: {error}. Fetch or import it again.") from error
    if mx.default_device() == mx.Device(mx.cpu) and not mx.metal.is_available():
        model = expand(model)
    model.eval()
    fitness = measured(path)
    if fitness is None:
        fitness = try_model(model)
        remember(path, fitness)
    elif not fitness.splits:
        bind_head(model)
    return MlxModel(model, tokenizer, path, fitness)


def expand(model: nn.Module) -> nn.Module:
    """Return the model with its packed weights written out: in the type of their scales, float32 where that is none."""
    model = dequantize_model(model)
    model.apply(lambda value: value.astype(mx.float32) if value.dtype == mx.bfloat16 else value)
    return model
