"""Finds material that no student should be taught, by the patterns of ``resources/prohibited.yaml``."""

import re
from functools import cache

import yaml

from espalier.resources import resource


@cache
def _categories() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Return (category, reason, pattern) for each category of the list."""
    listed = yaml.safe_load(resource("prohibited.yaml").read_text(encoding="utf-8"))
    return tuple(
        (name, category["reason"], re.compile("|".join(category["patterns"]), re.IGNORECASE))
        for name, category in listed.items()
    )


def prohibited(text: str) -> tuple[str, str] | None:
    """Return (category, reason with the words found) of the first prohibited thing in a text."""
    for name, reason, pattern in _categories():
        if found := pattern.search(text):
            return name, f"{reason}: “{found[0]}”."
    return None
