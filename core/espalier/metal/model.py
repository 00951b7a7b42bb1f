"""A model that is loaded and ready: answers in batches, and the probability of a given answer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.models.cache import BatchKVCache, make_prompt_cache
from mlx_lm.utils import dequantize_model, load_model, load_tokenizer

from espalier.errors import EspalierError
from espalier.language import Draft, Message, Prompt, Sampling
from espalier.metal.decode import PREFILL_STEP, Row, decode, prefill, shared_prefix
from espalier.metal.forward import hidden, log_probability, logits
from espalier.metal.linux import speed_up

BATCH_ROWS = 48  # throughput of SmolLM2-135M stops rising near here on two CPU cores (2026-11-21)


class MlxModel:
    """An mlx-lm model with its tokenizer; an `espalier.language.LanguageModel`.

    Attributes:
        virtual: token ids of a soft prompt, which stand before every conversation.
    """

    def __init__(self, model: Any, tokenizer: Any, *, rows: int = BATCH_ROWS) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.virtual: tuple[int, ...] = ()
        self._rows = rows

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a conversation up to where the assistant begins to write."""
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        tokens = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, enable_thinking=False)
        given = self.encode_text(prompt.start) if prompt.start else []
        return [*self.virtual, *(int(token) for token in tokens), *given]

    def encode_turns(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a whole conversation, its last answer included."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        tokens = self.tokenizer.apply_chat_template(turns, enable_thinking=False)
        return [*self.virtual, *(int(token) for token in tokens)]

    def render(self, messages: Sequence[Message]) -> str:
        """Return a whole conversation as the template's text."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, enable_thinking=False))

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
    ) -> list[str]:
        """Return one answer per prompt, in order; see `espalier.language.LanguageModel.answer`."""
        return [draft.text for draft in self._write(prompts, sampling, seeds, on_progress, scored=False)]

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Draft]:
        """Return one draft per prompt, in order; see `espalier.language.LanguageModel.draw`."""
        return self._write(prompts, sampling, seeds, on_progress, scored=True)

    def _write(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None,
        on_progress: Callable[[int], None] | None,
        scored: bool,
    ) -> list[Draft]:
        rows = []
        for index, prompt in enumerate(prompts):
            given = self.encode_text(prompt.start) if prompt.start else []
            generator = np.random.default_rng(seeds[index]) if seeds is not None else None
            rows.append(Row(self.encode(prompt), generator, len(given)))
        for batch in batches([row.prompt for row in rows], self._rows):
            decode(
                self.model,
                [rows[index] for index in batch],
                sampling,
                lambda tokens: self._ends(tokens, sampling.stop),
                on_progress,
                scored,
            )
        return [self._draft(row, sampling.stop) for row in rows]

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return the mean log-probability per token of each text as the prompt's answer, in nats."""
        split = [(self.encode(prompt), self.encode_text(text)) for prompt, text in pairs]
        scores = [0.0] * len(pairs)
        for batch in batches([prompt + text for prompt, text in split], self._rows):
            for index, score in zip(batch, self._score([split[index] for index in batch]), strict=True):
                scores[index] = score
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
        found: list[list[float]] = [[]] * len(prompts)
        for batch in batches(encoded, self._rows):
            _, states = prefill(self.model, [encoded[index] for index in batch])
            scores = logits(self.model, states[:, -1])[:, mx.array(labels)].astype(mx.float32)
            for index, row in zip(batch, mx.softmax(scores, axis=-1).tolist(), strict=True):
                found[index] = row
        return found

    def _score(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        rows = [prompt + text for prompt, text in pairs]
        common = min(shared_prefix(rows), min(len(prompt) for prompt, _ in pairs) - 1)
        single = make_prompt_cache(self.model)
        for start in range(0, common, PREFILL_STEP):
            hidden(self.model, mx.array([rows[0][start : min(common, start + PREFILL_STEP)]]), single)
            mx.eval([layer.state for layer in single])
        longest = max(map(len, rows)) - 1
        tokens = mx.array([(row[:-1] + [0] * longest)[common:longest] for row in rows])
        cache = [BatchKVCache.merge([layer] * len(rows)) for layer in single]
        states = hidden(self.model, tokens, cache)
        scores = []
        for row, (prompt, text) in enumerate(pairs):
            first = len(prompt) - 1 - common
            predicted = logits(self.model, states[row, first : first + len(text)])
            scores.append(mx.mean(log_probability(predicted, mx.array(text))))
        return [float(score) for score in mx.stack(scores).tolist()]

    def _ends(self, tokens: list[int], stop: tuple[str, ...]) -> bool:
        if tokens[-1] in self.tokenizer.eos_token_ids:
            return True
        return bool(stop) and any(text in self.tokenizer.decode(tokens) for text in stop)

    def _draft(self, row: Row, stop: tuple[str, ...]) -> Draft:
        tokens = row.tokens
        if tokens and tokens[-1] in self.tokenizer.eos_token_ids:
            tokens = tokens[:-1]
        text = str(self.tokenizer.decode(tokens))
        for ending in stop:
            text = text.split(ending, 1)[0]
        while tokens and len(self.tokenizer.decode(tokens[:-1])) >= len(text):  # tokens of the stop text
            tokens = tokens[:-1]
        scores = row.scores[: row.given + len(tokens)]
        return Draft(text.strip(), sum(scores) / max(1, len(scores)))


def batches(rows: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    """Yield indices of rows in batches of about equal length, longest first; the order is the same every time."""
    order = sorted(range(len(rows)), key=lambda index: (-len(rows[index]), index))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def load(path: Path) -> MlxModel:
    """Return the model in a folder, without adapter.

    On Linux 4-bit weights are expanded to float32 after loading: they are the same numbers, and MLX's CPU kernel for
    packed weights is some 30 times slower than OpenBLAS.

    Raises:
        EspalierError: the folder holds no model that mlx-lm can load.
    """
    speed_up()
    try:
        model, config = load_model(path)
        tokenizer = load_tokenizer(path, eos_token_ids=config.get("eos_token_id"))
    except Exception as error:
        raise EspalierError(f"The model in {path} cannot be loaded: {error}. Fetch or import it again.") from error
    if mx.default_device() == mx.Device(mx.cpu) and not mx.metal.is_available():
        model = expand(model)
    model.eval()
    return MlxModel(model, tokenizer)


def expand(model: nn.Module) -> nn.Module:
    """Return the model with its packed weights written out in the type of their scales."""
    return dequantize_model(model)
