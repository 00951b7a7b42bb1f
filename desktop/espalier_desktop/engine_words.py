"""What the engine says, in another language: its English sentences are recognised by their patterns.

The engine knows no window and speaks English. ``resources/translations/fr-engine.yaml`` maps each of its sentences,
with a name in braces for what it fills in, to its translation. What is filled in stays as it is, unless its name is
that of a section of the file: then it is looked up there, and must be found for the sentence to be the one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from espalier.resources import resource
from espalier_desktop.typography import unbroken

_SLOT = re.compile(r"\{(\w+)\}")
_KEPT = 5_000  # sentences: more than a window shows at a time


@dataclass(frozen=True)
class _Entry:
    """One sentence: what it looks like, the names of what it fills in, and how it is said."""

    pattern: re.Pattern[str]
    slots: tuple[str, ...]
    words: str


class EngineWords:
    """The engine's sentences in one language.

    Raises:
        FileNotFoundError: there is no file for the language.
    """

    def __init__(self, language: str) -> None:
        text = resource(f"translations/{language}-engine.yaml").read_text(encoding="utf-8")
        sections: Mapping[str, Mapping[str, str]] = yaml.load(text, yaml.CSafeLoader)
        self._sections = {name: _entries(section) for name, section in sections.items()}
        self.translate = lru_cache(_KEPT)(self._translate)

    def _translate(self, text: str) -> str | None:
        """Return a sentence of the engine, or the name of one of its checks; None when it is not known."""
        return self._said("sentences", text) or self._said("check", text)

    def _said(self, section: str, text: str) -> str | None:
        for entry in self._sections[section]:
            found = entry.pattern.fullmatch(text)
            filled = self._filled(entry, found) if found else None
            if filled is not None:
                return filled
        if text[:1].isupper() and section != "sentences":  # a part that begins the English sentence
            return self._said(section, text[0].lower() + text[1:])
        return None

    def _filled(self, entry: _Entry, found: re.Match[str]) -> str | None:
        values: dict[str, str] = {}
        for slot, value in zip(entry.slots, found.groups(), strict=True):
            section = "sentences" if slot == "sentence" else slot.rstrip("_")
            said = self._said(section, value) if value and section in self._sections else value
            if said is None:
                return None
            values[slot] = said
        return entry.words.format_map(values)


def _entries(section: Mapping[str, str]) -> tuple[_Entry, ...]:
    """Return the entries of a section, those with the most words of their own first."""
    entries = []
    for text, words in section.items():
        literals = _SLOT.split(text)
        pattern = "(.*?)".join(re.escape(part) for part in literals[::2])
        entries.append(
            (
                len("".join(literals[::2])),
                _Entry(re.compile(pattern, re.DOTALL), tuple(literals[1::2]), unbroken(words)),
            )
        )
    return tuple(entry for _, entry in sorted(entries, key=lambda each: -each[0]))
