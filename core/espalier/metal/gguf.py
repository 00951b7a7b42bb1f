"""Import a Llama-family GGUF file as a model folder that mlx-lm, transformers and our exporters read."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from espalier.errors import EspalierError
from espalier.models.folder import verify_model
from espalier.models.gguf_blocks import GROUP, Packed, read_tensor
from espalier.models.gguf_header import Header, read_header
from espalier.models.gguf_llama import ROPE_FACTORS, Weight, read_config, read_shape, read_weights
from espalier.models.new_folder import new_folder
from espalier.models.tokenizer import build_tokenizer, end_tokens, token_id, tokenizer_config

Dtype = Literal["float32", "float16"]

_SHARD = 4 << 30  # bytes; a larger model is written in several files, so that memory holds one of them at a time
_SPARE = 64 << 20  # bytes, for the tokenizer and the file system


def import_gguf(source: Path, destination: Path, *, dtype: Dtype, quantized: bool = False) -> None:
    """Write the model folder ``destination`` from a GGUF file; nothing is left behind when that fails.

    The tensors are read and unpacked by us, not by ``mx.load``, which silently converts types that it does
    not know.

    Args:
        source: the GGUF file.
        destination: the model folder to make.
        dtype: of the weights, and of scales and biases where weights stay packed. On Linux choose float32:
            4-bit weights with float16 scales are about 30 times slower there (measured).
        quantized: keep quantized matrices packed, 4 or 8 bits for each as in the file.

    Raises:
        EspalierError: the file is damaged or not of a supported kind, the destination exists, or the disk is
            full.
    """
    header = read_header(source)
    shape = read_shape(header)
    weights = read_weights(header, shape)
    if quantized and not any(_bits(header, weight) for weight in weights):
        raise EspalierError(f"{source.name} holds no quantized tensors. Import it as plain weights, then quantize it.")
    tokenizer = build_tokenizer(header)
    if tokenizer.get_vocab_size() > shape.vocabulary:
        header.refuse("tokenizer.ggml.tokens")
    config = read_config(header, shape, _rope_factors(source, header))
    config |= {"torch_dtype": dtype, **_special_ids(header), "eos_token_id": end_tokens(header)[0]}
    if quantized:
        config["quantization"] = config["quantization_config"] = _quantization(header, weights)
    with new_folder(destination) as folder:
        shards = _shards(header, weights, dtype, quantized)
        _check_room(folder, sum(size for _, size in shards))
        _save_weights(source, header, folder, shards, dtype, quantized)
        _save(folder / "config.json", config)
        _save(folder / "generation_config.json", {**_special_ids(header), "eos_token_id": end_tokens(header)})
        tokenizer.save(str(folder / "tokenizer.json"))
        _save_tokenizer_settings(header, folder)
        verify_model(folder)


def _rope_factors(source: Path, header: Header) -> list[float]:
    if ROPE_FACTORS not in header.tensors:
        return []
    if header.tensors[ROPE_FACTORS].kind != "F32":
        header.refuse(ROPE_FACTORS)
    factors = read_tensor(source, header.tensors[ROPE_FACTORS])
    assert not isinstance(factors, Packed)
    return [float(factor) for factor in factors.flat]


def _save_tokenizer_settings(header: Header, folder: Path) -> None:
    _save(folder / "tokenizer_config.json", tokenizer_config(header, header.integer("llama.context_length")))
    if "tokenizer.chat_template" in header.metadata:
        template = header.text("tokenizer.chat_template")
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8", newline="")


def _special_ids(header: Header) -> dict[str, int]:
    padding = token_id(header, "padding")
    ids = {
        "bos_token_id": token_id(header, "bos"),
        "pad_token_id": end_tokens(header)[0] if padding is None else padding,
    }
    return {name: token for name, token in ids.items() if token is not None}


def _bits(header: Header, weight: Weight) -> int:
    return {"Q4_0": 4, "Q4_1": 4, "Q8_0": 8}.get(header.tensors[weight.name].kind, 0)


def _quantization(header: Header, weights: list[Weight]) -> dict[str, object]:
    """Return mlx-lm's settings: the most frequent kind, and by name every matrix that differs."""
    matrices = {weight.module: _bits(header, weight) for weight in weights if len(weight.shape) == 2}
    usual = Counter(bits for bits in matrices.values() if bits).most_common(1)[0][0]
    settings: dict[str, object] = {"group_size": GROUP, "bits": usual, "mode": "affine"}
    for module, bits in matrices.items():
        if bits != usual:
            settings[module] = {"group_size": GROUP, "bits": bits, "mode": "affine"} if bits else False
    return settings


def _shards(header: Header, weights: list[Weight], dtype: Dtype, quantized: bool) -> list[tuple[list[Weight], int]]:
    """Return the weights of each file with their size in bytes."""
    width = 4 if dtype == "float32" else 2
    shards: list[tuple[list[Weight], int]] = []
    for weight in weights:
        bits = _bits(header, weight) if quantized else 0
        size = prod(weight.shape) * (bits + 16 * width // GROUP) // 8 if bits else prod(weight.shape) * width
        if shards and shards[-1][1] + size <= _SHARD:
            members, filled = shards[-1]
            shards[-1] = [*members, weight], filled + size
        else:
            shards.append(([weight], size))
    return shards


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE:
        raise EspalierError(
            f"The model needs {(size + _SPARE) / 1e9:.1f} GB and {free / 1e9:.1f} GB is free on the disk. "
            "Make room and import it again."
        )


def _save_weights(
    source: Path,
    header: Header,
    folder: Path,
    shards: list[tuple[list[Weight], int]],
    dtype: Dtype,
    quantized: bool,
) -> None:
    index: dict[str, str] = {}
    for number, (weights, _) in enumerate(shards, start=1):
        name = "model.safetensors"
        if len(shards) > 1:
            name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        arrays = {
            key: mx.array(array)
            for weight in weights
            for key, array in _arrays(weight, source, header, np.dtype(dtype), quantized)
        }
        try:
            mx.save_safetensors(str(folder / name), arrays, metadata={"format": "mlx"})
        except RuntimeError as error:  # MLX's form of a failed write
            raise OSError(str(error)) from error
        index |= dict.fromkeys(arrays, name)
    if len(shards) > 1:
        total = sum(size for _, size in shards)
        _save(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index})


def _arrays(
    weight: Weight,
    source: Path,
    header: Header,
    dtype: np.dtype[np.float32] | np.dtype[np.float16],
    quantized: bool,
) -> Iterator[tuple[str, NDArray[Any]]]:
    tensor = read_tensor(source, header.tensors[weight.name])
    if isinstance(tensor, Packed) and quantized:
        yield f"{weight.module}.weight", _rows(tensor.words(), weight.heads)
        yield f"{weight.module}.scales", _rows(tensor.scales, weight.heads).astype(dtype)
        yield f"{weight.module}.biases", _rows(tensor.biases, weight.heads).astype(dtype)
    else:
        plain = tensor.plain() if isinstance(tensor, Packed) else tensor
        yield f"{weight.module}.weight", _rows(plain, weight.heads).astype(dtype)


def _rows(matrix: NDArray[Any], heads: int) -> NDArray[Any]:
    """Undo the order of q and k rows, which GGUF interleaves within each head; packed rows move whole."""
    if not heads:
        return matrix
    apart = matrix.reshape(heads, matrix.shape[0] // heads // 2, 2, -1).swapaxes(1, 2)
    return np.ascontiguousarray(apart).reshape(matrix.shape)


def _save(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
