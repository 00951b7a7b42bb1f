"""Hidden states and logits of mlx-lm models, so that the wide output head is computed only where it is needed."""

from typing import Any

import mlx.core as mx
import mlx.nn as nn

from espalier.metal.linux import log_sum_exp

_BOUND = "head_is_bound"


def splits(model: nn.Module) -> bool:
    """Return whether the model's body and head can be called apart, as in Llama and its relatives."""
    if getattr(model, _BOUND, False):
        return False
    body = getattr(model, "model", None)
    tied = getattr(model, "tie_word_embeddings", getattr(getattr(model, "args", None), "tie_word_embeddings", False))
    tied = tied or getattr(model, "model_type", "") == "gemma"  # which has no other head
    plain = not any(hasattr(getattr(model, "args", None), name) for name in ("final_logit_softcapping", "logit_scale"))
    return plain and body is not None and (hasattr(model, "lm_head") or (tied and hasattr(body, "embed_tokens")))


def bind_head(model: nn.Module) -> None:
    """Call this model's body and head only together from now on: apart they were found to give other numbers."""
    setattr(model, _BOUND, True)


def hidden(model: Any, tokens: mx.array, cache: list[Any] | None = None) -> mx.array:
    """Return what ``logits`` takes, for tokens of shape (batch, length): (batch, length, width)."""
    return model.model(tokens, cache) if splits(model) else model(tokens, cache)


def logits(model: Any, states: mx.array) -> mx.array:
    """Return logits over the vocabulary for hidden states of shape (…, width)."""
    if not splits(model):
        return states
    scores = model.lm_head(states) if hasattr(model, "lm_head") else model.model.embed_tokens.as_linear(states)
    return scores / model.logits_scaling if hasattr(model, "logits_scaling") else scores


def log_probability(scores: mx.array, tokens: mx.array) -> mx.array:
    """Return the log-probability of tokens of shape (…) under logits of shape (…, vocabulary), in nats."""
    scores = scores.astype(mx.float32)
    return mx.take_along_axis(scores, tokens[..., None], axis=-1)[..., 0] - log_sum_exp(scores)
