"""Spaces that a line must not break at."""

import re

_FRENCH = re.compile(r"(?<=«) | (?=[;:?!»%])")


def unbroken(text: str) -> str:
    """Return a French text in which no line can begin with a mark that a space goes before, or end with ``«``."""
    return _FRENCH.sub("\N{NO-BREAK SPACE}", text)
