"""What it costs to make a student small: figures from measurements, and the sentence that they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from espalier.quantization.settings import FIXED, QuantizeSettings

Level = Literal["none", "little", "much"]

# Mean KL in nats per token of an answer, and share of tokens whose likeliest token is another, from which answers
# change now and then, and from which they break. Measured on a tuned SmolLM2-135M with 35 of 40 right, 2026-11-21, on
# its own subject and on general text: 8 bits 0.001 0.4 %, 0.002 2 %; ours 0.05 3 %, 0.2 16 % (33 right); 4 bits 0.18
# 8 %, 0.64 26 %; mxfp4 0.32 14 %, 1.06 41 % (14 right); 3 bits 0.7 24 %, 1.8 48 % (11 right); 2 bits 9 97 %, 10 98 %.
LITTLE_KL, MUCH_KL = 0.08, 0.25
LITTLE_OTHER, MUCH_OTHER = 0.06, 0.12
ELSEWHERE = 3  # times as much is borne on general text, which training never touched
LITTLE_LOST, MUCH_LOST = 0.05, 0.2  # share of the questions, more than one of them


@dataclass(frozen=True)
class Divergence:
    """How far the answers of one model are from those of another, over the tokens of given answers.

    Attributes:
        kl: mean of KL(p, q) = sum of p (log p - log q) over the vocabulary, in nats per token, p being the student
            with its adapter (Kullback and Leibler 1951, equation 2.4).
        same: share of tokens at which both find the same token likeliest.
        tokens: that were compared.
    """

    kl: float
    same: float
    tokens: int


@dataclass(frozen=True)
class Compared:
    """What was found when a student, merged and quantized, was held beside itself with its adapter.

    Attributes:
        divergence: by form (fused, quantized) and by kind of text.
        memory: bytes of the weights by form (adapter, fused, quantized); packed ones as MLX holds them packed.
        tokens_per_second: that one answer is written with, by form (adapter, quantized), as this machine runs it.
    """

    divergence: Mapping[str, Mapping[str, Divergence]]
    memory: Mapping[str, int]
    tokens_per_second: Mapping[str, float]


def level(found: Sequence[Divergence], right: Mapping[str, int]) -> Level:
    """Return how much is lost.

    Args:
        found: on each kind of text, the project's own first.
        right: number of ``questions``, and of those answered right with the ``adapter`` and ``quantized``.
    """
    asked = right.get("questions", 0)
    lost = right.get("adapter", 0) - right.get("quantized", 0)
    for name, kl, other, share in (
        ("much", MUCH_KL, MUCH_OTHER, MUCH_LOST),
        ("little", LITTLE_KL, LITTLE_OTHER, LITTLE_LOST),
    ):
        if asked and lost > 1 and lost >= share * asked:
            return name  # type: ignore[return-value]
        for place, each in enumerate(found):
            most = ELSEWHERE if place else 1
            if each.tokens and (each.kl >= kl * most or 1 - each.same >= other * most):
                return name  # type: ignore[return-value]
    return "none"


def verdict(settings: QuantizeSettings, cost: Mapping[str, Any]) -> str:
    """Return what a model cost in one sentence.

    Args:
        settings: how it was made.
        cost: its ``level``, ``right``, ``project`` and ``bytes``, as the record holds them.
    """
    right, sizes = cost["right"], cost["bytes"]
    asked, before, after = (right.get(name, 0) for name in ("questions", "adapter", "quantized"))
    if not asked:
        facts = "no held-out questions yet"
    elif before == after:
        facts = f"{after} of {asked} right as before"
    else:
        facts = f"{after} of {asked} right, {before} before"
    if cost.get("project", {}).get("tokens"):
        facts = f"{facts}, KL {cost['project']['kl']:.2g}"
    small, large = size(sizes["quantized"]), size(sizes["adapter"])
    what = title(settings)
    if cost["level"] == "none":
        return f"{what} cost nothing you would notice: {facts}; {small} instead of {large}."
    if cost["level"] == "little":
        return f"{what} cost a little: {facts}; {small} instead of {large}."
    return f"{what} break it: {facts}. {better(settings)}"


def title(settings: QuantizeSettings) -> str:
    """Return a way in a few words, such as “4 bits, distilled”."""
    bits = settings.lowest_bits
    if settings.method in FIXED:
        return f"4-bit floats ({settings.method})"
    if settings.method == "dwq":
        return f"{bits} bits, distilled,"
    if settings.method == "mixed" and settings.recipe == "espalier":
        return "4 and 6 bits"
    if settings.method == "mixed":
        return f"Mixed bits ({settings.recipe})"
    return f"{bits} bits"


def better(settings: QuantizeSettings) -> str:
    """Return what to choose instead of a way that breaks the student."""
    bits = settings.lowest_bits
    if settings.method == "affine" and bits < 4:
        return "Choose mixed, which gives 4 bits and more."
    if settings.method in ("dwq", "mixed") and bits < 4:
        return "Choose 4 bits or more."
    if bits < 8 and settings.method in ("affine", "dwq"):
        return f"Choose {6 if bits < 6 else 8} bits."
    return "Choose affine with 6 or 8 bits." if bits < 8 else "Keep the adapter instead."


def size(count: int) -> str:
    """Return bytes as a person says them, such as “78 MB”."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count} bytes"
