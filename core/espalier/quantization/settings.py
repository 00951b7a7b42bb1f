"""How a student is quantized: plain values, what each does, and what is wrong with them in sentences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from espalier.errors import EspalierError
from espalier.project import Project, write_settings
from espalier.values import needed, with_values

METHODS = ("mixed", "affine", "dwq", "mxfp4", "nvfp4")
BITS = (2, 3, 4, 5, 6, 8)  # that MLX packs; it knows 1 too, which no language model survives
GROUPS = (32, 64, 128)
FIXED = {"mxfp4": 32, "nvfp4": 16}  # groups of the float formats, which are 4 bits wide
# Bits of most parts and of the wide ones. Ours widens the same parts of every layer, those of mlx-lm some of some.
RECIPES = {"espalier": (4, 6), "mixed_2_6": (2, 6), "mixed_3_4": (3, 4), "mixed_3_6": (3, 6), "mixed_4_6": (4, 6)}


@dataclass(frozen=True)
class DwqSettings:
    """Distilled weight quantization: scales and biases are trained until the packed student answers like the float one.

    Attributes:
        updates: steps of Adam.
        rows: of the training data for each.
        learning_rate: of Adam, constant; mlx-lm takes 1e-6 for ten times as many updates.
        temperature: both distributions are flattened by it before they are compared (Hinton et al. 2015).
        seed: of the order of the rows.
    """

    updates: int = 60
    rows: int = 8
    learning_rate: float = 1e-5
    temperature: float = 2.0
    seed: int = 7


@dataclass(frozen=True)
class QuantizeSettings:
    """One way to make the student small.

    Attributes:
        method: mixed (a recipe of bits), affine (the same bits everywhere), dwq (affine, then distilled), mxfp4 or
            nvfp4 (floats of 4 bits).
        bits: of each weight, for affine and dwq.
        group: weights that share a scale and a bias, for mixed, affine and dwq.
        recipe: of the method mixed: which parts get more bits.
        embedding_bits: of the token table and the head; 0 for those that the method gives them.
        dwq: of the method dwq.
    """

    method: str = "mixed"
    bits: int = 4
    group: int = 32
    recipe: str = "espalier"
    embedding_bits: int = 8
    dwq: DwqSettings = field(default_factory=DwqSettings)

    @property
    def essential(self) -> "QuantizeSettings":
        """Return the settings with every value that the method does not read as it is when nobody changes it."""
        same = QuantizeSettings(self.method, embedding_bits=self.embedding_bits)
        if self.method == "mixed":
            return replace(same, recipe=self.recipe, group=self.group)
        if self.method in FIXED:
            return same
        return replace(same, bits=self.bits, group=self.group, dwq=self.dwq if self.method == "dwq" else same.dwq)

    @property
    def mode(self) -> str:
        """Return what MLX calls the number format."""
        return self.method if self.method in FIXED else "affine"

    @property
    def group_size(self) -> int:
        """Return how many weights share a scale."""
        return FIXED.get(self.method, self.group)

    @property
    def lowest_bits(self) -> int:
        """Return the bits of most weights."""
        if self.method in FIXED:
            return 4
        return RECIPES[self.recipe][0] if self.method == "mixed" else self.bits

    @property
    def name(self) -> str:
        """Return a short name, fit for a folder, that tells what a person would tell ways apart by."""
        if self.method in FIXED:
            return self.method
        if self.method == "mixed":
            return f"{self.recipe.replace('_', '-')}-g{self.group}"
        return f"{self.method}-{self.bits}bit-g{self.group}"


USUAL = QuantizeSettings()
EXPLAINED: Mapping[str, str] = {
    "method": "How numbers are stored: mixed gives more bits to the parts that matter most, affine the same to all, "
    "dwq lets the small student learn to answer like the large one, mxfp4 and nvfp4 are 4-bit floats.",
    "bits": "Bits of each weight, with affine and dwq: 2, 3, 4, 5, 6 or 8. Fewer is smaller and less exact.",
    "group": "Weights that share a scale: 32, 64 or 128. Smaller groups are more exact and take more room.",
    "recipe": "Which parts get more bits, with mixed: espalier, mixed_2_6, mixed_3_4, mixed_3_6 or mixed_4_6.",
    "embedding_bits": "Bits of the token table, which matters twice in small models; 0 for those of the rest.",
    "dwq.updates": "Steps in which the small student learns from the large one, with dwq.",
    "dwq.rows": "Samples that each of these steps learns from.",
    "dwq.learning_rate": "How far each of these steps goes.",
    "dwq.temperature": "How much the unlikely words count in it; 1 compares the answers as they are.",
    "dwq.seed": "Number from which the order of the samples comes.",
}


def defaults() -> dict[str, Any]:
    """Return every value by name, in the order of `EXPLAINED`, with what it is when nobody changes it."""
    return {name: flat_values(QuantizeSettings())[name] for name in EXPLAINED}


def flat_values(settings: QuantizeSettings) -> dict[str, Any]:
    """Return the values by name; those of ``dwq`` are named ``dwq.updates`` and so on."""
    known: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        inner = asdict(value) if is_dataclass(value) and not isinstance(value, type) else None
        known |= {f"{item.name}.{key}": part for key, part in inner.items()} if inner else {item.name: value}
    return known


def problems(settings: QuantizeSettings) -> list[str]:
    """Return what is wrong with the settings, each in one sentence that says what to do; [] when they can be used."""
    found = []
    dwq = settings.dwq
    if settings.method not in METHODS:
        found.append(f"There is no method “{settings.method}”. Choose one of {', '.join(METHODS)}.")
    if settings.recipe not in RECIPES:
        found.append(f"There is no recipe “{settings.recipe}”. Choose one of {', '.join(RECIPES)}.")
    if settings.bits not in BITS:
        found.append(f"Weights of {settings.bits} bits cannot be packed. Choose 2, 3, 4, 5, 6 or 8.")
    if settings.embedding_bits not in (0, *BITS):
        found.append(f"A token table of {settings.embedding_bits} bits cannot be packed. Choose 2, 3, 4, 5, 6, 8 or 0.")
    if settings.group not in GROUPS:
        found.append(f"Groups of {settings.group} weights cannot be packed. Choose 32, 64 or 128.")
    if settings.method == "dwq" and settings.bits == 8:
        found.append("With 8 bits there is nothing left to distil. Choose affine, or fewer bits.")
    if dwq.updates < 1 or dwq.rows < 1:
        found.append("The steps of dwq and their samples are counted from 1. Choose 1 or more.")
    if not 0 < dwq.learning_rate <= 0.1:
        found.append(f"The learning rate of dwq is {dwq.learning_rate:g}. Choose a number above 0, up to 0.1.")
    if not 0.1 <= dwq.temperature <= 100:
        found.append(f"The temperature of dwq is {dwq.temperature:g}. Choose a number from 0.1 to 100.")
    return found


def settings_of(values: Mapping[str, Any]) -> QuantizeSettings:
    """Return the settings that hold with some values given by name.

    Raises:
        EspalierError: they cannot be used; everything that is wrong is said at once.
    """
    settings = with_values(QuantizeSettings(), values)
    if found := problems(settings):
        raise EspalierError(" ".join(found))
    return settings


def quantize_settings(project: Project, values: Mapping[str, Any] | None = None) -> QuantizeSettings:
    """Return how the project's student is made small; ``values`` count before the project's.

    Raises:
        EspalierError: a value cannot be used.
    """
    return settings_of({**project.quantize, **(values or {})})


def change_quantize(project: Project, values: Mapping[str, Any]) -> Project:
    """Write changed values into ``project.yaml``; one that is what holds anyway is taken out.

    Raises:
        EspalierError: a value cannot be used; nothing is written then.
    """
    changed = replace(project, quantize=needed({**project.quantize, **values}, values, settings_of))
    if changed != project:
        write_settings(changed)
    return changed
