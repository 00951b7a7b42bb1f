"""The ``attribution.txt`` beside a leaf: whose work its text is, and under which licence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from espalier.errors import EspalierError
from espalier.taxonomy.licenses import is_license
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.source import ReadingError, read_text, unix_lines

Lack = Literal["missing", "no address", "no identifier", "not accepted"]

ATTRIBUTION_FILE = "attribution.txt"
# What the public taxonomy accepts of others' work (its CONTRIBUTING.md).
LICENSES = ("CC0-1.0", "CDLA-Permissive-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "Apache-2.0", "MIT")
_LABELS = {  # the label we write, then others that people write
    "title": ("Title of work", "title", "title of the work"),
    "link": ("Link to work", "link", "link to the work", "url"),
    "revision": ("Revision", "revision link", "permalink"),
    "license": ("License of the work", "license", "license of work"),
    "creators": ("Creator names", "creators", "creator name", "author", "authors"),
}
_ADDRESS = re.compile(r"https?://[^\s/]+\.[^\s]+")
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z ]*?)\s*:\s*(.*?)\s*$")


@dataclass(frozen=True)
class Attribution:
    """One work that a leaf draws on.

    Attributes:
        title: of the work.
        link: where the work is.
        revision: a permanent link to the text as it was used.
        license: its SPDX name, or what the person wrote.
        creators: names of its authors.
        notes: every other line, such as copyright and what was changed.
    """

    title: str = ""
    link: str = ""
    revision: str = ""
    license: str = ""
    creators: str = ""
    notes: str = ""

    @property
    def is_accepted(self) -> bool:
        """Return whether the public taxonomy takes work under this licence."""
        words = re.split(r"[^\w.-]+", self.license.lower())
        return any(name.lower() in words for name in LICENSES)


def read_attributions(leaf_folder: Path) -> list[Attribution]:
    """Return the works named in a leaf's attribution; [] when there is none, it is a link or cannot be read."""
    try:
        return parse_attributions(attribution_text(leaf_folder) or "")
    except EspalierError:
        return []


def attribution_text(leaf_folder: Path) -> str | None:
    """Return what a leaf's ``attribution.txt`` says; None when there is none.

    Raises:
        EspalierError: it is a link or cannot be read as text.
    """
    file = leaf_folder / ATTRIBUTION_FILE
    if file.is_symlink():
        raise EspalierError(f"{file} is a link. Replace it by the file itself.")
    if not file.exists():
        return None
    try:
        return read_text(file)
    except ReadingError as error:
        raise EspalierError(f"{file} cannot be read as text: {error.message}") from error


def parse_attributions(text: str) -> list[Attribution]:
    """Return the works named in a text of lines such as ``Title of work: …``; each title begins a new one.

    Lines before the first title belong to the first work. A line that repeats one is kept among the notes.
    """
    works: list[dict[str, str]] = []
    for line in unix_lines(text).splitlines():
        if not line.strip():
            continue
        found = _LINE.match(line)
        field = _field(found[1]) if found else None
        if not works or (field == "title" and works[-1].keys() - {"notes"}):
            works.append({})
        if found and field and not works[-1].get(field):
            works[-1][field] = found[2]
        else:
            works[-1]["notes"] = "\n".join(filter(None, [works[-1].get("notes"), line.strip()]))
    return [Attribution(**work) for work in works]


def write_attributions(works: list[Attribution]) -> str:
    """Return the text of an ``attribution.txt`` in the layout that the public taxonomy asks for."""
    blocks = []
    for work in works:
        lines = [f"{labels[0]}: {getattr(work, field)}".rstrip() for field, labels in _LABELS.items()]
        blocks.append("\n".join([*lines, *filter(None, [work.notes])]) + "\n")
    return "\n".join(blocks)


def attribution_problems(work: Attribution) -> dict[str, Lack]:
    """Return what the public taxonomy would miss in a work, by field. None of it stops anything here.

    ``-`` says that there is none, as for a link to what was never published.
    """
    fields = ("title", "link", "revision", "license", "creators")
    problems: dict[str, Lack] = {field: "missing" for field in fields if not getattr(work, field).strip()}
    for field in ("link", "revision"):
        value = getattr(work, field).strip()
        if value not in ("", "-") and not _ADDRESS.fullmatch(value):
            problems[field] = "no address"
    if "license" not in problems and not is_license(work.license):
        problems["license"] = "no identifier"
    elif "license" not in problems and not work.is_accepted:
        problems["license"] = "not accepted"
    return problems


def attribution_hint(leaf: Path) -> Iterator[Problem]:
    """Yield a hint when a leaf has no attribution: the public taxonomy takes no leaf without one."""
    file = leaf.with_name(ATTRIBUTION_FILE)
    try:
        is_there = file.is_file() and file.stat().st_size > 0
    except OSError:
        is_there = False
    if not is_there:
        message = (
            f"The public taxonomy takes no leaf without its sources. Write them into {ATTRIBUTION_FILE} beside it: "
            "title, link, revision, licence and authors of each work, or your own name."
        )
        yield Problem(str(leaf), 1, 1, "hint", "no-attribution", message)


def _field(label: str) -> str | None:
    words = " ".join(label.lower().replace("licence", "license").split())
    return next((field for field, labels in _LABELS.items() if words in (labels[0].lower(), *labels[1:])), None)
