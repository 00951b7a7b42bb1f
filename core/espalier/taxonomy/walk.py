"""The leaf files of a taxonomy on disk; nothing outside its folder is ever opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Folder = Literal["compositional_skills", "knowledge"]
FOLDERS: tuple[Folder, ...] = ("compositional_skills", "knowledge")
LEAF_FILE = "qna.yaml"
_MEANT = ("qna.yaml", "qna.yml")  # in any case


@dataclass(frozen=True)
class Files:
    """The files of a taxonomy, each list sorted by path.

    Attributes:
        leaves: every ``qna.yaml`` that stands inside the folder.
        misnamed: files that were meant as leaves and are not read: ``qna.yml``, ``QNA.yaml``.
        outside: files of either name that are links to somewhere outside the folder.
    """

    leaves: list[Path]
    misnamed: list[Path]
    outside: list[Path]


def find_files(root: Path) -> Files:
    """Return the files of a taxonomy or of a part of one; folders whose name starts with a dot are passed over.

    In a taxonomy only ``knowledge`` and ``compositional_skills`` count, as in InstructLab.
    """
    found = Files([], [], [])
    for path, is_linked in _files(root):
        is_outside = is_linked and not stays_inside(root, path)
        (found.outside if is_outside else found.leaves if path.name == LEAF_FILE else found.misnamed).append(path)
    for paths in (found.leaves, found.misnamed, found.outside):
        paths.sort()
    return found


def leaf_files(root: Path) -> list[Path]:
    """Return every ``qna.yaml`` of a taxonomy or of a part of one, sorted by path."""
    return find_files(root).leaves


def stays_inside(root: Path, path: Path) -> bool:
    """Return whether the path, with every link followed, is below the root."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return False


@contextmanager
def entries_of(folder: str | Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Give what is in a folder; nothing when it may not be read."""
    try:
        entries = os.scandir(folder)
    except OSError:
        yield iter(())
        return
    with entries:
        yield entries


def _files(root: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the files that are leaves or meant as such, each with whether a link leads to it."""
    for top in [root / folder for folder in FOLDERS if os.path.isdir(root / folder)] or [root]:
        is_linked = top != root and top.is_symlink()
        folders = [str(top)]
        while folders:
            with entries_of(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            folders.append(entry.path)
                    elif entry.name.lower() in _MEANT:
                        yield Path(entry.path), is_linked or entry.is_symlink()
