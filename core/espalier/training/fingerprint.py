"""By which a person tells one adapter from another."""

import hashlib
from pathlib import Path


def fingerprint(folder: Path) -> str:
    """Return eight hexadecimal digits of what a person trained: the SHA-256 of the file, as ``shasum -a 256`` shows.

    "" where the folder holds no adapter.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return ""
    with files[0].open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]
