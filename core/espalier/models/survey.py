"""What the window is told of models: those on this machine, suggested ones, the Hub's, and what becomes of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier.machine import Machine, this_machine
from espalier.messages import Emit
from espalier.models.catalogue import ROLES, Suggested, catalogue, suggested
from espalier.models.fit import fit
from espalier.models.found import Found, found_models
from espalier.models.hub_cache import cache_folder
from espalier.models.places import models_folder
from espalier.models.remove import clean_up, remove_model, stale_parts
from espalier.models.starter import STARTER


def models_survey(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return what is on this machine, what is suggested, and how it fits.

    Returns:
        ``models``: each found model with ``name``, ``folder``, ``source``, ``bytes``, ``what``, ``usable``,
        ``importable``, ``can_remove``, ``problem`` and its ``fit`` by role; ``catalogue``: each suggested one with
        ``fit`` by role and ``is_here``; ``bytes`` of all found ones; ``free`` bytes of the disk; ``left_over`` bytes
        of downloads that nobody went on with.
    """
    machine, found = here(), found_models()
    names = {model.name for model in found if model.usable}
    return {
        "models": [_found(model, machine) for model in found],
        "catalogue": [_suggested(entry, machine, entry.name in names) for entry in catalogue()],
        "bytes": sum(model.bytes for model in found),
        "free": machine.disk_free,
        "left_over": sum(path.stat().st_size for path in stale_parts()),
        "folder": str(models_folder()),
        "cache": str(cache_folder()),
    }


def model_search(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return as ``models`` what the Hub has for ``query``, each with its ``fit`` by role by a rule of thumb."""
    from espalier.models.hub_search import search

    machine = here()
    names = {model.name for model in found_models() if model.usable}
    return {
        "models": [
            {
                **asdict(hit),
                "is_here": hit.id in names,
                "fit": fits(machine, hit.bytes, None, 0 if hit.id in names else hit.bytes) if hit.bytes else {},
            }
            for hit in search(str(arguments.get("query", "")))
        ]
    }


def model_check(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return what fetching ``id`` would bring: size, licence, terms, room, and how it fits by its configuration.

    ``access`` is a sentence that says why it cannot be fetched, "" where it can.
    """
    from espalier.errors import EspalierError
    from espalier.models.download import look_up, read_config, require_access, require_model

    offer, access = look_up(str(arguments["id"]), str(arguments.get("revision") or "")), ""
    require_model(offer)
    config: Mapping[str, Any] | None = None
    try:
        require_access(offer)
        config = read_config(offer)
    except EspalierError as error:
        access = str(error)
    told = {"id": offer.id, "revision": offer.revision, "bytes": offer.bytes, "missing": offer.missing}
    return {
        **told,
        "gated": offer.gated,
        "licence": offer.licence,
        "access": access,
        "fit": fits(here(), offer.bytes, config, offer.missing),
    }


def model_get(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Fetch the model ``id``, at ``revision`` where that is given; return its ``folder`` and ``revision``."""
    from espalier.models.download import fetch, look_up

    offer = look_up(str(arguments["id"]), str(arguments.get("revision") or ""))
    return {"model": str(fetch(offer, emit)), "name": offer.id, "revision": offer.revision}


def model_remove(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Delete the model ``name``; return the bytes that became free as ``freed``."""
    return {"freed": remove_model(str(arguments["name"]))}


def models_clean(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Delete what stopped downloads left behind; return the bytes that became free as ``freed``."""
    return {"freed": clean_up()}


def here() -> Machine:
    """Return this machine, with the room that there is for models."""
    return this_machine(cache_folder())


def fits(machine: Machine, weights: int, config: Mapping[str, Any] | None, to_fetch: int = 0) -> dict[str, Any]:
    """Return how a model fits in each role."""
    return {role: asdict(fit(machine, role, weights, config, to_fetch)) for role in ROLES}


def _found(model: Found, machine: Machine) -> dict[str, Any]:
    config = _config(model.place) if model.usable else None
    entry = suggested(model.name)
    title = entry.title if entry else ""
    told = {**asdict(model), "place": str(model.place), "folder": str(model.place), "title": title}
    return {**told, "fit": fits(machine, model.bytes, config)}


def _suggested(entry: Suggested, machine: Machine, is_here: bool) -> dict[str, Any]:
    to_fetch = 0 if is_here or entry.name == STARTER else entry.bytes
    return {**asdict(entry), "is_here": is_here, "fit": fits(machine, entry.bytes, None, to_fetch)}


def _config(folder: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
