"""Text on disk that two writers may hold open: what changed meanwhile is never overwritten."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.taxonomy.source import ReadingError, read_text


class ChangedOnDiskError(EspalierError):
    """Another program has written the file since it was opened."""


@dataclass(frozen=True)
class Opened:
    """A text as it was on disk.

    Attributes:
        text: with its own line ends.
        digest: of its bytes; `save` wants it back.
    """

    text: str
    digest: str


def load(path: Path) -> Opened:
    """Return a leaf's text, whatever is wrong with it as YAML.

    Raises:
        EspalierError: it cannot be read, is over 1 MB or not UTF-8.
    """
    try:
        text = read_text(path)
    except ReadingError as error:
        raise EspalierError(f"{path}: {error.message}") from error
    return Opened(text, digest(text))


def save(path: Path, text: str, expected: str | None) -> str:
    """Replace the file's text in one step and return its digest.

    Args:
        path: of the leaf.
        text: with the line ends that the file shall have.
        expected: the digest of what it replaces; None when there must be no file yet.

    Raises:
        ChangedOnDiskError: the file has other contents by now, or appeared or went; it is left as it is.
        EspalierError: the folder cannot be written.
    """
    try:
        now = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        now = None
    if now != expected:
        what = "was deleted" if now is None else "appeared" if expected is None else "was changed"
        raise ChangedOnDiskError(
            f"{path} {what} by another program. Look at what is there now, then make your change again."
        )
    write_text(path, text)
    return digest(text)


def digest(text: str) -> str:
    """Return the SHA-256 of the text as it is written to disk."""
    return hashlib.sha256(text.encode()).hexdigest()
