"""Take models off the disk again: only those that this program fetched or imported, and what downloads left behind."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import append_lines
from espalier.models.found import found_models
from espalier.models.hub_cache import PART, cache_folder, fetched, journal, repo_folder

_STALE = 24 * 3600.0  # seconds after which nobody goes on with a part


def remove_model(name: str) -> int:
    """Delete a model and return the bytes that became free.

    Raises:
        EspalierError: there is no such model, or another program put it there.
    """
    found = next((model for model in found_models() if model.name == name), None)
    if found is None:
        raise EspalierError(f"There is no model named {name} on this machine.")
    if not found.can_remove:
        raise EspalierError(f"{name} was put on the disk by another program. Remove it there.")
    if found.source == "espalier":
        shutil.rmtree(found.place)
        return found.bytes
    return _remove_fetched(name)


def stale_parts(now: float | None = None) -> list[Path]:
    """Return the beginnings of files in the Hub cache that nobody has gone on with for a day."""
    before = (time.time() if now is None else now) - _STALE
    return [path for path in _parts() if path.stat().st_mtime < before]


def clean_up() -> int:
    """Delete the stale parts and return the bytes that became free."""
    freed = 0
    for path in stale_parts():
        freed += path.stat().st_size
        path.unlink(missing_ok=True)
    return freed


def _parts() -> Iterator[Path]:
    for pattern in (f"models--*/blobs/*{PART}", "models--*/blobs/*.incomplete"):
        yield from cache_folder().glob(pattern)


def _remove_fetched(name: str) -> int:
    """Delete the commits that we fetched, and of the blobs those that no other commit has."""
    folder, ours = repo_folder(name), {each.revision for each in fetched() if each.id == name}
    others = [path for path in (folder / "snapshots").glob("*") if path.name not in ours]
    kept = {file.resolve() for other in others for file in other.rglob("*")}
    freed = 0
    for revision in ours:
        for file in (folder / "snapshots" / revision).rglob("*"):
            blob = file.resolve()
            if file.is_file() and blob not in kept and blob.is_relative_to(folder.resolve()):
                freed += blob.stat().st_size
                blob.unlink()
        shutil.rmtree(folder / "snapshots" / revision, ignore_errors=True)
        (folder / "trees" / f"{revision}.json").unlink(missing_ok=True)
    main = folder / "refs" / "main"
    if main.is_file() and main.read_text(encoding="ascii", errors="replace").strip() in ours:
        main.unlink()
    if not others:
        shutil.rmtree(folder, ignore_errors=True)
    append_lines(journal(), [{"id": name, "revision": revision, "bytes": 0, "removed": True} for revision in ours])
    return freed
