"""Licences by their SPDX identifiers (ISO/IEC 5962)."""

import re
from collections.abc import Mapping
from functools import cache

import yaml

from espalier.resources import resource

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*\+?")
_WORDS = frozenset({"AND", "OR", "WITH"})


@cache
def licenses() -> Mapping[str, str]:
    """Return the names of the licences that people use, by identifier."""
    found: dict[str, str] = yaml.safe_load(resource("licenses.yaml").read_text(encoding="utf-8"))
    return found


def is_license(text: str) -> bool:
    """Return whether a text looks like an SPDX identifier, or several joined by AND, OR or WITH.

    Beside the shipped ones any other that has a digit, a hyphen or only capitals is taken for one: SPDX has over six
    hundred, and ``LicenseRef-…`` is everyone's own.
    """
    words = text.replace("(", " ").replace(")", " ").split()
    names = words[::2]
    is_joined = all(word in _WORDS for word in words[1::2]) and len(words) % 2 == 1
    return is_joined and all(map(_is_identifier, names))


def _is_identifier(name: str) -> bool:
    is_shaped = bool(re.search(r"\d|-", name)) or (name.isupper() and len(name) > 1)
    return name in licenses() or (bool(_IDENTIFIER.fullmatch(name)) and is_shaped)
