"""The address of a model behind an OpenAI-compatible endpoint, as one setting: ``URL#model``."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from espalier.errors import EspalierError

_FORM = "Write it as https://host/v1#model, such as http://127.0.0.1:8080/v1#qwen."
_PAGES = ("/chat/completions", "/completions", "/models")  # what people copy along with the address


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        url: of the API, without a slash at its end, such as ``http://127.0.0.1:8080/v1``.
        model: as the endpoint names it; "" while none is chosen.
        host: with its port where one is written, such as ``127.0.0.1:8080``; keys are kept under it.
        origin: scheme and host; what a person allows to be sent to.
    """

    url: str
    model: str
    host: str
    origin: str

    @property
    def setting(self) -> str:
        """Return what stands for it in a project's settings."""
        return f"{self.url}#{self.model}" if self.model else self.url

    @property
    def stays_here(self) -> bool:
        """Return whether nothing that is sent leaves this computer."""
        return _is_loopback(_name(self.url))

    @property
    def is_nearby(self) -> bool:
        """Return whether it is this computer or in the same network, by its address alone."""
        name = _name(self.url)
        if name.endswith(".local"):
            return True
        try:
            return ipaddress.ip_address(name).is_private
        except ValueError:
            return _is_loopback(name)

    @property
    def is_readable(self) -> bool:
        """Return whether others on the way can read what is sent: plain http beyond the own network."""
        return self.url.startswith("http:") and not self.is_nearby


def is_endpoint(setting: str) -> bool:
    """Return whether a model role's setting is an endpoint, rather than a model's name or folder."""
    return setting.lower().startswith(("http://", "https://"))


def parse_endpoint(setting: str) -> Endpoint:
    """Return the endpoint that a setting stands for; an address without a path gets ``/v1``.

    Raises:
        EspalierError: it is no address, or it holds a password or a key, which must not stand in a project.
    """
    address, _, model = setting.strip().partition("#")
    try:
        parts = urlsplit(address)
        name, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise EspalierError(f"The address of the endpoint cannot be read. {_FORM}") from error
    if "@" in parts.netloc or parts.query:
        raise EspalierError(
            "The address of an endpoint holds no password, key or question mark: it is saved in the project. "
            "Take them out, and give the key with `espalier models key URL`."
        )
    if parts.scheme.lower() not in ("http", "https") or not name or any(letter.isspace() for letter in address):
        raise EspalierError(f"“{address[:200]}” is no address of an endpoint. {_FORM}")
    host = f"[{name}]" if ":" in name else name
    host = f"{host}:{port}" if port else host
    origin = f"{parts.scheme.lower()}://{host}"
    path = parts.path.rstrip("/")
    path = next((path.removesuffix(page) for page in _PAGES if path.endswith(page)), path)
    return Endpoint(origin + (path or "/v1"), model.strip(), host, origin)


def _name(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
