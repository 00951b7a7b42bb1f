"""Base and tuned side by side: two rows of one batched forward over one copy of the weights."""

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from espalier.errors import EspalierError
from espalier.language import Prompt, Sampling
from espalier.metal.forward import hidden, logits
from espalier.metal.lora import strength
from espalier.metal.model import MlxModel
from espalier.metal.prefill import PREFILL_TOKENS

PANES = ("base", "tuned")


def ask_both(
    tuned: MlxModel, prompt: Prompt, sampling: Sampling, on_text: Callable[[str, str], None]
) -> tuple[str, str]:
    """Return the base and the tuned answer to a prompt, each token likeliest.

    Args:
        tuned: a student with LoRA factors.
        prompt: the same for both.
        sampling: its ``max_tokens`` counts.
        on_text: told the pane, base or tuned, and each new piece of its answer.

    Raises:
        EspalierError: both rows are the same model, so there is nothing to compare.
    """
    with strength(tuned.model, 0.0, 1.0):
        cache, scores = _read(tuned, prompt, 2)
        _compare(scores[0], scores[1])
        base, after = _write(tuned, PANES, cache, scores, sampling, on_text)
    return base, after


def ask_each(
    base: MlxModel, tuned: MlxModel, prompt: Prompt, sampling: Sampling, on_text: Callable[[str, str], None]
) -> tuple[str, str]:
    """Return the base and the tuned answer of two students, one after the other; see `ask_both`.

    For what has no strength that could differ between rows: all weights, DoRA's norms, experts, a soft prompt.
    """
    (first, before), (second, after) = _read(base, prompt, 1), _read(tuned, prompt, 1)
    _compare(before[0], after[0])
    answers = _write(base, PANES[:1], first, before, sampling, on_text)
    answers += _write(tuned, PANES[1:], second, after, sampling, on_text)
    return answers[0], answers[1]


def _compare(base: mx.array, tuned: mx.array) -> None:
    if mx.array_equal(base, tuned).item():
        raise EspalierError("The tuned model is the same as its base: the adapter changes nothing. Train again.")


def _read(student: MlxModel, prompt: Prompt, rows: int) -> tuple[list[Any], mx.array]:
    """Return the cache after so many rows of the same prompt, and the scores of what follows, (rows, vocabulary)."""
    tokens = student.encode(prompt)
    cache = make_prompt_cache(student.model)
    step = PREFILL_TOKENS // rows
    for start in range(0, len(tokens), step):
        states = hidden(student.model, mx.array([tokens[start : start + step]] * rows), cache)
    return cache, logits(student.model, states[:, -1])


def _write(
    student: MlxModel,
    panes: Sequence[str],
    cache: list[Any],
    scores: mx.array,
    sampling: Sampling,
    on_text: Callable[[str, str], None],
) -> list[str]:
    """Return each row's answer; a row that has ended is still computed until all have."""
    written: list[list[int]] = [[] for _ in panes]
    shown = ["" for _ in panes]
    open_rows = set(range(len(panes)))
    while True:
        chosen = [int(token) for token in mx.argmax(scores, axis=-1).tolist()]
        for row in sorted(open_rows):
            if chosen[row] in student.tokenizer.eos_token_ids:
                open_rows.discard(row)
                continue
            written[row].append(chosen[row])
            text = str(student.tokenizer.decode(written[row]))
            if not text.endswith("�"):
                on_text(panes[row], text[len(shown[row]) :])
                shown[row] = text
            if len(written[row]) >= sampling.max_tokens:
                open_rows.discard(row)
        if not open_rows:
            return [str(student.tokenizer.decode(row)).strip() for row in written]
        scores = logits(student.model, hidden(student.model, mx.array(chosen)[:, None], cache)[:, -1])
