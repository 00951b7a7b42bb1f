"""Leaves and branches made, renamed, moved, copied and deleted, each in a way that can be undone.

Every change is a few renames of folders on one disk: what is new is made in the trash first, what is deleted
goes there. To undo a change is to rename back.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.taxonomy.names import checked_path
from espalier.taxonomy.walk import FOLDERS, LEAF_FILE, leaf_files, stays_inside

Rename = tuple[Path, Path]

TRASH_DAYS = 30  # so long can a person find in the trash what was deleted by mistake


@dataclass(frozen=True)
class Roots:
    """Where a taxonomy lives.

    Attributes:
        taxonomy: the folder of ``knowledge`` and ``compositional_skills``.
        trash: where deleted folders wait; on the same disk.
        companions: folders laid out as the taxonomy that follow its changes: a project's documents and imports.
    """

    taxonomy: Path
    trash: Path
    companions: tuple[Path, ...] = ()

    @classmethod
    def around(cls, taxonomy: Path) -> "Roots":
        """Return the roots of a taxonomy: those of the project that it is in, if it is in one."""
        project = taxonomy.parent
        if taxonomy.name == "taxonomy" and (project / "project.yaml").is_file():
            return cls(taxonomy, project / ".trash", (project / "documents", project / "imports"))
        return cls(taxonomy, taxonomy / ".trash")


@dataclass(frozen=True)
class Change:
    """What was done on disk, and all that is needed to undo it.

    Attributes:
        path: of the leaf or branch afterwards; empty when it is gone.
        renames: (from, to), in the order in which they were done.
        made: folders that were made on the way, outermost first.
    """

    path: str
    renames: tuple[Rename, ...]
    made: tuple[Path, ...] = ()


def create_branch(roots: Roots, path: str) -> Change:
    """Make an empty branch.

    Raises:
        EspalierError: the name is not allowed or taken; so for all that follow.
    """
    return _create(roots, path, None)


def create_leaf(roots: Roots, path: str, text: str) -> Change:
    """Make a leaf with this text as its ``qna.yaml``; a branch may become a leaf so."""
    target = roots.taxonomy / path / LEAF_FILE
    if not target.parent.is_dir():
        return _create(roots, path, text)
    _inside(roots, str(checked_path(path)))
    if os.path.lexists(target):
        raise EspalierError(f"There is a leaf at {path} already. Choose another name.")
    staged = staging(roots) / LEAF_FILE
    write_text(staged, text)
    return renamed(path, [(staged, target)])


def rename(roots: Roots, path: str, name: str) -> Change:
    """Give a leaf or branch another name."""
    return _moved(roots, path, f"{path.rpartition('/')[0]}/{name}")


def move(roots: Roots, path: str, parent: str) -> Change:
    """Put a leaf or branch into another branch of the same kind."""
    if parent.split("/")[0] != path.split("/")[0]:
        raise EspalierError("Knowledge and skills are written differently. Move this within its own branch.")
    return _moved(roots, path, f"{parent}/{path.rpartition('/')[2]}")


def move_across(roots: Roots, path: str) -> Change:
    """Put a leaf that stands in the wrong branch at the same place in the other one."""
    if len(leaf_files(_inside(roots, path))) > 1:
        raise EspalierError(f"There are other leaves below {path}. Move them one by one.")
    return _moved(roots, path, other_place(path))


def other_place(path: str) -> str:
    """Return the same path in the other branch of the taxonomy."""
    top, _, rest = path.partition("/")
    return f"{next(folder for folder in FOLDERS if folder != top)}/{rest}"


def duplicate(roots: Roots, path: str) -> Change:
    """Copy a leaf or branch beside itself, under its name with the next free number; links are not copied."""
    source = _inside(roots, path)
    number = 2
    while os.path.lexists(roots.taxonomy / f"{path}_{number}"):
        number += 1
    target = f"{path}_{number}"
    checked_path(target)
    renames = []
    for root, copied in [(roots.taxonomy, source), *((root, root / path) for root in roots.companions)]:
        if copied.is_dir():
            staged = staging(roots) / copied.name
            shutil.copytree(copied, staged, ignore=_links)
            renames.append((staged, root / target))
    return renamed(target, renames)


def delete(roots: Roots, path: str) -> Change:
    """Move a leaf or branch, with all that is below it, into the trash."""
    _inside(roots, path)
    trash = staging(roots)
    found = [root / path for root in (roots.taxonomy, *roots.companions) if (root / path).is_dir()]
    renames = [(folder, trash / str(number) / folder.name) for number, folder in enumerate(found)]
    return renamed("", renames)


def undo(change: Change) -> Change:
    """Take a change back and return what would do it again.

    Raises:
        EspalierError: what was changed has been moved or replaced since; nothing is done then.
    """
    done = renamed("", [(target, source) for source, target in reversed(change.renames)])
    for folder in reversed(change.made):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return Change("", done.renames, done.made)


def _create(roots: Roots, path: str, text: str | None) -> Change:
    place = checked_path(path)
    staged = staging(roots) / place.name
    staged.mkdir()
    if text is not None:
        write_text(staged / LEAF_FILE, text)
    target = roots.taxonomy / place
    _refuse_outside(roots, target)
    return renamed(path, [(staged, target)])


def _moved(roots: Roots, path: str, new: str) -> Change:
    _inside(roots, path)
    checked_path(new)
    if new == path:
        return Change(path, ())
    if new.startswith(f"{path}/"):
        raise EspalierError(f"{path} cannot be moved into itself. Choose another branch.")
    _refuse_outside(roots, roots.taxonomy / new)
    pairs = [(root / path, root / new) for root in (roots.taxonomy, *roots.companions)]
    return renamed(new, [pair for pair in pairs if pair[0].is_dir()])


def renamed(path: str, renames: Sequence[Rename]) -> Change:
    """Do all of these renames, in order, or none.

    Raises:
        EspalierError: something is missing, or in the way and not renamed before.
    """
    gone: set[Path] = set()
    for source, target in renames:
        if not os.path.lexists(source):
            raise EspalierError(f"{source} is not there any more. Look at the folder.")
        is_free = target in gone or not os.path.lexists(target)
        if not is_free and not os.path.samefile(source, target):  # the same: only its case changes
            raise EspalierError(f"There is something at {target} already. Choose another name.")
        gone.add(source)
    made = [folder for _, target in renames for folder in make_folders(target.parent)]
    done: list[Rename] = []
    try:
        for source, target in renames:
            source.rename(target)
            done.append((source, target))
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise
    return Change(path, tuple(renames), tuple(made))


def moved_path(path: str, moves: Mapping[str, str]) -> str:
    """Return where the path of a leaf or branch leads after folders were moved, given as new paths by the old ones."""
    for old, new in moves.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path[len(old) :]
    return path


def make_folders(folder: Path) -> Iterator[Path]:
    """Make a folder and those above it that are missing; yield each, outermost first."""
    missing = [folder] if not folder.exists() else []
    while missing and not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        each.mkdir()
        yield each


def staging(roots: Roots) -> Path:
    """Return a new folder in the trash."""
    roots.trash.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=roots.trash))


def empty_trash(roots: Roots, days: int = TRASH_DAYS) -> None:
    """Delete for good what has waited in the trash for longer than this; what cannot be deleted waits on."""
    end = time.time() - days * 86_400
    try:
        old = [folder for folder in roots.trash.iterdir() if folder.lstat().st_mtime < end]
    except OSError:  # there is no trash yet, or it may not be read
        return
    for folder in old:
        if not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def _inside(roots: Roots, path: str) -> Path:
    """Return the folder of a leaf or branch that exists."""
    folder = roots.taxonomy / path
    parts = path.split("/")
    if parts[0] not in FOLDERS or len(parts) < 2 or {"", ".", ".."} & set(parts) or not folder.is_dir():
        raise EspalierError(f"There is no leaf or branch {path}. Choose one that is in the taxonomy.")
    _refuse_outside(roots, folder)
    return folder


def _refuse_outside(roots: Roots, folder: Path) -> None:
    if folder.is_symlink() or not stays_inside(roots.taxonomy, folder):
        raise EspalierError(f"A link leads from {folder} out of the taxonomy. Replace it by a folder.")


def _links(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if os.path.islink(os.path.join(folder, name))]
