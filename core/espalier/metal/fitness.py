"""Whether an architecture can be computed in batches: its rows together against each alone, on its own weights.

Some of mlx-lm's models ignore the padding of shorter rows, or mix up the state of rows of unequal length. Nothing
fails then: the answers are just worse. So every model is tried before its first use.
"""

from functools import partial
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from espalier.errors import EspalierError
from espalier.language import Sampling
from espalier.metal.decode import Room, Row, decode
from espalier.metal.forward import bind_head, hidden, log_probability, logits, splits
from espalier.metal.prefill import advance
from espalier.metal.written import Written
from espalier.models.measured import Measured

_LENGTHS = (3, 19, 8, 14)
_ALIKE = 3  # rows that share a beginning and are read as a group
# Of the spread of logits. Padding that was not masked was off by 0.3 to 0.8, bfloat16 by under 0.001 (CPU).
_MOST_OFF = 0.1
_LONGEST_WINDOW = 4096  # tokens; a sliding window beyond is not passed in the trial


def try_model(model: Any) -> Measured:
    """Return whether a model can be computed in batches, and its head apart from its body.

    A head that cannot is bound to the body from here on (`espalier.metal.forward.bind_head`).

    Raises:
        EspalierError: even alone its rows give no numbers.
    """
    if not _head_is_apart(model):
        bind_head(model)
    try:
        off = max(_difference(model, rows) for rows in _trials(model))
    except EspalierError:
        raise
    except Exception as error:  # whatever an architecture fails with, it works one row at a time
        if is_about_memory(error):
            raise  # this says nothing about the architecture
        reason = str(error).strip().split("\n")[0][:120] or type(error).__name__
        return Measured(False, splits(model), f"a batch of this architecture fails with “{reason}”.")
    fits = off <= _MOST_OFF
    how = "agree with" if fits else "differ from"
    return Measured(fits, splits(model), f"its rows in a batch {how} each row alone (off by at most {off:.1%}).")


def _trials(model: Any) -> list[list[list[int]]]:
    """Return sets of rows: short ones of unequal length, and some that pass the sliding window where there is one."""
    row = partial(made_up_row, vocabulary_of(model))
    alike = [row(0, 12) + row(20 + number, 1 + number) for number in range(_ALIKE)]
    trials = [[row(number, length) for number, length in enumerate(_LENGTHS, 1)] + alike]
    window = max((getattr(layer, "max_size", 0) for layer in make_prompt_cache(model)), default=0)
    if 0 < window <= _LONGEST_WINDOW:
        trials.append([row(20, window + 5), row(21, window // 2), row(22, window - 1), row(23, 4)])
    return trials


def is_about_memory(error: Exception) -> bool:
    """Return whether something failed for want of memory; MLX has no error of its own for that."""
    return isinstance(error, MemoryError) or "memory" in str(error).lower()


def made_up_row(vocabulary: int, number: int, length: int) -> list[int]:
    """Return token ids for a trial, others for every number."""
    return [(31 * number + 17 * place * place + 7 * place) % vocabulary for place in range(length)]


def vocabulary_of(model: Any) -> int:
    """Return how many tokens a model can write."""
    return int(logits(model, hidden(model, mx.array([[0]]))).shape[-1])


def _difference(model: Any, prompts: list[list[int]]) -> float:
    """Return how far any log-probability in a batch is from that of its row alone, in spreads of the row's logits.

    Every fourth token ends a row here, so that rows leave the batch and others join it as in use.
    """
    ends = frozenset(range(0, vocabulary_of(model), 4))
    rows = [Row(prompt, None, Written(lambda tokens: "", ())) for prompt in prompts]
    decode(model, rows, Sampling(max_tokens=6), ends, Room(3, 1 << 30), scored=True)
    worst = 0.0
    for row in rows:
        tokens = row.written.tokens
        states = advance(model, make_prompt_cache(model), [[*row.prompt, *tokens[:-1]]], len(tokens))
        alone = logits(model, states[0]).astype(mx.float32)
        if not mx.all(mx.isfinite(alone)).item():
            raise EspalierError("The model computes values that are not numbers. Get it again, or choose another.")
        off = mx.abs(log_probability(alone, mx.array(tokens)) - mx.array(row.scores)) / mx.std(alone, axis=-1)
        found = float(mx.max(off).item())
        worst = max(worst, found if found == found else float("inf"))  # not a number: as far off as can be
    return worst


def _head_is_apart(model: Any) -> bool:
    """Return whether body and head called apart give what the whole model gives."""
    tokens = mx.array([[1, 5, 2, 4]])
    try:
        apart, whole = logits(model, hidden(model, tokens)), model(tokens)
        return apart.shape == whole.shape and bool(mx.allclose(apart, whole, rtol=1e-3, atol=1e-3).item())
    except Exception:  # the body of another architecture may take other arguments
        return False
