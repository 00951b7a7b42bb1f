"""The leaf files of a taxonomy on disk; nothing outside its folder is ever named."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Folder = Literal["compositional_skills", "knowledge"]
FOLDERS: tuple[Folder, ...] = ("compositional_skills", "knowledge")
LEAF_FILE = "qna.yaml"


def leaf_files(root: Path) -> list[Path]:
    """Return every ``qna.yaml`` of a taxonomy or of a part of one, sorted by path.

    In a taxonomy only ``knowledge`` and ``compositional_skills`` count, as in InstructLab.
    """
    return sorted(path for path in _files(root) if path.name == LEAF_FILE and stays_inside(root, path))


def misnamed_files(root: Path) -> list[Path]:
    """Return the files that were meant as leaves and are not read: ``qna.yml``, ``QNA.yaml``."""
    meant = ("qna.yaml", "qna.yml")
    return sorted(path for path in _files(root) if path.name != LEAF_FILE and path.name.lower() in meant)


def outside_links(root: Path) -> list[Path]:
    """Return the leaf files that are links to somewhere outside the folder."""
    return sorted(path for path in _files(root) if path.name == LEAF_FILE and not stays_inside(root, path))


def stays_inside(root: Path, path: Path) -> bool:
    """Return whether the path, with every link followed, is below the root."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return False


def _files(root: Path) -> Iterator[Path]:
    tops = [root / folder for folder in FOLDERS if os.path.isdir(root / folder)] or [root]
    for top in tops:
        for folder, folders, files in os.walk(top):  # does not follow links to folders
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder, name) for name in files)
