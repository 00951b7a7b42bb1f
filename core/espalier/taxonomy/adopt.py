"""An existing taxonomy taken into a new place: a repository is cloned, a plain folder is copied."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from espalier.errors import EspalierError
from espalier.git import Report, check_address, clone, is_address
from espalier.git_errors import shown
from espalier.taxonomy.git import is_versioned, status
from espalier.taxonomy.schema import FOLDERS
from espalier.taxonomy.walk import stays_inside


def adopt(source: str, destination: Path, on_progress: Report | None = None) -> list[str]:
    """Make a copy of a taxonomy in a folder that does not exist yet, and return notes for the person.

    Args:
        source: the address of a Git repository, or the path of a repository or a plain folder.
        destination: of the copy; nothing is there when this fails.
        on_progress: is told how the clone goes; it may raise to cancel.

    Raises:
        EspalierError: there is nothing at the source, it is no taxonomy, or Git cannot fetch it.
    """
    folder = Path(source).expanduser()
    if not folder.exists() and is_address(source):
        check_address(source)
        clone(source, destination, on_progress)
        notes = []
    elif not folder.is_dir():
        raise EspalierError(f"There is no folder {shown(source)}. Give the path of a taxonomy or the address of one.")
    elif destination.resolve().is_relative_to(folder.resolve()):
        raise EspalierError(f"The project would be inside the taxonomy {folder}. Make it somewhere else.")
    elif _is_repository(folder):
        notes = _uncommitted(folder)
        clone(str(folder.resolve()), destination, on_progress)
    else:
        _refuse_other_folders(folder, source)
        notes = _copy(folder, destination)
    try:
        _refuse_other_folders(destination, source)
    except EspalierError:
        shutil.rmtree(destination)
        raise
    return notes


def _is_repository(folder: Path) -> bool:
    """Return whether the folder itself is a repository, with a work tree or bare."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _uncommitted(folder: Path) -> list[str]:
    changes = status(folder).changes if is_versioned(folder) else 0
    if not changes:
        return []
    files = "1 file that is" if changes == 1 else f"{changes} files that are"
    return [f"{folder} has {files} not committed; the project has the last commit. Commit and pull to get them."]


def _refuse_other_folders(folder: Path, source: str) -> None:
    if not any((folder / name).is_dir() for name in FOLDERS):
        raise EspalierError(
            f"{shown(source)} is not a taxonomy: it has neither a folder “knowledge” nor “compositional_skills”. "
            "Choose the folder that holds them."
        )


def _copy(source: Path, destination: Path) -> list[str]:
    """Copy the plain files; hidden folders stay behind, and so do links that lead out of the taxonomy."""
    notes = []
    new = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        for path in _files(source):
            name = path.relative_to(source)
            if not stays_inside(source, path):
                notes.append(f"{name} is a link that leads out of the taxonomy and was not copied.")
            elif path.is_file():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, new / name)
        for top in FOLDERS:
            if (source / top).is_dir():
                (new / top).mkdir(parents=True, exist_ok=True)
        new.rename(destination)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return notes


def _files(source: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(source):  # does not follow links to folders
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files))
        yield from (Path(folder, name) for name in folders if os.path.islink(Path(folder, name)))
