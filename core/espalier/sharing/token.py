"""The token of the Hub: in the system's keychain and nowhere else.

It is read in the process that talks to the Hub. It is in no request between processes, no file, no argument and no
message; what the Hub's own tools keep, and ``HF_TOKEN`` of the environment, are left alone.
"""

import re

import keyring
from keyring.errors import KeyringError, PasswordDeleteError

from espalier.errors import EspalierError
from espalier.sharing.private import redacted

SERVICE = "Espalier"
USER = "huggingface"
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',;]+")
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")


def redact(text: str) -> str:
    """Return a text for a log: no secrets, no folders of this machine, no queries of addresses, which may be signed."""
    return _QUERY.sub(r"\1", _BEARER.sub(r"\1…", redacted(text)))


class Token:
    """A secret that does not show when it is printed, and that is never pickled or copied into plain values."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the token itself, for the header of a request."""
        return self._value

    def hide(self, text: str) -> str:
        """Return a text without this token, any other secret, or a signed address in it."""
        return redact(text.replace(self._value, "…"))

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce__(self) -> str:
        raise TypeError


def find_token() -> Token | None:
    """Return the token that is in the keychain, None when there is none, or when the keychain is locked or missing."""
    try:
        kept = keyring.get_password(SERVICE, USER)
    except KeyringError:
        return None
    return Token(kept) if kept else None


def check_token(value: str) -> None:
    """Refuse what cannot be a token.

    Raises:
        EspalierError: it cannot.
    """
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise EspalierError("A token is one word of letters and digits that begins with hf_. Copy it again, whole.")


def store_token(value: str) -> None:
    """Keep a token in the keychain.

    Raises:
        EspalierError: it cannot be a token, or there is no keychain that takes it.
    """
    value = value.strip()
    check_token(value)
    try:
        keyring.set_password(SERVICE, USER, value)
    except KeyringError:
        raise EspalierError("The keychain did not take the token. Unlock the keychain and try again.") from None


def forget_token() -> None:
    """Take the token out of the keychain.

    Raises:
        EspalierError: the keychain cannot be changed.
    """
    try:
        keyring.delete_password(SERVICE, USER)
    except PasswordDeleteError:
        return  # there was none
    except KeyringError:
        raise EspalierError("The keychain did not let go of the token. Unlock the keychain and try again.") from None
