"""The models that are on this machine already, whichever program fetched them."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from espalier.errors import EspalierError
from espalier.models.folder import find_cached, is_complete, model_info, own_models
from espalier.models.gguf_header import read_header
from espalier.models.gguf_llama import read_shape
from espalier.models.hub_cache import cached_ids, fetched, repo_folder

Source = Literal["espalier", "hub", "lmstudio", "ollama"]

_OLLAMA_MODEL = "application/vnd.ollama.image.model"


@dataclass(frozen=True)
class Found:
    """One model on disk.

    Attributes:
        name: what a project calls it: a name, an id of the Hub, or a path; of a GGUF file what it would be called.
        place: its folder or file.
        source: whose folder it is in.
        bytes: of its files.
        what: architecture and precision in a few words.
        usable: whether it can be chosen as it is.
        importable: whether it is a GGUF file that can be imported.
        can_remove: whether this program may delete it: what it fetched or imported itself.
        problem: why it can neither be chosen nor imported, "" where it can.
    """

    name: str
    place: Path
    source: Source
    bytes: int
    what: str
    usable: bool = True
    importable: bool = False
    can_remove: bool = False
    problem: str = ""


def found_models() -> list[Found]:
    """Return every model that is found: our own, then the Hub cache's, LM Studio's and Ollama's, each by name."""
    groups = (_own(), _hub(), _lmstudio(), _ollama())
    return [model for group in groups for model in sorted(group, key=lambda model: model.name.casefold())]


def _own() -> Iterator[Found]:
    for info in own_models():
        what = f"{info.architecture}, {info.precision}"
        yield Found(info.name, info.path, "espalier", info.bytes, what, can_remove=True)


def _hub() -> Iterator[Found]:
    ours = {each.id for each in fetched()}
    for name in cached_ids():
        folder = find_cached(name)
        if folder is None or not (folder / "config.json").is_file():
            continue  # something else than a model
        if is_complete(folder):
            info = model_info(folder, name)
            what = f"{info.architecture}, {info.precision}"
            yield Found(name, folder, "hub", info.bytes, what, can_remove=name in ours)
        else:
            problem = "It is not complete. Get it, and what is there already is used."
            size = sum(file.stat().st_size for file in (repo_folder(name) / "blobs").glob("*") if file.is_file())
            yield Found(name, folder, "hub", size, "", usable=False, problem=problem)


def _lmstudio() -> Iterator[Found]:
    seen = set[Path]()
    for root in (Path.home() / ".lmstudio" / "models", Path.home() / ".cache" / "lm-studio" / "models"):
        for folder in sorted(root.glob("*/*")):
            if not folder.is_dir() or folder.resolve() in seen:
                continue
            seen.add(folder.resolve())
            if is_complete(folder):
                info = model_info(folder)
                yield Found(str(folder), folder, "lmstudio", info.bytes, f"{info.architecture}, {info.precision}")
            for file in sorted(folder.glob("*.gguf")):
                if "mmproj" not in file.name:  # the eyes of a model that sees
                    yield _gguf(file.stem, file, "lmstudio")


def _ollama() -> Iterator[Found]:
    root = Path(os.environ.get("OLLAMA_MODELS") or Path.home() / ".ollama" / "models")
    for manifest in root.glob("manifests/*/*/*/*"):
        with suppress(OSError, ValueError, LookupError, TypeError):
            layers = json.loads(manifest.read_bytes())["layers"]
            digest = next(layer["digest"] for layer in layers if layer["mediaType"] == _OLLAMA_MODEL)
            blob = root / "blobs" / str(digest).replace(":", "-")
            if blob.is_file() and blob.parent == root / "blobs":
                owner = manifest.parts[-3]
                name = f"{manifest.parts[-2]}-{manifest.name}"
                yield _gguf(name if owner == "library" else f"{owner}-{name}", blob, "ollama")


def _gguf(name: str, file: Path, source: Source) -> Found:
    size = file.stat().st_size
    try:
        header = read_header(file)
        read_shape(header)
    except (EspalierError, OSError) as error:
        return Found(name, file, source, size, "GGUF", usable=False, problem=str(error).replace(file.name, name))
    kinds = [tensor.kind for tensor in header.tensors.values()]
    what = f"GGUF, {max(set(kinds), key=kinds.count)}" if kinds else "GGUF"
    return Found(name, file, source, size, what, usable=False, importable=True)
