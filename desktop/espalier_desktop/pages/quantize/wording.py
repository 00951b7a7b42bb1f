"""How ways to make the student small are called and described."""

from espalier.quantization.settings import FIXED, RECIPES, QuantizeSettings
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import number


def way_title(way: QuantizeSettings) -> str:
    """Return a way in a few words."""
    if way.method in FIXED:
        return tr("{format} floats").format(format=way.method)
    if way.method == "mixed" and way.recipe == "espalier":
        return tr("4 and 6 bits")
    if way.method == "mixed":
        few, many = RECIPES[way.recipe]
        return tr("mlx-lm {few}–{many} bits").format(few=number(few), many=number(many))
    bits = tr("%n bit(s)", way.bits)
    return tr("{bits}, distilled").format(bits=bits) if way.method == "dwq" else bits


def way_about(way: QuantizeSettings) -> str:
    """Return what a way is good for, in a sentence or two."""
    if way.method == "mxfp4":
        return tr("Small floats that many machines compute with directly. On small students they lose much.")
    if way.method == "nvfp4":
        return tr("Small floats in groups of 16: a little larger than mxfp4, and more exact.")
    if way.method == "dwq":
        return tr(
            "The small student learns, from this run's samples, to answer like the large one. It takes longer, "
            "and the report says how much nearer it came."
        )
    if way.method == "mixed" and way.recipe == "espalier":
        return tr("Recommended: 4 bits, and 6 for the parts that matter most. Right for most students.")
    if way.method == "mixed":
        return tr("A recipe of mlx-lm: some parts of some layers keep more bits.")
    if way.bits == 8:
        return tr("Next to nothing is lost. Half the size of 16 bits.")
    if way.bits >= 5:
        return tr("Very close to the whole student, for a little more room.")
    if way.bits == 4:
        return tr("The same bits everywhere, as most shared models have it.")
    if way.bits == 3:
        return tr("Very small. Large students bear it; small ones lose facts.")
    return tr("As small as it gets. Few students still make sense.")
