"""What rounding a model's numbers changed, judged by the probabilities of the next token."""

from collections.abc import Sequence

import mlx.core as mx

from espalier.metal.forms.checking import difference, judge
from espalier.metal.linux import log_sum_exp
from espalier.sharing.check import Check

MOST_KL = 0.02  # nats per token; bfloat16 changes less, a wrong order of rows several whole ones


def judge_rounded(reference: Sequence[mx.array], found: Sequence[mx.array], told: str) -> Check:
    """Return the check of a form whose numbers are rounded: the same, close, or something else.

    Args:
        reference: logits of the running model, (tokens, vocabulary) of each row.
        found: of the form that was read back.
        told: what was rounded, as a sentence.
    """
    exact = judge(reference, found, told)
    if exact.verdict == "same":
        return exact
    kl, equal, places = 0.0, 0, 0
    for first, second in zip(reference, found, strict=True):
        p, q = _log_probabilities(first), _log_probabilities(second)
        kl += float(mx.sum(mx.exp(p) * (p - q)).item())
        equal += int(mx.sum(mx.argmax(p, axis=-1) == mx.argmax(q, axis=-1)).item())
        places += p.shape[0]
    gap = difference(reference, found)
    if not kl / places <= MOST_KL:  # also where it is no number
        return exact
    same = "everywhere" if equal == places else f"at {equal} of {places} places"
    sentence = f"Read back, it finds the same next token {same}: logits differ by at most {gap:.1e}. {told}"
    return Check("close", gap, None, sentence.strip())


def _log_probabilities(scores: mx.array) -> mx.array:
    scores = scores.astype(mx.float32)
    return scores - log_sum_exp(scores)[..., None]
