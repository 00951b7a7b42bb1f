"""What Espalier keeps on this disk beside the projects, how large it is, and what of it can go."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.models.hub_cache import cache_folder
from espalier.models.places import home_folder, models_folder
from espalier.models.remove import stale_parts

_IN_USE = ("window.log", "crash.txt")  # this program writes them


@dataclass(frozen=True)
class Area:
    """One kind of files.

    Attributes:
        name: models, hub, leftovers, logs or caches.
        folder: that a person may want to look into.
        bytes: on the disk.
        can_go: whether `clear` removes it; nothing that a person made or chose can.
    """

    name: str
    folder: Path
    bytes: int
    can_go: bool


def areas(logs: Path) -> list[Area]:
    """Return what is kept, the largest kinds first.

    Args:
        logs: folder of the logs, which is elsewhere on the Mac.
    """
    models, hub = models_folder(), cache_folder()
    left, stale = sum(map(size_of, _unfinished())), sum(map(size_of, stale_parts()))
    return [
        Area("models", models, max(0, size_of(models) - left), False),
        Area("hub", hub, max(0, size_of(hub) - stale), False),
        Area("leftovers", models, left + stale, True),
        Area("caches", home_folder() / "cache", sum(map(size_of, _files("caches", logs))), True),
        Area("logs", logs, sum(map(size_of, _files("logs", logs))), True),
    ]


def clear(name: str, logs: Path) -> int:
    """Remove the files of an area that can go and return how many bytes that freed.

    Raises:
        OSError: a file cannot be removed; the others before it are gone.
    """
    freed = 0
    for path in list(_leftovers() if name == "leftovers" else _files(name, logs)):
        freed += size_of(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return freed


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; links count nothing, what is gone neither."""
    if path.is_symlink():
        return 0
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(size_of(Path(entry.path)) for entry in os.scandir(path))
    except OSError:
        return 0


def _files(name: str, logs: Path) -> Iterator[Path]:
    folders = [logs] if name == "logs" else [home_folder() / "cache", home_folder() / "measured"]
    for folder in folders:
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in _IN_USE)


def _leftovers() -> Iterator[Path]:
    yield from _unfinished()
    yield from stale_parts()


def _unfinished() -> Iterator[Path]:
    """Yield what stopped downloads and imports left in the models folder, unless somebody works there now."""
    folder = models_folder()
    if folder.is_dir():
        for path in sorted([*folder.glob(".*.unfinished"), *folder.glob("*/.*.unfinished")]):
            if path.is_dir() and _is_idle(path):
                yield path


def _is_idle(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
