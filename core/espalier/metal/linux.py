"""What only MLX's CPU build on Linux needs, so that development and CI are fast enough."""

import mlx.core as mx
from mlx_lm.models import llama

LOG2_E = 1.4426950408889634


@mx.custom_function  # type: ignore[untyped-decorator]
def fast_swiglu(gate: mx.array, x: mx.array) -> mx.array:
    """Return ``silu(gate) * x``; the sigmoid goes through a power of two.

    MLX's CPU build computes exp element by element: 5.5 ms for 288 x 1536 numbers, against 1.9 ms for the power
    (2026-11-21). It is a fifth of a training step of SmolLM2-135M.
    """
    return gate * x / (1 + mx.power(2.0, gate * -LOG2_E))


@fast_swiglu.vjp  # type: ignore[untyped-decorator]
def _gradient(inputs: tuple[mx.array, mx.array], cotangent: mx.array, _: mx.array) -> tuple[mx.array, mx.array]:
    gate, x = inputs
    sigmoid = 1 / (1 + mx.power(2.0, gate * -LOG2_E))
    silu = gate * sigmoid
    return cotangent * x * (sigmoid + silu * (1 - sigmoid)), cotangent * silu


def log_sum_exp(scores: mx.array) -> mx.array:
    """Return the logarithm of the sum of exponentials over the last axis.

    On the CPU through powers of two as well: cross-entropy with its gradient takes 0.16 s instead of 0.29 s, for 150
    rows of 49,152 logits.
    """
    if mx.metal.is_available():
        return mx.logsumexp(scores, axis=-1)
    top = mx.stop_gradient(mx.max(scores, axis=-1, keepdims=True))
    return mx.log(mx.sum(mx.power(2.0, (scores - top) * LOG2_E), axis=-1)) + top[..., 0]


def speed_up() -> None:
    """Give Llama models the faster activation; on the Mac nothing is changed."""
    if not mx.metal.is_available():
        llama.swiglu = fast_swiglu
