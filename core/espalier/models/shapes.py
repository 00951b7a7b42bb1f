"""The names and shapes of a model's weights, read from the headers of its files alone."""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError

_PACKED = (".scales", ".biases")
_LEAST_WIDTH = 16  # narrower matrices are kernels of convolutions, which are never packed


@dataclass(frozen=True)
class Part:
    """One weight of a model.

    Attributes:
        name: its path without ``.weight``, such as ``model.layers.0.mlp.up_proj``.
        shape: as plain numbers, the last being how many inputs it has.
    """

    name: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """Return how many numbers it holds."""
        return math.prod(self.shape)

    @property
    def is_matrix(self) -> bool:
        """Return whether it can be packed at all."""
        return len(self.shape) > 1 and self.shape[-1] >= _LEAST_WIDTH


def read_parts(folder: Path) -> list[Part]:
    """Return every weight of a model folder, packed ones with the shape that they stand for.

    Raises:
        EspalierError: the folder holds no weights that can be read.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
        found: dict[str, tuple[int, ...]] = {}
        for file in sorted(folder.glob("model*.safetensors")):
            found |= _shapes(file)
        packed = config.get("quantization") or config.get("quantization_config") or {}
        names = [name for name in found if not name.endswith(_PACKED)]
        parts = [Part(name.removesuffix(".weight"), _plain(name, found, packed)) for name in names]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise EspalierError(f"The weights of the model in {folder} cannot be read. Get the model again.") from error
    if not parts:
        raise EspalierError(f"The weights of the model in {folder} cannot be read. Get the model again.")
    return parts


def packed_bits(folder: Path) -> frozenset[int]:
    """Return the bits of the packed weights that a model folder's configuration names; empty for floats."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    found = config.get("quantization") or config.get("quantization_config") or {}
    bits = {part["bits"] for part in (found, *found.values()) if isinstance(part, dict) and "bits" in part}
    return frozenset(bits)


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    with file.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        header = json.loads(stream.read(min(length, file.stat().st_size)))
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def _plain(name: str, found: dict[str, tuple[int, ...]], packed: dict[str, Any]) -> tuple[int, ...]:
    """Return the shape of a weight before it was packed: as many inputs as its scales stand for."""
    path = name.removesuffix(".weight")
    scales = found.get(f"{path}.scales")
    if scales is None:
        return found[name]
    own = packed.get(path)
    group = (own if isinstance(own, dict) else packed)["group_size"]
    return (*found[name][:-1], scales[-1] * int(group))
