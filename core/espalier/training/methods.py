"""Which ways to train a student allows, from its files alone, and why not the others."""

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.models.shapes import packed_bits
from espalier.training.settings import METHODS


def refusal(method: str, bits: frozenset[int]) -> str:
    """Return why a method cannot train a student with packed weights of these bits, "" where it can.

    mlx-lm's DoRA unpacks 32 // bits weights from a word, which is right for 2, 4 and 8.
    """
    if method == "full" and bits:
        return f"All weights cannot be trained in a student of {min(bits)} bits. Choose LoRA, or the student in floats."
    if method == "dora" and (odd := sorted(bits & {3, 5, 6})):
        return f"DoRA cannot train a student with weights of {odd[0]} bits. Choose LoRA, or a student of 4 or 8 bits."
    return ""


def refusals(student: str) -> dict[str, str]:
    """Return the methods that a student refuses, each with the reason; {} when it is not on this machine."""
    try:
        bits = packed_bits(find_model(student))
    except (EspalierError, OSError, ValueError, AttributeError):
        return {}
    return {method: reason for method in METHODS if (reason := refusal(method, bits))}
