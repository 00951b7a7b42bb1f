"""Where a person has allowed text to be sent: a file of the user's own, so that no project can allow it for them."""

import json
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.models.folder import home_folder
from espalier.teachers.endpoint import Endpoint


def settings_file() -> Path:
    """Return the file of the user's settings that hold for every project."""
    return home_folder() / "settings.json"


def is_allowed(endpoint: Endpoint) -> bool:
    """Return whether text may be sent there; to this computer itself it always may."""
    return endpoint.stays_here or endpoint.origin in _allowed(_read())


def allow(endpoint: Endpoint) -> None:
    """Let text be sent there from now on."""
    _change(endpoint, is_allowed=True)


def forbid(endpoint: Endpoint) -> None:
    """Let nothing be sent there any more."""
    _change(endpoint, is_allowed=False)


def require_allowed(endpoint: Endpoint) -> None:
    """Refuse to go on without leave.

    Raises:
        EspalierError: the person has not allowed this address.
    """
    if not is_allowed(endpoint):
        raise EspalierError(
            f"The model {endpoint.model} is at {endpoint.host}: the text of your documents and seed examples would "
            f"leave this Mac. Allow it once with `espalier models allow {endpoint.url}`, or choose a local model."
        )


def _change(endpoint: Endpoint, is_allowed: bool) -> None:
    settings = _read()
    origins = set(_allowed(settings)) - {endpoint.origin}
    if is_allowed:
        origins.add(endpoint.origin)
    write_json(settings_file(), {"version": 1, **settings, "allowed_endpoints": sorted(origins)})


def _allowed(settings: dict[str, object]) -> list[str]:
    found = settings.get("allowed_endpoints", [])
    return [str(origin) for origin in found] if isinstance(found, list) else []


def _read() -> dict[str, object]:
    try:
        settings = json.loads(settings_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EspalierError(f"{settings_file()} cannot be read. Mend or delete it.") from error
    return settings if isinstance(settings, dict) else {}
