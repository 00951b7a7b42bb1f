"""The quantized blocks of GGUF as arrays: plain weights, or packed the way MLX packs its affine quantization.

A block is 32 weights of a row: a float16 scale, for Q4_1 a float16 offset, then the levels. Elements ``i``
and ``i + 16`` share a byte in the 4-bit kinds. MLX packs neighbours instead, with a scale and a bias each 32.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.models.gguf_header import Tensor

GROUP = 32
_FLOATS: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_BLOCKS = {
    "Q4_0": np.dtype([("scale", "<f2"), ("levels", "u1", (16,))]),
    "Q4_1": np.dtype([("scale", "<f2"), ("bias", "<f2"), ("levels", "u1", (16,))]),
    "Q8_0": np.dtype([("scale", "<f2"), ("levels", "u1", (32,))]),
}
_CENTRE = {"Q4_0": 8, "Q8_0": 128}  # the level that stands for zero


@dataclass(frozen=True)
class Packed:
    """A matrix of whole-number levels; weight = level * scale + bias.

    Attributes:
        bits: of one level, 4 or 8.
        levels: (rows, columns), uint8.
        scales: (rows, columns / 32), float32.
        biases: like ``scales``.
    """

    bits: int
    levels: NDArray[np.uint8]
    scales: NDArray[np.float32]
    biases: NDArray[np.float32]

    def plain(self) -> NDArray[np.float32]:
        """Return the weights, (rows, columns)."""
        grouped = self.levels.reshape(*self.scales.shape, GROUP).astype(np.float32)
        grouped *= self.scales[..., None]
        grouped += self.biases[..., None]
        return grouped.reshape(self.levels.shape)

    def words(self) -> NDArray[np.uint32]:
        """Return the levels as MLX stores them, (rows, columns * bits / 32)."""
        if self.bits == 8:
            return np.ascontiguousarray(self.levels).view("<u4").astype(np.uint32)
        pairs = self.levels[:, 0::2] | self.levels[:, 1::2] << 4
        return pairs.view("<u4").astype(np.uint32)


def read_tensor(path: Path, tensor: Tensor) -> Packed | NDArray[np.float32]:
    """Read one tensor: float32 for the float kinds, ``Packed`` for the quantized ones (matrices only)."""
    if tensor.kind in ("F32", "F16"):
        return _stored(path, tensor, _FLOATS[tensor.kind]).reshape(tensor.shape).astype(np.float32)
    rows, columns = tensor.shape
    blocks = _stored(path, tensor, _BLOCKS[tensor.kind]).reshape(rows, columns // GROUP)
    scales = blocks["scale"].astype(np.float32)
    if tensor.kind == "Q8_0":
        levels: NDArray[np.uint8] = blocks["levels"] ^ np.uint8(0x80)  # signed to unsigned: adds 128
    else:
        levels = np.concatenate([blocks["levels"] & 15, blocks["levels"] >> 4], axis=-1)
    biases = blocks["bias"].astype(np.float32) if tensor.kind == "Q4_1" else scales * -_CENTRE[tensor.kind]
    return Packed(8 if tensor.kind == "Q8_0" else 4, levels.reshape(rows, columns), scales, biases)


def _stored(path: Path, tensor: Tensor, kind: np.dtype[Any]) -> NDArray[Any]:
    return np.fromfile(path, kind, tensor.size // kind.itemsize, offset=tensor.start)
