import json
import random
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import espalier.metal  # first: it prepares the process for MLX

# isort: split

import mlx.core as mx
import numpy as np
import pytest
from numpy.typing import NDArray

from espalier.errors import EspalierError
from espalier.metal import gguf
from espalier.metal.gguf import import_gguf
from espalier.models.folder import model_info, verify_model
from espalier.models.gguf_header import read_header
from espalier.models.gguf_llama import read_config, read_shape, read_weights
from espalier.models.starter import STARTER, fetch_starter, is_ready, starter_folder
from espalier.models.tokenizer import build_tokenizer

assert espalier.metal

Floats = NDArray[np.float32]
KINDS = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 8, "Q4_K": 12, "Q6_K": 14, "BF16": 30}
LAYERS, HIDDEN, INNER, HEADS, KV_HEADS, HEAD = 2, 64, 96, 4, 2, 16
NAMES = {
    "self_attn.q_proj": ("attn_q", (HEADS * HEAD, HIDDEN)),
    "self_attn.k_proj": ("attn_k", (KV_HEADS * HEAD, HIDDEN)),
    "self_attn.v_proj": ("attn_v", (KV_HEADS * HEAD, HIDDEN)),
    "self_attn.o_proj": ("attn_output", (HIDDEN, HEADS * HEAD)),
    "mlp.gate_proj": ("ffn_gate", (INNER, HIDDEN)),
    "mlp.up_proj": ("ffn_up", (INNER, HIDDEN)),
    "mlp.down_proj": ("ffn_down", (HIDDEN, INNER)),
    "input_layernorm": ("attn_norm", (HIDDEN,)),
    "post_attention_layernorm": ("ffn_norm", (HIDDEN,)),
}
BYTES = [chr(code) for code in [*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324)]]
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *BYTES, "he", "Ġt", "Ġthe"]
METADATA: dict[str, Any] = {
    "general.architecture": "llama",
    "general.alignment": 32,
    "llama.block_count": LAYERS,
    "llama.embedding_length": HIDDEN,
    "llama.feed_forward_length": INNER,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "llama.context_length": 512,
    "llama.rope.freq_base": 100000.0,
    "llama.rope.dimension_count": HEAD,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.token_type": [3, 3, 3] + [1] * (len(TOKENS) - 3),
    "tokenizer.ggml.merges": ["h e", "Ġ t", "Ġt he"],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.add_bos_token": False,
    "tokenizer.chat_template": "{% for m in messages %}<|im_start|>{{ m['content'] }}\r\n{% endfor %}",
}


def random_model(tied: bool = True) -> dict[str, Floats]:
    """Weights under the names and in the row order of a Hugging Face folder."""
    noise = np.random.default_rng(7)

    def weights(*shape: int) -> Floats:
        return (noise.standard_normal(shape) / 8).astype(np.float32)

    model = {"model.embed_tokens": weights(len(TOKENS), HIDDEN), "model.norm": weights(HIDDEN) + 1}
    for layer in range(LAYERS):
        model |= {f"model.layers.{layer}.{name}": weights(*shape) for name, (_, shape) in NAMES.items()}
    return model if tied else model | {"lm_head": weights(len(TOKENS), HIDDEN)}


