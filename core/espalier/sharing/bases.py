"""Which public model a student or teacher is, and under which licence: what a card must name."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.models.starter import STARTER
from espalier.sharing.licences import UNKNOWN, License, license_of, named_license, read_front
from espalier.teachers.endpoint import is_endpoint

STARTER_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_IN_CACHE = re.compile(r"models--([\w.-]+?)--([\w.-]+)")


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
    if setting == STARTER:
        return Base(STARTER_ID, "SmolLM2-135M-Instruct", named_license("apache-2.0"), is_quantized=True)
    try:
        folder = find_model(setting)
    except EspalierError:
        known = setting if _ID.fullmatch(setting) else ""
        return Base(known, (known or Path(setting).name).rpartition("/")[2])
    front = read_front(folder / "README.md")
    own, is_quantized = _own_id(setting, folder), _is_quantized(folder)
    origin = front.get("base_model")
    if isinstance(origin, list):
        origin = origin[0] if len(origin) == 1 else ""
    is_copy = is_quantized or str(front.get("library_name")) == "mlx"
    found = origin if is_copy and isinstance(origin, str) and _ID.fullmatch(origin) else own
    return Base(found, (found or folder.name).rpartition("/")[2], license_of(folder), is_quantized)


def _own_id(setting: str, folder: Path) -> str:
    """Return the Hub's name of a model, from its place in the Hub's cache or from how the project names it."""
    for part in folder.parts[::-1]:
        found = _IN_CACHE.fullmatch(part)
        if found:
            return f"{found[1]}/{found[2]}"
    is_path = Path(setting).is_absolute() or setting.startswith((".", "~"))
    return setting if not is_path and _ID.fullmatch(setting) else ""


def _is_quantized(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and bool(config.get("quantization") or config.get("quantization_config"))
