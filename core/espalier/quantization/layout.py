"""Which part of a student gets how many bits, and the room that they take; from names and shapes alone."""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from espalier.errors import EspalierError
from espalier.models.shapes import Part
from espalier.quantization.settings import FIXED, GROUPS, RECIPES, QuantizeSettings

# 6 bits instead of 4, as llama.cpp's Q4_K_M does for the first two: over four tuned students at most 8 points of
# held-out answers are lost, against 17 without o_proj and 21 with none (SmolLM2-135M, 2026-11-21).
SENSITIVE = ("v_proj", "down_proj", "o_proj")
_TABLES = ("embed_tokens", "lm_head", "wte", "embedding", "embeddings")
FLOAT_BYTES = 2 if sys.platform == "darwin" else 4  # of a scale or a float weight: see `save_quantized`


@dataclass(frozen=True)
class Packing:
    """How a part is packed, in MLX's words."""

    bits: int
    group_size: int
    mode: str

    def bytes(self, count: int, number: int = FLOAT_BYTES) -> int:
        """Return the room that so many weights take; the float formats have scales of one byte and no biases."""
        each = 1 if self.mode in FIXED else 2 * number
        return count * self.bits // 8 + count // self.group_size * each


def is_table(name: str) -> bool:
    """Return whether a part is the token table or the head."""
    return name.rpartition(".")[2] in _TABLES


def packing(settings: QuantizeSettings, part: Part, layers: int) -> Packing | None:
    """Return how a part is packed; None when it stays as it is, for no group fits its width.

    Args:
        settings: method and its values.
        part: the weight.
        layers: of the whole model.
    """
    table = is_table(part.name)
    if not part.is_matrix:
        return None
    if table and settings.embedding_bits:
        made = Packing(settings.embedding_bits, 32 if settings.mode in FIXED else settings.group, "affine")
    elif settings.method in FIXED:
        made = Packing(4, FIXED[settings.method], settings.mode)
    elif settings.method == "mixed":
        made = Packing(_recipe_bits(settings.recipe, part.name, layers), settings.group, "affine")
    else:
        made = Packing(settings.bits, settings.group, "affine")
    return made if part.shape[-1] % made.group_size == 0 else None


def _recipe_bits(recipe: str, name: str, layers: int) -> int:
    few, many = RECIPES[recipe]
    if recipe == "espalier":
        return many if name.endswith(SENSITIVE) else few
    is_named = re.search(r"v_proj|v_a_proj|v_b_proj|down_proj", name)
    return many if "lm_head" in name or (is_named and _is_wide(_layer(name), layers)) else few


def _layer(name: str) -> int:
    found = re.search(r"\.(\d+)\.", name)
    return int(found[1]) if found else 0


def _is_wide(layer: int, layers: int) -> bool:
    """Return whether mlx-lm's recipes give a layer more bits: the first and last eighth, and each third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def layer_count(parts: Iterable[Part]) -> int:
    """Return how many layers the parts belong to."""
    return 1 + max((_layer(f"{part.name}.") for part in parts if re.search(r"\.\d+\.", part.name)), default=-1)


def quantized_bytes(settings: QuantizeSettings, parts: Sequence[Part], number: int = FLOAT_BYTES) -> int:
    """Return the bytes that a model's weights take on disk and in memory.

    Args:
        settings: method and its values.
        parts: every weight of the model once.
        number: bytes of what stays a float, and of the scales.
    """
    layers, total = layer_count(parts), 0
    for part in parts:
        found = packing(settings, part, layers)
        total += found.bytes(part.count, number) if found else part.count * number
    return total


def check_fit(settings: QuantizeSettings, parts: Sequence[Part]) -> str:
    """Return a sentence about parts that stay floats because no group fits them, "" when there are none.

    Raises:
        EspalierError: another group or method would pack more of this model, or none of it can be packed.
    """
    left = _unfit(parts, settings.group_size)
    if not left:
        return ""
    matrices = [part for part in parts if part.is_matrix]
    fewest = min(len(_unfit(parts, group)) for group in GROUPS)
    widths = ", ".join(str(width) for width in sorted({part.shape[-1] for part in left}))
    if len(left) > fewest:
        fitting = [str(group) for group in GROUPS if len(_unfit(parts, group)) == fewest]
        if settings.method in FIXED:
            raise EspalierError(
                f"{settings.method} packs groups of {settings.group_size} weights, and {len(left)} parts of this "
                f"student are {widths} wide. Choose affine or mixed."
            )
        raise EspalierError(
            f"Groups of {settings.group_size} weights do not fit this student: {len(left)} of its parts are {widths} "
            f"wide. Groups that fit: {', '.join(fitting)}."
        )
    if len(left) == len(matrices):
        raise EspalierError(
            f"No group of weights fits this student: its parts are {widths} wide. It can only be used as it is, with "
            "its adapter."
        )
    return f"Parts that stay as they are, for no group of weights fits their width of {widths}: {len(left)}."


def _unfit(parts: Sequence[Part], group: int) -> list[Part]:
    return [part for part in parts if part.is_matrix and part.shape[-1] % group]