def in_gguf_order(name: str, matrix: Floats) -> Floats:
    """Interleave the rows of q and k, as the published converter does for Llama models."""
    heads = {"self_attn.q_proj": HEADS, "self_attn.k_proj": KV_HEADS}.get(name.split(".", 3)[-1])
    if not heads:
        return matrix
    rows = [matrix[head * HEAD + half * HEAD // 2 + row] for head in range(heads)
            for row in range(HEAD // 2) for half in range(2)]  # fmt: skip
    return np.stack(rows)


def gguf_name(name: str) -> str:
    if name.startswith("model.layers."):
        _, _, layer, part = name.split(".", 3)
        return f"blk.{layer}.{NAMES[part][0]}.weight"
    top = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    return top[name] + ".weight"


def encode(weights: Floats, kind: str) -> bytes:
    """Quantize by hand, block by block."""
    if kind in ("F32", "F16"):
        return weights.astype("<f4" if kind == "F32" else "<f2").tobytes()
    data = b""
    for block in weights.reshape(-1, 32):
        if kind == "Q8_0":
            scale = np.float16(max(abs(block).max(), 1e-6) / 127)
            data += scale.tobytes() + np.clip(np.round(block / np.float32(scale)), -128, 127).astype("i1").tobytes()
            continue
        low, high = block.min(), block.max()
        if kind == "Q4_0":
            scale = np.float16(max(abs(block).max(), 1e-6) / 7)
            start, levels = b"", np.round(block / np.float32(scale)) + 8
        else:
            scale = np.float16(max(high - low, 1e-6) / 15)
            start, levels = np.float16(low).tobytes(), np.round((block - low) / np.float32(scale))
        nibbles = np.clip(levels, 0, 15).astype(np.uint8)
        data += scale.tobytes() + start + (nibbles[:16] | nibbles[16:] << 4).tobytes()
    return data


def decode(data: bytes, kind: str, shape: tuple[int, ...]) -> Floats:
    """Dequantize with nothing but the format's formulas, one weight at a time."""
    if kind in ("F32", "F16"):
        return np.frombuffer(data, "<f4" if kind == "F32" else "<f2").astype(np.float32).reshape(shape)
    values: list[float] = []
    size = {"Q4_0": 18, "Q4_1": 20, "Q8_0": 34}[kind]
    for at in range(0, len(data), size):
        scale: float = struct.unpack_from("<e", data, at)[0]
        if kind == "Q8_0":
            values += [scale * level for level in struct.unpack_from("<32b", data, at + 2)]
            continue
        low: float = struct.unpack_from("<e", data, at + 2)[0] if kind == "Q4_1" else -8 * scale
        packed = data[at + size - 16 : at + size]
        values += [scale * (byte & 15) + low for byte in packed]
        values += [scale * (byte >> 4) + low for byte in packed]
    return np.array(values, np.float32).reshape(shape)


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(content: Any) -> bytes:
    match content:
        case bool():
            return struct.pack("<I?", 7, content)
        case int():
            return struct.pack("<II", 4, content)
        case float():
            return struct.pack("<If", 6, content)
        case str():
            return struct.pack("<I", 8) + string(content)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(content)) + b"".join(map(string, content))
        case [float(), *_]:
            return struct.pack(f"<IIQ{len(content)}f", 9, 6, len(content), *content)
        case _:
            return struct.pack(f"<IIQ{len(content)}i", 9, 5, len(content), *content)


def write(
    path: Path,
    model: Mapping[str, Floats],
    kinds: Mapping[str, str] | str = "F32",
    metadata: Mapping[str, Any] = METADATA,
    extra: Mapping[str, tuple[str, Floats]] | None = None,
    version: int = 3,
) -> dict[str, Floats]:
    """Write a GGUF file and return what a reader must find, in the row order of a Hugging Face folder."""
    described, data = b"", b""
    found = {}
    entries = [
        (gguf_name(name), _kind(name, kinds, matrix), in_gguf_order(name, matrix), name)
        for name, matrix in model.items()
    ]
    entries += [(name, kind, matrix, name) for name, (kind, matrix) in (extra or {}).items()]
    for name, kind, matrix, ours in entries:
        known = kind if kind in ("F32", "F16", "Q4_0", "Q4_1", "Q8_0") else "F32"
        content = encode(matrix, known)
        described += string(name) + struct.pack("<I", matrix.ndim)
        described += struct.pack(f"<{matrix.ndim}Q", *matrix.shape[::-1]) + struct.pack("<IQ", KINDS[kind], len(data))
        data += content + bytes(-len(content) % 32)
        plain = decode(encode(model.get(ours, matrix), known), known, matrix.shape)
        found[ours] = plain  # rows are quantized one by one, so their order does not matter
    head = b"GGUF" + struct.pack("<IQQ", version, len(entries), len(metadata))
    head += b"".join(string(key) + value(content) for key, content in metadata.items()) + described
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return found


def _kind(name: str, kinds: Mapping[str, str] | str, matrix: Floats) -> str:
    if isinstance(kinds, str):
        return kinds if matrix.ndim == 2 else "F32"
    return kinds.get(name, "F32")


def load(file: Path) -> dict[str, mx.array]:
    weights = mx.load(str(file))
    assert isinstance(weights, dict)
    return weights


def read_all(path: Path) -> None:
    """Everything that looks at a file before a byte is written."""
    header = read_header(path)
    shape = read_shape(header)
    read_weights(header, shape)
    read_config(header, shape, [])
    build_tokenizer(header)


@pytest.mark.parametrize("kind", ["F32", "F16", "Q4_0", "Q4_1", "Q8_0"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_kind_of_tensor_is_imported_exactly(tmp_path: Path, kind: str, tied: bool) -> None:
    expected = write(tmp_path / "m.gguf", random_model(tied), kind)
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    weights = load(tmp_path / "model/model.safetensors")
    assert weights.keys() == {f"{name}.weight" for name in expected}
    for name, matrix in expected.items():
        imported = np.array(weights[f"{name}.weight"])
        assert imported.dtype == np.float32
        np.testing.assert_allclose(imported, matrix, rtol=0, atol=1e-6, err_msg=name)
    assert json.loads((tmp_path / "model/config.json").read_text())["tie_word_embeddings"] is tied


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
def test_packed_weights_agree_with_those_of_mlx_itself(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "m.gguf", random_model(), kind)
    theirs = load(tmp_path / "m.gguf")
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float16", quantized=True)
    ours = load(tmp_path / "model/model.safetensors")
    for name in ("mlp.down_proj", "self_attn.v_proj"):
        for part in ("weight", "scales", "biases"):
            mine = ours[f"model.layers.1.{name}.{part}"]
            other = theirs[f"blk.1.{NAMES[name][0]}.{part}"]
            assert mine.dtype == other.dtype
            assert mx.array_equal(mine, other), (name, part)


def test_mixed_kinds_stay_packed_each_with_its_own_bits(tmp_path: Path) -> None:
    kinds = {name: "Q4_1" for name, matrix in random_model(False).items() if matrix.ndim == 2}
    kinds |= {"model.embed_tokens": "Q8_0", "lm_head": "F16", "model.layers.0.mlp.up_proj": "Q4_0"}
    expected = write(tmp_path / "m.gguf", random_model(False), kinds)
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32", quantized=True)
    settings = json.loads((tmp_path / "model/config.json").read_text())["quantization"]
    usual = {"group_size": 32, "bits": 4, "mode": "affine"}
    assert settings == {**usual, "model.embed_tokens": {**usual, "bits": 8}, "lm_head": False}
    weights = load(tmp_path / "model/model.safetensors")
    for name, matrix in expected.items():
        plain = weights[f"{name}.weight"]
        if kinds.get(name, "F").startswith("Q"):
            bits = 8 if name == "model.embed_tokens" else 4
            scales, biases = weights[f"{name}.scales"], weights[f"{name}.biases"]
            assert scales.dtype == mx.float32
            plain = mx.dequantize(plain, scales, biases, group_size=32, bits=bits)
        np.testing.assert_allclose(np.array(plain), matrix, rtol=0, atol=1e-6, err_msg=name)
    assert model_info(tmp_path / "model").precision == "4-bit"


def test_mlx_lm_computes_the_same_from_packed_and_plain_weights(tmp_path: Path) -> None:
    from mlx_lm.utils import load as load_model

    write(tmp_path / "m.gguf", random_model(), "Q8_0")
    logits = []
    for quantized in (False, True):
        folder = tmp_path / str(quantized)
        import_gguf(tmp_path / "m.gguf", folder, dtype="float32", quantized=quantized)
        model, tokenizer, *_ = load_model(str(folder))
        logits.append(np.array(model(mx.array([tokenizer.encode("the heath")]))))
        assert tokenizer.decode(tokenizer.encode(" the 12 heaths\n")) == " the 12 heaths\n"
        assert tokenizer.eos_token_ids == {0, 2}
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-4)


def test_a_large_model_is_written_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "_SHARD", 60_000)
    expected = write(tmp_path / "m.gguf", random_model(), "F16")
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float16")
    index = json.loads((tmp_path / "model/model.safetensors.index.json").read_text())
    files = set(index["weight_map"].values())
    assert len(files) > 1
    assert index["weight_map"].keys() == {f"{name}.weight" for name in expected}
    for file in files:
        names = {name for name, place in index["weight_map"].items() if place == file}
        assert load(tmp_path / "model" / file).keys() == names
    (tmp_path / "model" / max(files)).unlink()
    with pytest.raises(EspalierError, match=max(files)):
        verify_model(tmp_path / "model")


def test_the_folder_says_what_the_file_said(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", random_model(), "F16", version=2)
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float16")
    config = json.loads((tmp_path / "model/config.json").read_text())
    assert (config["rms_norm_eps"], config["rope_theta"], config["head_dim"]) == (1e-5, 100000.0, HEAD)
    assert (config["vocab_size"], config["torch_dtype"]) == (len(TOKENS), "float16")
    assert "rope_scaling" not in config
    generation = json.loads((tmp_path / "model/generation_config.json").read_text())
    assert generation["eos_token_id"] == [2, 0]
    names = json.loads((tmp_path / "model/tokenizer_config.json").read_text())
    assert (names["bos_token"], names["eos_token"], names["pad_token"]) == (
        "<|im_start|>",
        "<|im_end|>",
        "<|im_end|>",
    )
    template = (tmp_path / "model/chat_template.jinja").read_bytes().decode()
    assert template == METADATA["tokenizer.chat_template"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_rope_of_llama_3_is_recovered_from_its_factors(tmp_path: Path) -> None:
    factor, context, theta = 32.0, 8192, 500000.0
    factors = []
    for index in range(HEAD // 2):
        wavelength = 2 * np.pi * theta ** (2 * index / HEAD)
        smooth = (context / wavelength - 1) / 3
        middle = 1 / ((1 - smooth) / factor + smooth)
        factors.append(1.0 if wavelength < context / 4 else factor if wavelength > context else middle)
    metadata = METADATA | {"llama.rope.freq_base": theta}
    extra = {"rope_freqs.weight": ("F32", np.array(factors, np.float32))}
    write(tmp_path / "m.gguf", random_model(), "F16", metadata, extra)
    import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float16")
    scaling = json.loads((tmp_path / "model/config.json").read_text())["rope_scaling"]
    assert (scaling["rope_type"], scaling["factor"]) == ("llama3", factor)
    assert scaling["original_max_position_embeddings"] == context
    write(
        tmp_path / "m.gguf",
        random_model(),
        "F16",
        metadata,
        {"rope_freqs.weight": ("F32", extra["rope_freqs.weight"][1] * 2)},
    )
    with pytest.raises(EspalierError, match="rope_freqs"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "other", dtype="float16")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"general.architecture": "qwen3"}, "qwen3"),
        ({"general.architecture": "gemma2"}, "gemma2"),
        ({"tokenizer.ggml.pre": "tekken"}, "tekken"),
        ({"tokenizer.ggml.model": "t5"}, "t5"),
        ({"llama.expert_count": 8}, "mixture of experts"),
        ({"llama.rope.dimension_count": 8}, "rope.dimension_count"),
        ({"llama.rope.scaling.type": "yarn"}, "rope.scaling.type"),
        ({"llama.attention.head_count": 0}, "head_count"),
        ({"llama.attention.head_count_kv": 3}, "head_count"),
        ({"llama.attention.head_count": "four"}, "head_count"),
        ({"llama.block_count": 3}, "blk.2.attn_q.weight"),
        ({"llama.block_count": 4_000_000_000}, "blk.2.attn_q.weight"),
        ({"llama.feed_forward_length": 128}, "ffn_gate"),
        ({"tokenizer.ggml.tokens": [*TOKENS, "one", "two"]}, "tokenizer.ggml"),
        ({"tokenizer.ggml.tokens": ["a"] * len(TOKENS)}, "tokenizer.ggml.tokens"),
        ({"tokenizer.ggml.merges": ["h e a"]}, "tokenizer.ggml.merges"),
        ({"tokenizer.ggml.merges": ["he zz"]}, "tokenizer"),
        ({"tokenizer.ggml.eos_token_id": 10_000}, "eos_token_id"),
        ({"general.alignment": 0}, "damaged"),
    ],
)
def test_what_cannot_be_imported_is_refused_by_name(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    write(tmp_path / "m.gguf", random_model(), "F16", METADATA | change)
    with pytest.raises(EspalierError, match=words):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def test_other_tensor_types_are_refused_by_name(tmp_path: Path) -> None:
    kinds = {"model.layers.0.mlp.up_proj": "Q4_K", "model.layers.0.mlp.down_proj": "Q6_K"}
    write(tmp_path / "m.gguf", random_model(), kinds)
    with pytest.raises(EspalierError) as refused:
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    assert str(refused.value) == (
        "This file holds Q4_K, Q6_K tensors, which Espalier cannot read. "
        "Choose a Q4_0, Q4_1, Q8_0, F16 or F32 file of the model."
    )
    write(tmp_path / "m.gguf", random_model(), "BF16")
    with pytest.raises(EspalierError, match="BF16"):
        read_header(tmp_path / "m.gguf")


def test_quantized_rope_factors_are_refused(tmp_path: Path) -> None:
    extra = {"rope_freqs.weight": ("Q8_0", np.ones(32, np.float32))}
    write(tmp_path / "m.gguf", random_model(), "F16", extra=extra)
    with pytest.raises(EspalierError, match="rope_freqs"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")


def test_a_tensor_that_no_llama_has_is_refused(tmp_path: Path) -> None:
    extra = {"blk.0.attn_q.bias": ("F32", np.zeros(HIDDEN, np.float32))}
    write(tmp_path / "m.gguf", random_model(), "F16", extra=extra)
    with pytest.raises(EspalierError, match=r"attn_q\.bias"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")


def test_plain_weights_cannot_be_kept_packed(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", random_model(), "F16")
    with pytest.raises(EspalierError, match="no quantized tensors"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32", quantized=True)


def test_an_existing_destination_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", random_model(), "F16")
    (tmp_path / "model").mkdir()
    with pytest.raises(EspalierError, match="exists already"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    assert list((tmp_path / "model").iterdir()) == []


def test_a_full_disk_is_noticed_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "m.gguf", random_model(), "F16")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(EspalierError, match="Make room"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def test_a_disk_that_fills_up_while_writing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("[write] Unable to write 3000094 bytes to file.")

    write(tmp_path / "m.gguf", random_model(), "F16")
    monkeypatch.setattr(mx, "save_safetensors", fail)
    with pytest.raises(EspalierError, match=r"could not be written .* Make room"):
        import_gguf(tmp_path / "m.gguf", tmp_path / "model", dtype="float32")
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a GGUF"),
        (b"PK\x03\x04 something else", "not a GGUF"),
        (b"GGUF", "cut off"),
        (b"GGUF" + struct.pack("<I", 1), "version 1"),
        (b"GGUF" + struct.pack(">I", 3), "big-endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 19), "cut off"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, (1 << 64) - 1), "cut off"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 6, 1 << 62),
            "damaged",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 6, 1 << 23),
            "cut off",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 9, 1), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<I", 99), "damaged"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + string("t") + struct.pack("<IQIQ", 1, 1 << 63, 0, 0),
            "cut off",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + string("t") + struct.pack("<I", 1 << 31), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + string("t") + struct.pack("<IQIQ", 1, 33, 8, 0), "damaged"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + string("t") + struct.pack("<IQIQ", 1, 32, 77, 0),
            "type 77",
        ),
    ],
)
def test_a_hostile_header_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(EspalierError, match=words):
        read_header(tmp_path / "m.gguf")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="could not be read"):
        read_header(tmp_path / "none.gguf")


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", random_model(), "Q8_0")
    content = (tmp_path / "m.gguf").read_bytes()
    for length in [*range(0, 12_000, 97), len(content) // 2, len(content) - 64]:
        (tmp_path / "cut.gguf").write_bytes(content[:length])
        with pytest.raises(EspalierError):
            read_all(tmp_path / "cut.gguf")


def test_flipped_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", random_model(), "Q8_0")
    content = (tmp_path / "m.gguf").read_bytes()
    chance = random.Random(3)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(12_000)] = chance.randrange(256)
        (tmp_path / "bad.gguf").write_bytes(damaged)
        try:
            read_all(tmp_path / "bad.gguf")
        except EspalierError:
            continue


@pytest.mark.slow
def test_the_starter_model_answers(tmp_path: Path) -> None:
    from mlx_lm import generate
    from mlx_lm.utils import load as load_model

    packed = tmp_path / "packed"
    source = fetch_starter(lambda stage, done: None)
    if not is_ready():
        import_gguf(source, starter_folder(), dtype="float32")
    import_gguf(source, packed, dtype="float32", quantized=True)
    assert starter_folder().name == STARTER
    answers = []
    for folder in (starter_folder(), packed):
        model: Any
        tokenizer: Any
        model, tokenizer, *_ = load_model(str(folder))
        chat = [{"role": "user", "content": "What is the capital of France?"}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True)
        answers.append(generate(model, tokenizer, prompt, max_tokens=24))
    assert "Paris" in answers[0]
    assert answers[0] == answers[1]
