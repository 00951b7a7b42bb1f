"""Fetch a model from the Hub into the shared cache: only what is read here, every byte compared with its hash.

The Hub's own client begins anew after a kill and compares sizes only, so the files come by way of
``blobs/<hash>.app.part``, which the next try goes on with. They get their names in the cache when their hash is
right; then the client's library lays them out as it does its own.
"""

import fcntl
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO

from huggingface_hub import constants, hf_hub_url, snapshot_download
from huggingface_hub.file_download import http_get

from espalier.errors import EspalierError
from espalier.files import append_lines, write_text
from espalier.machine import free_space
from espalier.messages import Emit, Stage
from espalier.models.folder import verify_model
from espalier.models.hub_cache import PART, cache_folder, is_hub_id, journal, repo_folder
from espalier.models.meter import Meter
from espalier.sharing.hub import hub_api, patiently
from espalier.sharing.token import find_token
from espalier.sharing.trouble import telling

# What mlx-lm reads, without programs, and what a licence asks to be kept.
WANTED = (
    *("*.json", "model*.safetensors", "tokenizer.model", "*.tiktoken", "*.txt", "*.jsonl", "*.jinja"),
    *("LICENSE*", "NOTICE*", "README.md"),
)

_RESERVE = 500_000_000  # bytes of the disk that are left free
_PIECE = 1 << 18  # bytes between two looks at how far it is


@dataclass(frozen=True)
class Wanted:
    """One file of a model: ``hash`` names it in the cache, sha256 of a large file, Git's sha1 of another."""

    path: str
    size: int
    hash: str
    is_large: bool


@dataclass(frozen=True)
class Offer:
    """A model as the Hub has it now.

    Attributes:
        revision: the commit.
        files: that are wanted.
        gated: whether its owner wants a consent first.
        licence: of its card, "" where it names none.
    """

    id: str
    revision: str
    files: tuple[Wanted, ...]
    gated: bool
    licence: str

    @property
    def bytes(self) -> int:
        """Return the bytes of the wanted files."""
        return sum(file.size for file in self.files)

    @property
    def missing(self) -> int:
        """Return the bytes that are not in the cache yet."""
        return sum(file.size - _have(self.id, file) for file in self.files)


def look_up(name: str, revision: str = "") -> Offer:
    """Return what the Hub has under an id.

    Args:
        name: ``owner/model``.
        revision: a commit, branch or tag; "" for the newest.

    Raises:
        EspalierError: there is no such model, or the Hub cannot be asked.
    """
    if not is_hub_id(name):
        raise EspalierError(f"“{name}” is no model of the Hub: an id has an owner and a name, such as owner/model.")
    api = _api()
    with telling(name):
        info = patiently(lambda: api.model_info(name, revision=revision or None))
        tree = patiently(lambda: list(api.list_repo_tree(name, recursive=True, revision=info.sha)))
    card = info.card_data
    licence = str((card.get("license_name") or card.get("license") or "") if card else "") or _tagged(info.tags)
    files = [_wanted(entry) for entry in tree if hasattr(entry, "blob_id") and _is_wanted(entry.path)]
    return Offer(name, str(info.sha), tuple(sorted(files, key=lambda file: file.size)), bool(info.gated), licence)


def require_access(offer: Offer) -> None:
    """Check that the model's files may be fetched.

    Raises:
        EspalierError: it is gated and its terms were not accepted, or the token may not read it.
    """
    if offer.gated:
        api = _api()
        with telling(offer.id):
            patiently(lambda: api.auth_check(offer.id))


def read_config(offer: Offer) -> Mapping[str, Any] | None:
    """Return a model's configuration, which is small, before the rest is fetched; None where it cannot be read."""
    with telling(offer.id):
        content = patiently(lambda: _small(offer, "config.json"))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _small(offer: Offer, path: str) -> bytes:
    content = io.BytesIO()
    http_get(hf_hub_url(offer.id, path, revision=offer.revision), content, headers=_headers())
    return content.getvalue()


def require_model(offer: Offer) -> None:
    """Check that what the Hub has is a model that is read here.

    Raises:
        EspalierError: files are missing, or its weights are in another format.
    """
    names = {file.path for file in offer.files}
    if not {"config.json", "tokenizer.json"} <= names or not any(fnmatch(n, "model*.safetensors") for n in names):
        raise EspalierError(
            f"{offer.id} holds no model that Espalier reads: config.json, tokenizer.json and model.safetensors are "
            "needed. Choose one made for MLX."
        )


