"""Make a folder that is either there completely or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from espalier.errors import EspalierError


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``destination`` when the block ends, flushed to disk.

    The work is done in a hidden sibling. An exception removes it; what a killed process left there is
    replaced at the next try.

    Raises:
        EspalierError: the destination exists, another process is making it, or the disk is full or read-only.
    """
    if os.path.lexists(destination):
        raise EspalierError(f"{destination} exists already. Choose another name, or delete it first.")
    work = destination.with_name(f".{destination.name}.unfinished")
    try:
        work.mkdir(parents=True, exist_ok=True)
        with _locked(work, destination):
            try:
                _empty(work)
                yield work
                _flush(work)
                work.rename(destination)
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
        _flush_entry(destination.parent)
    except OSError as error:
        raise EspalierError(
            f"{destination} could not be written ({error.strerror or error}). "
            "Make room or choose another place, and try again."
        ) from error


@contextmanager
def _locked(work: Path, destination: Path) -> Iterator[None]:
    descriptor = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # freed by the system when the process dies
        yield
    except BlockingIOError as error:
        raise EspalierError(f"Another Espalier is making {destination} now. Wait until it has finished.") from error
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _flush(folder: Path) -> None:
    for entry in folder.rglob("*"):
        _flush_entry(entry)
    _flush_entry(folder)


def _flush_entry(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
