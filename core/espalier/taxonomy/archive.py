"""Tar archives from strangers: only plain files inside the archive's own folder, and never more than the limits."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from espalier.errors import EspalierError

MAX_MEMBERS = 50_000
MAX_BYTES = 200_000_000  # unpacked, headers included


# A damaged packing, and names that cannot stand beside each other.
_BROKEN = (gzip.BadGzipFile, FileExistsError, NotADirectoryError, IsADirectoryError)
_LONGEST = 200  # bytes of a name


class _Counted:
    """A stream that ends with an error when more comes out of it than the limit: a bomb is never unpacked."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name, self._left = stream, name, MAX_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise EspalierError(f"{self._name} unpacks to more than {MAX_BYTES // 1_000_000} MB. Import it in parts.")
        return data


def unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack a ``.tar`` or ``.tar.gz`` into an empty folder and return the links that were left out.

    Raises:
        EspalierError: it is no such archive, is too large, or a member is a device or leads out of the folder.
    """
    with archive.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = _Counted(gzip.GzipFile(fileobj=file) if is_packed else file, archive.name)  # type: ignore[arg-type]
        try:
            return _unpack(archive, stream, folder)
        except (tarfile.TarError, EOFError, zlib.error, ValueError, *_BROKEN) as error:
            raise EspalierError(f"{archive.name} is no tar archive that can be read. Make it again.") from error


def _unpack(archive: Path, stream: _Counted, folder: Path) -> list[str]:
    links = []
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
        for count, member in enumerate(tar):
            if count >= MAX_MEMBERS:
                raise EspalierError(f"{archive.name} holds more than {MAX_MEMBERS} files. Import it in parts.")
            target = folder / _place(archive, member)
            if member.issym() or member.islnk():
                links.append(member.name)
            elif member.isdir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                _write(tar, member, target)
    return links


def _place(archive: Path, member: tarfile.TarInfo) -> PurePosixPath:
    """Return the member's path when it is an ordinary one."""
    path = PurePosixPath(member.name)
    is_plain = member.isreg() or member.isdir() or member.issym() or member.islnk()
    is_short = all(len(part.encode()) <= _LONGEST for part in path.parts)
    if path.is_absolute() or ".." in path.parts or not is_plain or member.issparse() or not is_short:
        raise EspalierError(
            f"{archive.name} holds “{member.name[:80]}”, which no taxonomy has: a path that leads out "
            "or is too long, or no ordinary file. Nothing was imported."
        )
    return path


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    data = tar.extractfile(member)
    assert data is not None
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(data, file)


def pack(files: list[tuple[Path, str]], archive: Path) -> None:
    """Write files under their names into a ``.tar`` or ``.tar.gz``; the same files give the same bytes.

    Args:
        files: (where it is, its path in the archive).
        archive: where to write; it takes its place when it is whole.
    """
    temporary = archive.with_name(f".{archive.name}.new")
    with temporary.open("wb") as raw:
        is_packed = archive.suffix in (".gz", ".tgz")
        stream = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if is_packed else raw
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path, name in files:
                member = tarfile.TarInfo(name)
                member.size, member.mode = path.stat().st_size, 0o644
                with path.open("rb") as file:
                    tar.addfile(member, file)
        if is_packed:
            stream.close()
    temporary.replace(archive)
