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


def speed_up() -> None:
    """Give Llama models the faster activation; on the Mac nothing is changed."""
    if not mx.metal.is_available():
        llama.swiglu = fast_swiglu
