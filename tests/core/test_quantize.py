"""The student made small in every way there is: what is written, what is refused, what is measured, what is kept."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx_lm.convert import mixed_quant_predicate_builder
from mlx_lm.utils import load as load_plainly
from mlx_lm.utils import quantize_model
from random_models import PACKABLE, random_model

from espalier.errors import EspalierError
from espalier.language import Message, TrainRow
from espalier.metal.backend import MlxBackend
from espalier.metal.batch import Layout, make_batch
from espalier.metal.distill import _unpacked
from espalier.metal.divergence import divergences
from espalier.metal.model import load
from espalier.metal.quantize import _predicate
from espalier.metal.rows import Encoded
from espalier.models.folder import find_model
from espalier.models.shapes import Part, packed_bits, read_parts
from espalier.models.starter import STARTER
from espalier.quantization.layout import check_fit, layer_count, packing, quantized_bytes
from espalier.quantization.settings import QuantizeSettings, settings_of
from espalier.quantization.store import RECORD
from espalier.quantization.ways import ways
from espalier.training.settings import LoraSettings, PromptSettings, TrainSettings

ROWS = [
    TrainRow((Message("user", f"What is number {index}?"), Message("assistant", f"It is {index * 7} and red.")))
    for index in range(12)
]
DWQ = {"method": "dwq", "bits": 2, "dwq.updates": 12, "dwq.rows": 4, "dwq.learning_rate": 3e-3}
NAMES = {way.name: way for way in ways()}


@pytest.fixture(scope="module")
def adapter(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    settings = TrainSettings(lora=LoraSettings(rank=4), epochs=8, learning_rate=1e-2, save_every=100)
    MlxBackend().train(tiny_folder, ROWS, settings, run, lambda event: None)
    return run / "adapter"


@pytest.mark.parametrize("name", NAMES)
def test_every_way_is_written_as_forecast_read_by_mlx_lm_and_close_to_the_student(
    name: str, tiny_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    way = replace(NAMES[name], dwq=settings_of(DWQ).dwq)
    MlxBackend().quantize(tiny_folder, adapter, tmp_path / "small", way, ROWS)
    config = json.loads((tmp_path / "small/config.json").read_text())
    assert config["quantization"]["mode"] == way.mode
    assert config["quantization"]["model.embed_tokens"]["bits"] == 8
    assert packed_bits(tmp_path / "small") >= {way.lowest_bits, 8}
    forecast = quantized_bytes(way, read_parts(tiny_folder))
    written = (tmp_path / "small/model.safetensors").stat().st_size
    assert forecast < written < forecast + 8000  # the header with the names
    tokens = mx.array([[5, 6, 7, 8]])
    plain = load_plainly(str(tmp_path / "small"))[0](tokens)
    expanded = load(tmp_path / "small").model(tokens)
    assert mx.metal.is_available() or expanded.dtype == mx.float32
    assert mx.allclose(plain, expanded, atol=1e-3)
    tuned = MlxBackend().load(tiny_folder, adapter).model(tokens)
    off = (mx.mean(mx.abs(tuned - expanded)) / mx.mean(mx.abs(tuned))).item()
    assert 0 < off < {8: 0.03, 6: 0.06, 5: 0.1, 4: 0.25, 3: 0.4, 2: 0.9}[way.lowest_bits]


@pytest.mark.parametrize("recipe", ["mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6"])
def test_recipes_are_those_of_mlx_lm(recipe: str) -> None:
    names = ["self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj", "mlp.up_proj"]
    paths = [f"model.layers.{layer}.{name}" for layer in range(30) for name in names] + [
        "model.embed_tokens",
        "lm_head",
    ]

    class Model:
        layers = range(30)

        def named_modules(self) -> list[tuple[str, None]]:
            return [(path, None) for path in paths]

    theirs = mixed_quant_predicate_builder(recipe, Model(), 64)
    settings = QuantizeSettings("mixed", recipe=recipe, group=64, embedding_bits=0)
    for path in paths:
        found = packing(settings, Part(path, (64, 64)), 30)
        assert found
        assert {"group_size": 64, "bits": found.bits, "mode": "affine"} == theirs(path, None)


@pytest.mark.parametrize("architecture", PACKABLE)
def test_every_architecture_can_be_packed_and_its_parts_that_do_not_fit_stay_floats(architecture: str) -> None:
    model = random_model(architecture)
    tokens = mx.array([[5, 6, 7, 8]])
    before = model(tokens)
    way = QuantizeSettings("affine", bits=8)
    model, config = quantize_model(model, {}, way.group, 8, quant_predicate=_predicate(model, way))
    packed = [name for name in config["quantization"] if "." in name]
    assert any(name.endswith("q_proj") or name.endswith("qkv_proj") for name in packed)
    assert not any(name.endswith("mlp.down_proj") for name in packed)  # it is 48 wide
    assert mx.max(mx.abs(model(tokens) - before)).item() < 0.2 * mx.max(mx.abs(before)).item()


def test_distilling_brings_the_small_student_nearer_and_trains_nothing_but_scales(
    tiny_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int, float]] = []
    settings, backend = settings_of(DWQ), MlxBackend()
    backend.quantize(tiny_folder, adapter, tmp_path / "dwq", settings, ROWS, lambda *update: told.append(update))
    backend.quantize(tiny_folder, adapter, tmp_path / "plain", replace(settings, method="affine"))
    distilled = json.loads((tmp_path / "dwq" / RECORD).read_text())["distilled"]
    assert distilled["after"] < 0.9 * distilled["before"]
    assert [step for step, _, _ in told] == list(range(1, 13))
    ours, theirs = (mx.load(str(tmp_path / name / "model.safetensors")) for name in ("dwq", "plain"))
    assert {name.rpartition(".")[2] for name in ours if not mx.array_equal(ours[name], theirs[name])} == {
        "scales",
        "biases",
    }
    texts = {"project": ROWS}
    near, far = (backend.compare(tiny_folder, adapter, tmp_path / name, texts) for name in ("dwq", "plain"))
    assert near.divergence["quantized"]["project"].kl < far.divergence["quantized"]["project"].kl


def test_written_out_weights_compute_what_packed_ones_do(tiny_folder: Path, adapter: Path, tmp_path: Path) -> None:
    MlxBackend().quantize(tiny_folder, adapter, tmp_path / "small", QuantizeSettings("affine", bits=3))
    model = load_plainly(str(tmp_path / "small"))[0]
    tokens = mx.array([[9, 8, 7]])
    packed = model(tokens)
    with _unpacked(model):
        assert mx.allclose(model(tokens), packed, atol=1e-4)
    assert mx.array_equal(model(tokens), packed)


def test_dwq_needs_samples(tiny_folder: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="fewer than 5"):
        MlxBackend().quantize(tiny_folder, adapter, tmp_path / "small", settings_of(DWQ), ROWS[:4])
    assert not (tmp_path / "small").exists()


def test_divergence_is_what_numpy_says() -> None:
    ours, other = random_model("qwen2"), random_model("llama")
    rows = [Encoded([5, 9, 3, 20, 41], [2, 3, 4]), Encoded([7, 8, 9], [1])]
    batch = make_batch(rows, Layout(packed=False, common=0))

    def distributions(model: Any) -> np.ndarray[Any, Any]:
        found = []
        for row in rows:
            scores = np.array(model(mx.array([row.tokens])))[0].astype(np.float64)
            shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
            found += [shares[place - 1] for place in row.answers]
        return np.array(found)

    p, q = distributions(ours), distributions(other)
    (found,) = divergences(other, {"text": [batch]}, {"text": [mx.array(np.log(p))]}).values()
    assert found.kl == pytest.approx(np.mean(np.sum(p * np.log(p / q), axis=1)), rel=1e-3)
    assert found.same == np.mean(p.argmax(1) == q.argmax(1))
    assert found.tokens == 4


def test_merging_in_float_costs_nothing_and_fewer_bits_cost_more(
    tiny_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    kl = []
    for bits in (8, 4, 2):
        way = QuantizeSettings("affine", bits=bits)
        MlxBackend().quantize(tiny_folder, adapter, tmp_path / str(bits), way)
        found = MlxBackend().compare(tiny_folder, adapter, tmp_path / str(bits), {"project": ROWS, "none": []})
        assert found.divergence["fused"]["project"].kl < 1e-6
        assert found.divergence["fused"]["project"].same == 1
        assert found.divergence["quantized"]["none"].tokens == 0
        assert found.memory["quantized"] < found.memory["fused"] <= found.memory["adapter"]
        assert found.tokens_per_second["quantized"] > 0
        kl.append(found.divergence["quantized"]["project"].kl)
    assert 0 < kl[0] < kl[1] < kl[2]


def test_a_soft_prompt_stands_before_the_small_student_too(tiny_folder: Path, tmp_path: Path) -> None:
    settings = TrainSettings("prompt", prompt=PromptSettings(tokens=4), epochs=8, learning_rate=0.1)
    (tmp_path / "run").mkdir()
    MlxBackend().train(tiny_folder, ROWS, settings, tmp_path / "run", lambda event: None)
    adapter, small = tmp_path / "run" / "adapter", tmp_path / "small"
    MlxBackend().quantize(tiny_folder, adapter, small, QuantizeSettings("affine", bits=8))
    found = MlxBackend().compare(tiny_folder, adapter, small, {"project": ROWS}).divergence
    assert found["fused"]["project"].kl == 0
    assert 0 < found["quantized"]["project"].kl < 0.02


@pytest.mark.slow
def test_the_starter_model_in_8_bits_is_nearly_itself_and_in_2_it_is_not(
    starter_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPALIER_HOME", str(starter_home))
    model = find_model(STARTER)
    settings = TrainSettings(lora=LoraSettings(rank=4), updates=2, batch_rows=4, save_every=100)
    (tmp_path / "run").mkdir()
    MlxBackend().train(model, ROWS[:4], settings, tmp_path / "run", lambda event: None)
    kl = {}
    for bits in (8, 2):
        way = QuantizeSettings("affine", bits=bits)
        MlxBackend().quantize(model, tmp_path / "run/adapter", tmp_path / str(bits), way)
        found = MlxBackend().compare(model, tmp_path / "run/adapter", tmp_path / str(bits), {"project": ROWS[:4]})
        kl[bits] = found.divergence["quantized"]["project"].kl
        assert found.memory["quantized"] == pytest.approx(quantized_bytes(way, read_parts(model)), rel=0.01)
    assert kl[8] < 0.02
    assert kl[2] > 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bits": 7}, "Weights of 7 bits cannot be packed"),
        ({"bits": "many"}, "Give a whole number"),
        ({"method": "gguf"}, "no method “gguf”"),
        ({"recipe": "mixed_1_2"}, "no recipe “mixed_1_2”"),
        ({"group": 48}, "Groups of 48 weights"),
        ({"embedding_bits": 7}, "token table of 7 bits"),
        ({"method": "dwq", "bits": 8}, "nothing left to distil"),
        ({"dwq.updates": 0}, "counted from 1"),
        ({"dwq.learning_rate": 2}, "learning rate of dwq is 2"),
        ({"dwq": {"temperature": 0}}, "temperature of dwq is 0"),
        ({"width": 4}, "no setting “width”"),
    ],
)
def test_values_that_cannot_be_used_are_one_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(EspalierError, match=said):
        settings_of(values)


def wide(*widths: int) -> list[Part]:
    return [Part(f"model.layers.{layer}.mlp.up_proj", (64, width)) for layer, width in enumerate(widths)]


@pytest.mark.parametrize(
    ("settings", "widths", "said"),
    [
        (QuantizeSettings(group=128), (576, 1536), "1 of its parts are 576 wide. Groups that fit: 32, 64."),
        (QuantizeSettings("affine", group=64), (96,), "Groups that fit: 32."),
        (QuantizeSettings("mxfp4"), (48,), "No group of weights fits"),
        (QuantizeSettings(), (48, 40), "No group of weights fits this student: its parts are 40, 48 wide."),
    ],
)
def test_groups_that_do_not_fit_are_refused_with_those_that_do(
    settings: QuantizeSettings, widths: tuple[int, ...], said: str
) -> None:
    with pytest.raises(EspalierError, match=said):
        check_fit(settings, wide(*widths))


def test_parts_that_no_group_fits_are_told_and_left() -> None:
    assert "width of 48: 1" in check_fit(QuantizeSettings(), wide(48, 64))
    assert check_fit(QuantizeSettings("nvfp4"), wide(48, 64)) == ""
    assert packing(QuantizeSettings(), wide(48)[0], 1) is None
    assert layer_count([Part("model.embed_tokens", (8, 64)), *wide(64, 64)]) == 2


def test_packed_weights_are_read_with_the_shape_that_they_stand_for(
    tiny_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    MlxBackend().quantize(tiny_folder, adapter, tmp_path / "small")
    assert sorted(read_parts(tmp_path / "small"), key=str) == sorted(read_parts(tiny_folder), key=str)
    assert packed_bits(tiny_folder) == frozenset()


@pytest.mark.parametrize(
    "damage", [b"", b"\x10\x00\x00\x00\x00\x00\x00\x00[1, 2]          ", b"\xff" * 64], ids=["empty", "list", "long"]
)
def test_weights_that_cannot_be_read_are_one_sentence(damage: bytes, tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((tiny_folder / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(damage)
    with pytest.raises(EspalierError, match="cannot be read"):
        read_parts(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
import espalier.metal
from core.test_quantize import DWQ, ROWS
from espalier.metal.backend import MlxBackend
from espalier.quantization.settings import settings_of

def kill(step, steps, loss):
    if step == 5:
        os.kill(os.getpid(), signal.SIGKILL)

MlxBackend().quantize(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), settings_of(DWQ), ROWS, kill)
"""


@pytest.fixture
def killed(tiny_folder: Path, adapter: Path, tmp_path: Path) -> Path:
    destination = tmp_path / "models" / "small"
    arguments = [sys.executable, "-c", KILLED, str(tiny_folder), str(adapter), str(destination)]
    done = subprocess.run(arguments, env=os.environ, cwd=Path(__file__).parents[1], timeout=300)
    assert done.returncode == -signal.SIGKILL
    return destination


def test_killed_mid_way_nothing_is_half_there_and_it_can_be_made_again(
    killed: Path, tiny_folder: Path, adapter: Path
) -> None:
    assert not killed.exists()
    MlxBackend().quantize(tiny_folder, adapter, killed, settings_of(DWQ), ROWS)
    assert load(killed).model(mx.array([[5]])).shape == (1, 1, 320)
