"""How far a student's distributions move when its adapter is merged and its weights are packed."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.cache import make_prompt_cache

from espalier.language import TrainRow
from espalier.metal.adapters import load_adapter
from espalier.metal.batch import Batch, Layout, make_batch, predicting_states
from espalier.metal.forward import hidden, logits
from espalier.metal.linux import log_sum_exp
from espalier.metal.model import load
from espalier.metal.prefill import advance
from espalier.metal.quantize import fuse
from espalier.metal.rows import Encoded, encode_all
from espalier.metal.soft_prompt import FILE, load_prompt
from espalier.quantization.cost import Compared, Divergence
from espalier.training.settings import TrainSettings

MOST_TOKENS = 256  # of each kind of text: their distributions are kept while the next model is asked
_MAX_TOKENS = 1024  # of a row
_ROWS = 8  # computed together
_PLAIN = Layout(packed=False, common=0)
_STEPS, _CONTEXT = 12, 32  # tokens that are written to measure speed, and those before them
Texts = Mapping[str, Sequence[TrainRow]]
Kept = dict[str, list[mx.array]]


def compare(model: Path, adapter: Path, quantized: Path, texts: Texts) -> Compared:
    """Return how far the merged student and the quantized one are from the student with its adapter.

    Args:
        model: folder of the student.
        adapter: on top of it.
        quantized: folder of the small one.
        texts: conversations by kind; compared at the tokens of their answers.
    """
    student = load(model)
    load_adapter(student, adapter)
    settings = TrainSettings(max_tokens=_MAX_TOKENS)
    batches = {kind: _batches(encode_all(student, rows, settings).rows) for kind, rows in texts.items()}
    reference = {kind: [_distribution(student.model, batch) for batch in part] for kind, part in batches.items()}
    memory = {"adapter": _bytes(student.model)}
    speed = {"adapter": round(writing_speed(student.model), 2)}
    fused = fuse(student.model) if not (adapter / FILE).exists() else student.model
    memory["fused"] = _bytes(fused)
    found = {"fused": divergences(fused, batches, reference)}
    del student, fused
    small = load(quantized)
    if (quantized / FILE).exists():
        load_prompt(small, quantized)
    memory["quantized"] = sum(file.stat().st_size for file in quantized.glob("model*.safetensors"))
    speed["quantized"] = round(writing_speed(small.model), 2)
    found["quantized"] = divergences(small.model, batches, reference)
    return Compared(found, memory, speed)


def divergences(model: Any, batches: Mapping[str, Sequence[Batch]], reference: Kept) -> dict[str, Divergence]:
    """Return how far a model is from kept distributions, by kind of text."""
    return {kind: _divergence(model, part, reference[kind]) for kind, part in batches.items()}


def _divergence(model: Any, batches: Sequence[Batch], reference: Sequence[mx.array]) -> Divergence:
    kl, same, tokens = 0.0, 0, 0
    for batch, p in zip(batches, reference, strict=True):
        q = _distribution(model, batch)
        kl += mx.sum(mx.exp(p) * (p - q)).item()
        same += int(mx.sum(mx.argmax(p, axis=-1) == mx.argmax(q, axis=-1)).item())
        tokens += p.shape[0]
    return Divergence(max(0.0, kl / tokens), same / tokens, tokens) if tokens else Divergence(0.0, 1.0, 0)


def _distribution(model: Any, batch: Batch) -> mx.array:
    """Return the log-probabilities of every token at each place of a batch's answers, (n, vocabulary)."""
    scores = logits(model, predicting_states(model, batch)).astype(mx.float32)
    found = scores - log_sum_exp(scores)[..., None]
    mx.eval(found)
    return found


def _batches(rows: Sequence[Encoded]) -> list[Batch]:
    """Return the first rows, of which no more tokens than are kept belong to answers, with others of like length."""
    kept: list[Encoded] = []
    tokens = 0
    for row in rows:
        tokens += len(row.answers)
        if kept and tokens > MOST_TOKENS:
            break
        kept.append(row)
    kept.sort(key=lambda row: len(row.tokens))
    return [make_batch(kept[start : start + _ROWS], _PLAIN) for start in range(0, len(kept), _ROWS)]


def _bytes(model: Any) -> int:
    return sum(value.nbytes for _, value in tree_flatten(model.parameters()))


def writing_speed(model: Any) -> float:
    """Return the tokens per second of one answer, from the fastest half of a few steps."""
    cache = make_prompt_cache(model)
    advance(model, cache, [[2 + place % 50 for place in range(_CONTEXT)]])
    token, seconds = mx.array([[3]]), []
    for _ in range(_STEPS):
        started = time.perf_counter()
        token = mx.argmax(logits(model, hidden(model, token, cache)[:, -1]), axis=-1)[None]
        mx.eval(token)
        seconds.append(time.perf_counter() - started)
    fastest = sorted(seconds)[: _STEPS // 2]
    return len(fastest) / sum(fastest)
