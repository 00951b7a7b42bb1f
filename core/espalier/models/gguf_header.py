"""Read what a GGUF file says about itself, and trust none of it.

Follows the published GGUF format, versions 2 and 3: magic, version, counts, typed metadata, tensor
descriptions, then the aligned tensor data. Every count and length is checked against the length of the file
before it is used.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, NoReturn

from espalier.errors import EspalierError

Value = int | float | bool | str | tuple[int | float | bool, ...] | tuple[str, ...]

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_ENTRIES = 1 << 20  # metadata keys or tensors; real files have hundreds
_MOST_ITEMS = 1 << 24  # of one array; the largest real one is a list of merges, about half a million
_READABLE = {
    "F32": (1, 4),
    "F16": (1, 2),
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q8_0": (32, 34),
}  # weights, bytes
_TYPES = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K"},
    **{
        11: "Q3_K",
        12: "Q4_K",
        13: "Q5_K",
        14: "Q6_K",
        15: "Q8_K",
        16: "IQ2_XXS",
        17: "IQ2_XS",
        18: "IQ3_XXS",
    },
    **{19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32"},
    **{27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4"},
}


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file.

    Attributes:
        kind: F32, F16, Q4_0, Q4_1 or Q8_0.
        shape: slowest axis first, as in NumPy (the file has it the other way round).
        start: of its data, in bytes from the start of the file.
        size: of its data, in bytes.
    """

    kind: str
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True)
class Header:
    """The metadata and the tensor descriptions of one file.

    Attributes:
        name: of the file, for messages.
    """

    name: str
    metadata: Mapping[str, Value]
    tensors: Mapping[str, Tensor]

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a whole number; raises ``EspalierError``, as the others do, when it is missing or none."""
        value = self.metadata.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
            self.refuse(key)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number, rounded to seven digits, which is what a 32-bit float holds."""
        value = self.metadata.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e30:
            self.refuse(key)
        return float(f"{value:.7g}")

    def flag(self, key: str, default: bool) -> bool:
        """Return a truth value."""
        value = self.metadata.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        value = self.metadata.get(key, default)
        if not isinstance(value, str):
            self.refuse(key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self.metadata.get(key)
        if not isinstance(value, tuple):
            self.refuse(key)
        strings = tuple(item for item in value if isinstance(item, str))
        if len(strings) != len(value):
            self.refuse(key)
        return strings

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return a list of ``count`` numbers."""
        value = self.metadata.get(key)
        if not isinstance(value, tuple) or len(value) != count:
            self.refuse(key)
        numbers = tuple(item for item in value if not isinstance(item, str))
        if len(numbers) != count:
            self.refuse(key)
        return numbers

    def refuse(self, key: str) -> NoReturn:
        """Raise ``EspalierError`` about one metadata key that is missing or is not what it must be."""
        raise EspalierError(
            f"{self.name} has no usable value for “{key}”, so it cannot be imported. Get another file of the model."
        )


def read_header(path: Path) -> Header:
    """Read the header and check that the data of every tensor is inside the file.

    Raises:
        EspalierError: this is no GGUF file, an old or big-endian one, damaged or cut off, or it holds tensors
            of a type other than F32, F16, Q4_0, Q4_1 and Q8_0.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(file, size, path.name).header()
    except OSError as error:
        raise EspalierError(f"{path} could not be read: {error.strerror}. Check the file and its place.") from error


class _Reader:
    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file = file
        self._left = size
        self._size = size
        self._name = name

    def header(self) -> Header:
        if self._size < 4 or self._bytes(4) != b"GGUF":
            raise EspalierError(f"{self._name} is not a GGUF file. Choose a file whose name ends in .gguf.")
        self._check_version()
        tensors, entries = self._scalar("Q"), self._scalar("Q")
        if not tensors < _MOST_ENTRIES > entries:
            self._damaged()
        metadata: dict[str, Value] = {}
        for _ in range(entries):
            key = self._string()
            if key in metadata:
                self._damaged()
            metadata[key] = self._value(self._scalar("I"))
        return Header(self._name, metadata, self._tensors(tensors, metadata))

    def _check_version(self) -> None:
        version = self._scalar("I")
        if version in (2, 3):
            return
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        which = f"big-endian (version {swapped})" if swapped in (2, 3) else f"of GGUF version {version}"
        raise EspalierError(
            f"{self._name} is {which}, which Espalier cannot read. Choose a little-endian file of version 2 or 3."
        )

    def _tensors(self, count: int, metadata: Mapping[str, Value]) -> dict[str, Tensor]:
        described: dict[str, tuple[int, tuple[int, ...], int]] = {}
        for _ in range(count):
            name = self._string()
            dimensions = self._scalar("I")
            if name in described or not 1 <= dimensions <= 4:
                self._damaged()
            shape = tuple(self._scalar("Q") for _ in range(dimensions))[::-1]
            described[name] = self._scalar("I"), shape, self._scalar("Q")
        self._check_kinds({kind for kind, _, _ in described.values()})
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 8 <= alignment <= 1 << 20 or alignment % 8:
            self._damaged()
        data = -(-(self._size - self._left) // alignment) * alignment
        return {name: self._tensor(data, alignment, *entry) for name, entry in described.items()}

    def _tensor(self, data: int, alignment: int, kind: int, shape: tuple[int, ...], offset: int) -> Tensor:
        weights, block = _READABLE[_TYPES[kind]]
        if 0 in shape or shape[-1] % weights or offset % alignment:
            self._damaged()
        size = prod(shape) // weights * block
        if data + offset + size > self._size:
            self._cut_off()
        return Tensor(_TYPES[kind], shape, data + offset, size)

    def _check_kinds(self, kinds: set[int]) -> None:
        names = {_TYPES.get(kind, f"unknown (type {kind})") for kind in kinds}
        if others := sorted(names - _READABLE.keys()):
            raise EspalierError(
                f"This file holds {', '.join(others)} tensors, which Espalier cannot read. "
                "Choose a Q4_0, Q4_1, Q8_0, F16 or F32 file of the model."
            )

    def _value(self, kind: int) -> Value:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array(self._scalar("I"), self._scalar("Q"))
        if kind not in _SCALARS:
            self._damaged()
        value: int | float | bool = struct.unpack("<" + _SCALARS[kind], self._item(_SCALARS[kind]))[0]
        return value

    def _array(self, kind: int, count: int) -> Value:
        if count > _MOST_ITEMS:
            self._damaged()
        if kind == _STRING:
            return tuple(self._string() for _ in range(count))
        if kind not in _SCALARS:  # nested lists are allowed by the format and used by no model
            self._damaged()
        code = _SCALARS[kind]
        values: tuple[int | float | bool, ...]
        values = struct.unpack(f"<{count}{code}", self._bytes(count * struct.calcsize(code)))
        return values

    def _string(self) -> str:
        return self._bytes(self._scalar("Q")).decode("utf-8", errors="replace")

    def _scalar(self, code: str) -> int:
        value: int = struct.unpack("<" + code, self._item(code))[0]
        return value

    def _item(self, code: str) -> bytes:
        return self._bytes(struct.calcsize("<" + code))

    def _bytes(self, count: int) -> bytes:
        if count > self._left:
            self._cut_off()
        self._left -= count
        data = self._file.read(count)
        if len(data) < count:
            self._cut_off()
        return data

    def _cut_off(self) -> NoReturn:
        raise EspalierError(f"{self._name} is shorter than it says: it was cut off or damaged. Download it again.")

    def _damaged(self) -> NoReturn:
        raise EspalierError(f"{self._name} is a damaged GGUF file. Download it again.")
