"""A LoRA adapter as one GGUF file, the form that llama.cpp and Ollama read; written, and read back."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from espalier.errors import EspalierError
from espalier.sharing.gguf_layout import LAYOUTS, heads

Array = NDArray[Any]
Factors = Mapping[str, tuple[Array, Array]]
"""By module: A, (rank, inputs), and B, (outputs, rank), both with the experts before where there are some."""

Dtype = Literal["float16", "float32"]


def write_factors(file: Path, factors: Factors, config: Mapping[str, Any], alpha: float, dtype: Dtype) -> None:
    """Write an adapter.

    The file has no name and no address of the machine in it: architecture, alpha and the tensors, nothing else.

    Args:
        file: to write; its name should end in ``.gguf``.
        factors: in float32.
        config: the student's ``config.json``, of a ``model_type`` in `LAYOUTS`.
        alpha: llama.cpp multiplies B A by alpha / rank.
        dtype: of the tensors.

    Raises:
        EspalierError: a module has no place in llama.cpp's form of this architecture.
    """
    import gguf  # lazily, as in `read_factors`: it takes a third of a second

    names = _names(factors, config)
    writer = gguf.GGUFWriter(file, LAYOUTS[config["model_type"]].architecture)
    try:
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
        for module, (a, b) in factors.items():
            writer.add_tensor(f"{names[module]}.lora_a", np.ascontiguousarray(a, dtype=dtype))
            rows = _interleaved(b, heads(config, module))
            writer.add_tensor(f"{names[module]}.lora_b", np.ascontiguousarray(rows, dtype=dtype))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def read_factors(file: Path, modules: Sequence[str], config: Mapping[str, Any]) -> tuple[Factors, float]:
    """Return the factors of these modules in float32, in the order of rows that the student has, and alpha.

    Raises:
        ValueError: the file is no adapter of this architecture, or holds other tensors.
    """
    import gguf

    reader = gguf.GGUFReader(file)
    told = {key: field.contents() for key, field in reader.fields.items()}
    layout = LAYOUTS[config["model_type"]]
    expected = {"general.type": "adapter", "general.architecture": layout.architecture, "adapter.type": "lora"}
    if wrong := {key for key, value in expected.items() if told.get(key) != value}:
        raise ValueError(f"{file.name}: {', '.join(sorted(wrong))}")
    found = {tensor.name: np.array(tensor.data, dtype=np.float32) for tensor in reader.tensors}
    names = _names(modules, config)
    factors = {}
    for module, name in names.items():
        try:
            a, b = found.pop(f"{name}.lora_a"), found.pop(f"{name}.lora_b")
        except KeyError as error:
            raise ValueError(f"{file.name}: {error}") from error
        factors[module] = (a, _apart(b, heads(config, module)))
    if found:
        raise ValueError(f"{file.name}: {', '.join(sorted(found))}")
    return factors, float(told["adapter.lora.alpha"])


def _names(modules: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Return llama.cpp's name of each module's weight."""
    import gguf

    layout = LAYOUTS[config["model_type"]]
    known = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    table = gguf.get_tensor_name_map(known[layout.architecture], int(config["num_hidden_layers"]))
    names: dict[str, str] = {}
    for module in modules:
        plain = module
        for old, new in layout.renames.items():
            plain = plain.replace(old, new)
        name = table.get_name(plain)
        if name is None or name in names.values():
            raise EspalierError(
                f"llama.cpp has no place for an adapter of “{module}”. Share the whole model instead, or train without "
                "this part."
            )
        names[module] = name
    return {module: f"{name}.weight" for module, name in names.items()}


def _interleaved(b: Array, count: int) -> Array:
    """Return B with the two halves of each head's rows taken in turns, which is how llama.cpp's RoPE pairs them."""
    if not count:
        return b
    return b.reshape(count, 2, b.shape[0] // count // 2, -1).swapaxes(1, 2).reshape(b.shape)


def _apart(b: Array, count: int) -> Array:
    if not count:
        return b
    return b.reshape(count, b.shape[0] // count // 2, 2, -1).swapaxes(1, 2).reshape(b.shape)
