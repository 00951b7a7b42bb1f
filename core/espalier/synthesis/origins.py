"""What each leaf's samples were made from, so that it can be told why they are out of date."""

from collections.abc import Mapping
from pathlib import Path

from espalier.files import append_lines, read_lines
from espalier.project import Project

Parts = Mapping[str, str]  # a hash by what it is of: leaf, documents, pipeline, prompts, teacher, critic
_FILE = "origins.jsonl"


def note_origin(project: Project, leaf: str, parts: Parts) -> None:
    """Write down what the samples of a leaf are made from."""
    append_lines(_path(project), [{"leaf": leaf, "parts": dict(parts)}])


def read_origins(project: Project) -> dict[str, Parts]:
    """Return what each leaf's latest samples are made from, by the leaf's path."""
    return {line["leaf"]: line["parts"] for line in read_lines(_path(project))}


def changed_parts(before: Parts, now: Parts) -> tuple[str, ...]:
    """Return the names of what is another now, in the order of ``now``."""
    return tuple(name for name in (*now, *(before.keys() - now.keys())) if before.get(name) != now.get(name))


def _path(project: Project) -> Path:
    return project.root / _FILE
