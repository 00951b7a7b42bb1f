"""The folders in which models live, what each holds, and whether it is complete."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.models.hub_cache import fetched, is_hub_id, snapshots
from espalier.models.places import home_folder, models_folder
from espalier.teachers.endpoint import is_endpoint

__all__ = ["ModelInfo", "find_model", "home_folder", "list_models", "model_info", "models_folder", "verify_model"]

_LONGEST_HEADER = 100 << 20  # bytes, the limit of the safetensors format
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class ModelInfo:
    """One complete model on disk.

    Attributes:
        name: its path below the models folder, such as ``smollm2-135m-instruct`` or ``owner/name``.
        bytes: of all its files.
        architecture: ``model_type`` of its configuration, such as ``llama``.
        precision: ``4-bit`` and the like when it is quantized, else the data type, such as ``float32``.
    """

    name: str
    path: Path
    bytes: int
    architecture: str
    precision: str

    def line(self) -> str:
        """Return the model in one line."""
        return f"{self.name}  {self.architecture}, {self.precision}, {self.bytes / 1e6:.0f} MB  {self.path}"


def list_models() -> list[ModelInfo]:
    """Return the complete models that this program put on the disk, by name: its own, and those it got from the Hub."""
    cached = ((each, find_cached(each)) for each in {model.id for model in fetched()})
    got = [model_info(folder, name) for name, folder in cached if folder and is_complete(folder)]
    return sorted([*own_models(), *got], key=lambda model: model.name)


def own_models() -> list[ModelInfo]:
    """Return the complete models of the models folder, by name; half-downloaded ones are left out."""
    return sorted(_complete_models(models_folder()), key=lambda model: model.name)


def model_info(path: Path, name: str = "") -> ModelInfo:
    """Describe one model folder.

    Raises:
        EspalierError: the folder is not a complete model.
    """
    verify_model(path)
    config = _read_json(path / "config.json")
    quantization = config.get("quantization") or config.get("quantization_config")
    if isinstance(quantization, dict) and "bits" in quantization:
        precision = f"{quantization['bits']}-bit"
    else:
        precision = str(config.get("torch_dtype") or config.get("dtype") or "unknown")
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return ModelInfo(name or path.name, path, size, str(config.get("model_type", "unknown")), precision)


def find_model(name_or_path: str) -> Path:
    """Return the folder of a model, given its name in the models folder, its id in the Hub cache, or its path.

    Raises:
        EspalierError: there is no such model; the message names the command that gets it.
    """
    if is_endpoint(name_or_path):
        raise EspalierError(
            f"{name_or_path} is a model behind an endpoint: it can teach and judge, and nothing else. "
            "Choose a model that is on this machine."
        )
    path, inside = Path(name_or_path).expanduser(), models_folder() / name_or_path
    if name_or_path and not path.is_absolute() and ".." not in path.parts and (inside / "config.json").is_file():
        return inside
    if name_or_path and path.is_dir():
        return path.resolve()
    if cached := find_cached(name_or_path):
        return cached
    if path.is_file():
        raise EspalierError(
            f"{name_or_path} is a file, not a model folder. "
            f"`espalier models import {name_or_path} FOLDER` makes one of a GGUF file."
        )
    raise EspalierError(
        f"There is no model named {name_or_path}. `espalier models get {name_or_path}` fetches one by its "
        "name; `espalier models list` shows those on this machine."
    )


def find_cached(name: str) -> Path | None:
    """Return the folder of a model in the Hub cache: the first complete of `snapshots`, else the first, else None."""
    there = list(snapshots(name)) if is_hub_id(name) else []
    return next((path for path in there if is_complete(path)), there[0] if there else None)


def cached_commit(name: str) -> str:
    """Return the Hub's commit of the model that a name stands for, "" where it comes from elsewhere."""
    folder = None if (models_folder() / name / "config.json").is_file() else find_cached(name)
    return folder.name if folder else ""


def is_complete(path: Path) -> bool:
    """Return whether a folder holds a whole model."""
    try:
        verify_model(path)
    except (EspalierError, OSError):
        return False
    return True


def verify_model(path: Path) -> None:
    """Check that a model folder is complete, without loading it.

    Raises:
        EspalierError: the configuration, the tokenizer or a weight file is missing, damaged or cut off, or
            the weights are in another format than safetensors.
    """
    for name in ("config.json", "tokenizer.json"):
        if not (path / name).is_file():
            raise _incomplete(path, f"{name} is missing")
        _read_json(path / name)
    weights = sorted(path.glob("model*.safetensors"))
    if (path / _INDEX).is_file():
        _check_index(path)
    if not weights:
        raise _incomplete(path, "it has no model.safetensors; other formats of weights are not read")
    for file in weights:
        _check_length(path, file)


def _complete_models(root: Path) -> Iterator[ModelInfo]:
    for config in [*root.glob("*/config.json"), *root.glob("*/*/config.json")]:
        relative = config.parent.relative_to(root)
        if any(part.startswith(".") for part in relative.parts):
            continue
        try:
            yield model_info(config.parent, relative.as_posix())
        except EspalierError:
            continue  # half-downloaded: `find_model` and `verify_model` say so when it is asked for


def _check_index(path: Path) -> None:
    files = _read_json(path / _INDEX).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise _incomplete(path, f"{_INDEX} is damaged")
    for name in sorted({str(file) for file in files.values()}):
        if Path(name).name != name or not (path / name).is_file():
            raise _incomplete(path, f"{name} is missing")


def _check_length(path: Path, file: Path) -> None:
    """Compare a file's length with the end of its last tensor."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(size - 8, _LONGEST_HEADER):
            raise _incomplete(path, f"{file.name} is cut off")
        try:
            header = json.loads(stream.read(length))
            ends = [int(entry["data_offsets"][1]) for key, entry in header.items() if key != "__metadata__"]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise _incomplete(path, f"{file.name} is damaged") from error
    if not ends:
        raise _incomplete(path, f"{file.name} holds no weights")
    if size < 8 + length + max(ends):
        raise _incomplete(path, f"{file.name} is cut off")


def _read_json(file: Path) -> dict[str, object]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _incomplete(file.parent, f"{file.name} is damaged") from error
    if not isinstance(content, dict):
        raise _incomplete(file.parent, f"{file.name} is damaged")
    return content


def _incomplete(path: Path, reason: str) -> EspalierError:
    return EspalierError(f"The model in {path} is not complete: {reason}. Get the model again.")