def fetch(offer: Offer, emit: Emit) -> Path:
    """Fetch a model and return its folder; what is there already is not fetched again.

    Args:
        offer: of `look_up`.
        emit: told the stage, and bytes done of all.

    Raises:
        EspalierError: no room, no access, no network, or a file that arrives damaged twice; what has arrived stays.
    """
    require_model(offer)
    require_access(offer)
    _require_room(offer)
    emit(Stage("download", f"Fetching {offer.id}"))
    meter = Meter(offer.bytes, offer.bytes - offer.missing, emit)
    meter.tell()
    blobs = repo_folder(offer.id) / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    for file in offer.files:
        if not _blob(offer.id, file).is_file():
            with telling(offer.id):
                _fetch_file(offer, file, meter)
            meter.tell()
    return _lay_out(offer)


def _fetch_file(offer: Offer, file: Wanted, meter: Meter) -> None:
    """Fetch a file to its place in the cache; a damaged one is fetched once more, from its beginning."""
    target = _blob(offer.id, file)
    part = _part(offer.id, file)
    for _ in range(2):
        with _alone(part, offer.id) as opened:
            patiently(lambda opened=opened: _receive(offer, file, opened, meter))  # type: ignore[misc]
            if _hash(part, file) == file.hash:
                part.replace(target)
                return
            opened.truncate(0)
            meter.take_back(file.size)
    part.unlink()
    raise EspalierError(f"{file.path} of {offer.id} arrived damaged twice, so it was deleted. Try again later.")


def _receive(offer: Offer, file: Wanted, part: BinaryIO, meter: Meter) -> None:
    """Append to a part what is missing of it."""
    constants.DOWNLOAD_CHUNK_SIZE = _PIECE
    have = part.seek(0, 2)
    if have > file.size:  # of another time, when the file was another
        meter.take_back(file.size)
        have = part.truncate(0)
    url = hf_hub_url(offer.id, file.path, revision=offer.revision)
    counted: Any = _Counted(part, meter)
    http_get(url, counted, resume_size=have, headers=_headers(), expected_size=file.size)


class _Counted:
    """A file that tells how much is written to it, and leaves nothing in memory that a kill would lose."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file, self._meter = file, meter
        self.tell, self.truncate = file.tell, file.truncate

    def write(self, piece: bytes) -> int:
        count = self._file.write(piece)
        self._file.flush()
        self._meter.add(len(piece))
        return count

    def seek(self, place: int) -> int:
        self._meter.take_back(self._file.tell() - place)
        return self._file.seek(place)


def _lay_out(offer: Offer) -> Path:
    """Make the links of a commit in the cache and note that this program fetched it."""
    api = _api()
    with telling(offer.id):
        place = snapshot_download(
            offer.id,
            revision=offer.revision,
            allow_patterns=[file.path for file in offer.files],
            cache_dir=cache_folder(),
            token=api.token,
            endpoint=api.endpoint,
            library_name="espalier",
        )
    folder = Path(place)
    verify_model(folder)
    main = repo_folder(offer.id) / "refs" / "main"
    if not main.exists():
        write_text(main, offer.revision)
    append_lines(journal(), [{"id": offer.id, "revision": offer.revision, "bytes": offer.bytes}])
    return folder


def _require_room(offer: Offer) -> None:
    need, free = offer.missing, free_space(cache_folder())
    if need + _RESERVE > free:
        raise EspalierError(
            f"Fetching {offer.id} needs {need / 1e9:.1f} GB and {free / 1e9:.1f} GB is free on the disk. "
            "Make room and try again."
        )


@contextmanager
def _alone(part: Path, name: str) -> Iterator[BinaryIO]:
    """Open a part for appending, for this process alone."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EspalierError(f"Another Espalier is fetching {name}. Wait until it is done, or stop it.") from error
        yield file


def _api() -> Any:
    return hub_api(find_token())


def _headers() -> dict[str, str]:
    token = find_token()
    return {"authorization": f"Bearer {token.reveal()}"} if token else {}


def _hash(path: Path, file: Wanted) -> str:
    with path.open("rb") as stream:
        if file.is_large:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        content = stream.read()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _blob(name: str, file: Wanted) -> Path:
    return repo_folder(name) / "blobs" / file.hash


def _part(name: str, file: Wanted) -> Path:
    return repo_folder(name) / "blobs" / f"{file.hash}{PART}"


def _have(name: str, file: Wanted) -> int:
    """Return the bytes of a file that are on the disk, in the cache or on their way there."""
    for path in (_blob(name, file), _part(name, file)):
        if path.is_file():
            return min(path.stat().st_size, file.size)
    return 0


def _wanted(entry: Any) -> Wanted:
    return Wanted(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else entry.blob_id, entry.lfs is not None)


def _is_wanted(path: str) -> bool:
    """Return whether a file is read here; what lies in folders belongs to other programs."""
    return "/" not in path and any(fnmatch(path, pattern) for pattern in WANTED)


def _tagged(tags: Any) -> str:
    return next((str(tag).removeprefix("license:") for tag in tags or () if str(tag).startswith("license:")), "")
