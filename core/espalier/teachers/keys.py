"""The keys of endpoints: in the system's keychain, or in an environment variable; never in a file of ours."""

import os
import re
from dataclasses import dataclass, field

import keyring
from keyring.errors import KeyringError, PasswordDeleteError

from espalier.errors import EspalierError
from espalier.teachers.endpoint import Endpoint

SERVICE = "Espalier"


@dataclass(frozen=True)
class Key:
    """A secret that does not show when it is printed."""

    value: str = field(repr=False)

    def hide(self, text: str) -> str:
        """Return a text without the key in it."""
        return text.replace(self.value, "[key]") if self.value else text


def variable(endpoint: Endpoint) -> str:
    """Return the environment variable that may hold an endpoint's key, such as ``ESPALIER_KEY_API_EXAMPLE_COM``.

    It names the host, so that a key can never be sent to another one.
    """
    return "ESPALIER_KEY_" + re.sub(r"[^A-Z0-9]+", "_", endpoint.host.upper()).strip("_")


def find_key(endpoint: Endpoint) -> Key | None:
    """Return an endpoint's key, None when it has none; the environment variable comes first."""
    if value := os.environ.get(variable(endpoint), "").strip():
        return Key(value)
    try:
        kept = keyring.get_password(SERVICE, endpoint.host)
    except KeyringError:
        return None  # no keychain, or it is locked: an endpoint without key may do, and one with says that it does not
    return Key(kept) if kept else None


def store_key(endpoint: Endpoint, value: str) -> None:
    """Keep an endpoint's key in the keychain.

    Raises:
        EspalierError: it cannot be a key, or there is no keychain that takes it.
    """
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise EspalierError("A key is one word of plain letters, digits and signs. Copy it again, whole.")
    try:
        keyring.set_password(SERVICE, endpoint.host, value)
    except KeyringError as error:
        raise EspalierError(
            f"The keychain did not take the key for {endpoint.host}. Unlock it and try again, or put the key into the "
            f"environment variable {variable(endpoint)}."
        ) from error


def forget_key(endpoint: Endpoint) -> None:
    """Take an endpoint's key out of the keychain.

    Raises:
        EspalierError: the keychain cannot be changed.
    """
    try:
        keyring.delete_password(SERVICE, endpoint.host)
    except PasswordDeleteError:
        return  # there was none
    except KeyringError as error:
        raise EspalierError(f"The keychain did not let go of the key for {endpoint.host}. Unlock it first.") from error
