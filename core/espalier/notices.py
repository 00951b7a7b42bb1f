"""Whose work is inside: every package that the program is made of, with its licence and the text of it."""

import platform
import re
import sysconfig
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from espalier.resources import resource

_TEXT = re.compile(r"\.dist-info/(licenses/.*|[^/]*(licen[cs]e|copying|notice|authors)[^/]*)$", re.IGNORECASE)
_LONGEST_NAME = 80  # characters; some write the whole text where its name belongs
_NAME = re.compile(r"[\w.-]+")
_LGPL = ("LGPL-3.0", "GPL-3.0")  # the first is written as an addition to the second
_SHIPPED = {  # of packages that bring no text
    **dict.fromkeys(("espalier", "sentencepiece", "tokenizers"), ("Apache-2.0",)),
    **dict.fromkeys(("pyside6_essentials", "shiboken6"), _LGPL),
}


@dataclass(frozen=True)
class Notice:
    """One package.

    Attributes:
        licence: its name, such as MIT; "" where the package does not tell.
        text: of its licence and notices; "" where it brings none.
    """

    name: str
    version: str
    licence: str
    text: str


def notices() -> list[Notice]:
    """Return every package that Espalier asks for, directly or not, that is here; Espalier first, then Python.

    In an app where Espalier is no package itself, that is every package of the app.
    """
    found = {_key(each): each for each in _with_needs("espalier", set()) or distributions()}
    ours, others = found.pop("espalier", None), sorted(found.values(), key=lambda each: each.name.lower())
    return [*([_notice(ours)] if ours else []), _python(), *map(_notice, others)]


def _with_needs(name: str, seen: set[str]) -> list[Distribution]:
    try:
        here = distribution(name)
    except PackageNotFoundError:  # wanted only on another system, or with an extra that nobody asked for
        return []
    if _key(here) in seen:
        return []
    seen.add(_key(here))
    wanted = [_NAME.match(text) for text in here.requires or () if "extra ==" not in text]
    return [here, *(each for name in wanted if name for each in _with_needs(name[0], seen))]


def _key(package: Distribution) -> str:
    return re.sub(r"[-_.]+", "_", package.name).lower()


def _notice(package: Distribution) -> Notice:
    told = [text for field in ("License-Expression", "License") for text in package.metadata.get_all(field) or ()]
    kinds = [kind for kind in package.metadata.get_all("Classifier") or () if kind.startswith("License ::")]
    named = [text.strip() for text in told if len(text) <= _LONGEST_NAME] + [kind.split(" :: ")[-1] for kind in kinds]
    licence = next(filter(None, named), "")
    shipped = _SHIPPED.get(_key(package), ())
    texts = [resource(f"licences/{name}.txt").read_text(encoding="utf-8") for name in shipped]
    for file in package.files or ():
        place = Path(str(file.locate()))
        if _TEXT.search(str(file)) and place.is_file():
            texts.append(place.read_text(encoding="utf-8", errors="replace"))
    return Notice(package.name, package.version, licence, "\n\n".join(text.strip() for text in texts))


def _python() -> Notice:
    try:
        file = resource("licences/Python.txt")
    except FileNotFoundError:
        file = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return Notice("Python", platform.python_version(), "PSF-2.0", text.strip())
