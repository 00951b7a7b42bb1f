"""Where a person has allowed text to be sent: in the user's own settings, so that no project can allow it for them."""

from espalier.errors import EspalierError
from espalier.settings import change_settings, read_settings
from espalier.teachers.endpoint import Endpoint


def is_allowed(endpoint: Endpoint) -> bool:
    """Return whether text may be sent there; to this computer itself it always may."""
    if endpoint.stays_here:
        return True
    settings = read_settings()
    return settings.uses_remote and endpoint.origin in settings.allowed_endpoints


def allow(endpoint: Endpoint) -> None:
    """Let text be sent there from now on; endpoints outside this machine are switched on with it."""
    origins = {*read_settings().allowed_endpoints, endpoint.origin}
    change_settings(allowed_endpoints=tuple(sorted(origins)), uses_remote=True)


def forbid(endpoint: Endpoint) -> None:
    """Let nothing be sent there any more."""
    origins = read_settings().allowed_endpoints
    change_settings(allowed_endpoints=tuple(origin for origin in origins if origin != endpoint.origin))


def require_allowed(endpoint: Endpoint) -> None:
    """Refuse to go on without leave.

    Raises:
        EspalierError: the person has not allowed this address, or has switched remote models off.
    """
    if not is_allowed(endpoint):
        raise EspalierError(
            f"The model {endpoint.model} is at {endpoint.host}: the text of your documents and seed examples would "
            f"leave this Mac. Allow it once with `espalier models allow {endpoint.url}`, or choose a local model."
        )
