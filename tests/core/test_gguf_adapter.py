"""The adapter as GGUF: against llama.cpp's rules, written down here a second time and in another way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import espalier.metal  # first: it prepares the process for MLX

# isort: split

import gguf
import mlx.core as mx
import numpy as np
import pytest
from numpy.typing import NDArray
from random_adapters import make_adapter, make_student

from espalier.errors import EspalierError
from espalier.language import Message, TrainRow
from espalier.metal.forms import gguf_form
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.gguf_adapter import read_factors, write_factors
from espalier.sharing.gguf_layout import LAYOUTS, refusal

assert espalier.metal

PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
HEADS = {"q_proj": 4, "k_proj": 2}  # of the random models


def paired(row: int, width: int) -> int:
    """Return which row of q or k stands at a place of llama.cpp's: first and second halves of a head in turns."""
    head, inside = divmod(row, width)
    return head * width + inside // 2 + (width // 2 if inside % 2 else 0)


def expected(adapter: Path, turns_rows: bool) -> dict[str, NDArray[np.float32]]:
    """Return the tensors that llama.cpp's converter makes of an adapter."""
    found = {}
    for name, tensor in mx.load(str(adapter / "adapters.safetensors")).items():
        _, _, layer, rest = name.split(".", 3)
        module, kind = rest.rsplit(".", 1)
        value = np.array(tensor).T
        part = module.rpartition(".")[2]
        if turns_rows and kind == "lora_b" and part in HEADS:
            value = value[[paired(row, value.shape[0] // HEADS[part]) for row in range(value.shape[0])]]
        found[f"blk.{layer}.{PARTS[module]}.weight.{kind}"] = value
    return found


ROWS = (TrainRow((Message("user", "How high is it?"), Message("assistant", "It is ten feet high."))),)


@dataclass
class Trained:
    """A random student with a random adapter, to be written as GGUF into ``folder``."""

    student: Path
    adapter: Path
    folder: Path

    @property
    def file(self) -> Path:
        """Return what was written."""
        (found,) = self.folder.iterdir()
        return found

    def write(self) -> Check:
        return gguf_form.write(Made(self.student, self.adapter, "lora", "", False, ROWS), self.folder)


Make = Callable[..., Trained]


@pytest.fixture
def make(tmp_path: Path, tiny_folder: Path) -> Make:
    def trained(name: str, method: str = "lora", **lora: object) -> Trained:
        student = make_student(tmp_path / "student", name, tiny_folder)
        adapter = make_adapter(tmp_path / "adapter", student, method, **lora)
        (tmp_path / "out").mkdir()
        return Trained(student, adapter, tmp_path / "out")

    return trained


@pytest.mark.parametrize(("name", "turns_rows"), [("llama", True), ("qwen2", False), ("gemma", False)])
def test_the_tensors_are_those_of_llama_cpps_converter(name: str, turns_rows: bool, make: Make) -> None:
    trained = make(name)
    found = trained.write()
    assert trained.file.name == "student-lora-f16.gguf"
    reader = gguf.GGUFReader(trained.file)
    told = {key: field.contents() for key, field in reader.fields.items()}
    assert told["general.type"] == "adapter"
    assert told["adapter.type"] == "lora"
    assert told["general.architecture"] == name
    assert told["adapter.lora.alpha"] == 8.0
    tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
    wanted = expected(trained.adapter, turns_rows)
    assert tensors.keys() == wanted.keys()
    for key, value in wanted.items():
        assert tensors[key].dtype == np.float16
        assert np.array_equal(tensors[key], value.astype(np.float16)), key
    assert found.verdict in ("same", "close")
    assert found.difference is not None
    assert 0 < found.difference < 0.05
    assert "rounded to 16 bits" in found.sentence


@pytest.mark.parametrize("name", ["mistral", "qwen3", "granite", "phi3", "gemma2", "olmo2", "cohere", "smollm3"])
def test_every_architecture_is_written_and_answers_the_same(name: str, make: Make) -> None:
    trained = make(name, layers=1)
    assert trained.write().verdict in ("same", "close")
    assert len(gguf.GGUFReader(trained.file).tensors) == len(mx.load(str(trained.adapter / "adapters.safetensors")))


@pytest.mark.parametrize("name", ["qwen3_moe", "mixtral"])
def test_experts_stay_together(name: str, make: Make) -> None:
    trained = make(name)
    assert trained.write().verdict in ("same", "close")
    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(trained.file).tensors}
    given = mx.load(str(trained.adapter / "adapters.safetensors"))
    where = "mlp" if name == "qwen3_moe" else "block_sparse_moe"
    for part in ("gate", "up", "down"):
        for kind in ("lora_a", "lora_b"):
            wanted = np.array(given[f"model.layers.1.{where}.switch_mlp.{part}_proj.{kind}"])
            assert np.array_equal(tensors[f"blk.1.ffn_{part}_exps.weight.{kind}"], wanted.astype(np.float16))


def test_factors_beyond_half_precision_are_written_whole(make: Make) -> None:
    trained = make("llama")
    weights = mx.load(str(trained.adapter / "adapters.safetensors"))
    name = "model.layers.0.mlp.up_proj"
    weights[f"{name}.lora_a"] *= 1e6
    weights[f"{name}.lora_b"] /= 1e6
    mx.save_safetensors(str(trained.adapter / "adapters.safetensors"), weights)
    found = trained.write()
    assert found.verdict == "same"
    assert "32 bits" in found.sentence
    assert trained.file.name.endswith("-f32.gguf")
    assert {tensor.data.dtype for tensor in gguf.GGUFReader(trained.file).tensors} == {np.dtype("float32")}


def test_what_llama_cpp_cannot_take_is_refused_with_another_way(make: Make) -> None:
    trained = make("llama", "dora")
    with pytest.raises(EspalierError, match=r"reads no DoRA\. Share the whole model"):
        trained.write()
    assert not list(trained.folder.iterdir())
    assert "“lfm2”" in refusal({"model_type": "lfm2"}, {})
    assert "All weights were trained" in refusal({"model_type": "llama"}, {"fine_tune_type": "full"})
    assert "soft prompt" in refusal({"model_type": "llama"}, {"fine_tune_type": "prompt"})
    keys = {"lora_parameters": {"keys": ["model.embed_tokens"]}}
    assert "embeddings" in refusal({"model_type": "llama"}, keys)


def test_a_part_without_a_place_is_named(tmp_path: Path) -> None:
    a, b = np.zeros((2, 8), np.float32), np.zeros((8, 2), np.float32)
    config = {"model_type": "qwen2", "num_hidden_layers": 2}
    with pytest.raises(EspalierError, match=r"no place for an adapter of “model\.layers\.0\.mlp\.router”"):
        write_factors(tmp_path / "x.gguf", {"model.layers.0.mlp.router": (a, b)}, config, 4.0, "float32")


def test_a_file_of_another_architecture_or_with_more_in_it_is_not_taken(tmp_path: Path) -> None:
    a, b = np.ones((2, 8), np.float32), np.ones((8, 2), np.float32)
    config = {"model_type": "qwen2", "num_hidden_layers": 2}
    modules = [f"model.layers.{layer}.mlp.up_proj" for layer in range(2)]
    write_factors(tmp_path / "x.gguf", dict.fromkeys(modules, (a, b)), config, 4.0, "float32")
    assert read_factors(tmp_path / "x.gguf", modules, config)[1] == 4.0
    with pytest.raises(ValueError, match=r"blk\.1\.ffn_up"):
        read_factors(tmp_path / "x.gguf", modules[:1], config)
    with pytest.raises(ValueError, match=r"general\.architecture"):
        read_factors(tmp_path / "x.gguf", modules, {**config, "model_type": "qwen3"})


def test_the_table_knows_only_what_gguf_knows() -> None:
    assert {layout.architecture for layout in LAYOUTS.values()} <= set(gguf.MODEL_ARCH_NAMES.values())
