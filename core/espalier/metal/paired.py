"""Base and tuned side by side: two rows of one batched forward over one copy of the weights."""

from collections.abc import Callable

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
    tokens = tuned.encode(prompt)
    written: list[list[int]] = [[], []]
    shown = ["", ""]
    with strength(tuned.model, 0.0, 1.0):
        cache = make_prompt_cache(tuned.model)
        for start in range(0, len(tokens), PREFILL_TOKENS // 2):
            states = hidden(tuned.model, mx.array([tokens[start : start + PREFILL_TOKENS // 2]] * 2), cache)
        scores = logits(tuned.model, states[:, -1])
        if mx.array_equal(scores[0], scores[1]).item():
            raise EspalierError("The tuned model is the same as its base: the adapter changes nothing. Train again.")
        open_rows = {0, 1}
        while True:
            chosen = [int(token) for token in mx.argmax(scores, axis=-1).tolist()]
            for row in sorted(open_rows):
                if chosen[row] in tuned.tokenizer.eos_token_ids:
                    open_rows.discard(row)
                    continue
                written[row].append(chosen[row])
                text = str(tuned.tokenizer.decode(written[row]))
                if not text.endswith("�"):
                    on_text(PANES[row], text[len(shown[row]) :])
                    shown[row] = text
                if len(written[row]) >= sampling.max_tokens:
                    open_rows.discard(row)
            if not open_rows:
                break
            scores = logits(tuned.model, hidden(tuned.model, mx.array(chosen)[:, None], cache)[:, -1])
    base, after = (str(tuned.tokenizer.decode(row)).strip() for row in written)
    return base, after
