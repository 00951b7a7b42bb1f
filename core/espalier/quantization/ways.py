"""The ways to make a student small that a person chooses among, from the usual one to the smallest."""

from espalier.quantization.settings import FIXED, RECIPES, QuantizeSettings


def ways() -> list[QuantizeSettings]:
    """Return the ways in the order in which they are offered; every value can be changed in each."""
    even = [QuantizeSettings("affine", bits=bits) for bits in (8, 6, 5, 4, 3, 2)]
    mixed = [QuantizeSettings("mixed", recipe=recipe) for recipe in RECIPES if recipe != "espalier"]
    return [QuantizeSettings(), QuantizeSettings("dwq"), *even, *mixed, *(QuantizeSettings(method) for method in FIXED)]
