"""The models that Espalier suggests, for those who do not want to search."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import yaml

from espalier.resources import resource

Role = Literal["student", "teacher", "critic"]
ROLES: tuple[Role, ...] = ("student", "teacher", "critic")


@dataclass(frozen=True)
class Suggested:
    """One model of ``resources/catalogue.yaml``.

    Attributes:
        name: id on the Hub; of the starter model its own name.
        title: as people call it.
        parameters: in billions.
        bits: of its weights.
        bytes: of its files, rounded.
        licence: of its weights.
        roles: that it is good for.
        sentence: what to expect of it.
    """

    name: str
    title: str
    parameters: float
    bits: int
    bytes: int
    licence: str
    roles: tuple[Role, ...]
    sentence: str


@cache
def catalogue() -> tuple[Suggested, ...]:
    """Return the suggested models, small to large, the starter model first."""
    entries = yaml.safe_load(resource("catalogue.yaml").read_text(encoding="utf-8"))
    return tuple(Suggested(**{**entry, "roles": tuple(entry["roles"])}) for entry in entries)


def suggested(name: str) -> Suggested | None:
    """Return the entry of a model, None when it is not in the catalogue."""
    return next((entry for entry in catalogue() if entry.name == name), None)
