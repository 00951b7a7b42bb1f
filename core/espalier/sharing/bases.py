"""Which public model a student or teacher is, and under which licence: what a card must name."""

from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.models.starter import STARTER
from espalier.sharing.base import is_public_name, is_rounded, public_base
from espalier.sharing.licences import UNKNOWN, License, license_of, named_license
from espalier.teachers.endpoint import is_endpoint


@dataclass(frozen=True)
class Base:
    """One model as the public knows it.

    Attributes:
        id: ``owner/name`` on the Hub, of the float model where this one is made from another; "" where it is unknown.
        name: what to call it; never a path.
        license: what it is under.
        is_quantized: whether it was trained on, or asked, in fewer bits.
        is_remote: whether it answers behind an endpoint.
    """

    id: str
    name: str
    license: License = UNKNOWN
    is_quantized: bool = False
    is_remote: bool = False


def base_of(setting: str) -> Base:
    """Return the model of a role's setting: a name, a path, or an address of an endpoint with a model's name."""
    if is_endpoint(setting):
        return Base("", setting.partition("#")[2] or "a model", is_remote=True)
    starter = named_license("apache-2.0") if setting == STARTER else UNKNOWN
    try:
        folder = find_model(setting)
    except EspalierError:
        folder = Path(setting)
        known = public_base(folder, setting) or (setting if is_public_name(setting) else "")
        return Base(known, name_of(known, folder), starter, is_quantized=setting == STARTER)
    found, license = public_base(folder, setting), license_of(folder)
    return Base(found, name_of(found, folder), license if license.is_known else starter, _is_rounded(folder))


def _is_rounded(folder: Path) -> bool:
    try:
        return is_rounded(folder)
    except (OSError, ValueError, AttributeError):  # no configuration that can be read
        return False


def name_of(public: str, folder: Path) -> str:
    """Return what to call a model, by its public name or else by its folder."""
    cached = next((part for part in folder.parts if part.startswith("models--")), "")  # in the Hub's cache
    return public.rpartition("/")[2] or cached.rpartition("--")[2] or folder.name
