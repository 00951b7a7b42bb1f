"""Adapters compute in transformers with PEFT what they compute here, and the other way round."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from torch_side import FAMILIES, IS_THERE, TorchSide

import espalier.metal  # first: it prepares the process for MLX
from espalier.language import Message, Prompt, TrainRow
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.forms import fused_form
from espalier.metal.forms.checking import bare
from espalier.metal.forms.peft_form import WEIGHTS, peft_adapter
from espalier.metal.forms.peft_import import convert
from espalier.metal.model import MlxModel, load
from espalier.models.starter import starter_folder
from espalier.sharing.export import Made
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
pytestmark = pytest.mark.skipif(not IS_THERE, reason="torch and peft are not installed: pip install '.[parity]'")
TOLERANCE = 1e-4  # of a logit, in float32
TOKENS = list(range(5, 305, 13))
ATTENTION = ("q_proj", "o_proj")
MIXTURES = ("qwen3_moe", "mixtral")
OTHER_NAMES = {"phi3": ("qkv_proj", "o_proj")}


def shapes(family: str) -> dict[str, TrainSettings]:
    """Return the adapters that are tried on a family; DoRA has no form for experts."""
    some = OTHER_NAMES.get(family, ATTENTION)
    found = {
        "LoRA": TrainSettings(lora=LoraSettings(rank=4, scale=2.5)),
        "LoRA, last layers": TrainSettings(lora=LoraSettings(rank=3, scale=2.13, layers=2, keys=some)),
    }
    if family not in MIXTURES:
        found |= {
            "DoRA": TrainSettings(method="dora", lora=LoraSettings(rank=4, scale=2.5)),
            "DoRA, last layers": TrainSettings(method="dora", lora=LoraSettings(rank=2, layers=2, keys=some)),
        }
    return found


class Bases:
    """Random models as transformers writes them, made once, and the process that computes with them."""

    def __init__(self, place: Path, tokenizer: Path) -> None:
        self.side = TorchSide()
        self._place, self._tokenizer = place, tokenizer
        self._students: dict[str, MlxModel] = {}

    def folder(self, family: str) -> Path:
        folder = self._place / family
        if not folder.exists():
            self.side.ask("make_base", family=family, folder=str(folder))
            for name in ("tokenizer.json", "tokenizer_config.json"):
                shutil.copyfile(self._tokenizer / name, folder / name)
        return folder

    def student(self, family: str) -> MlxModel:
        """Return the model as it is loaded here, without adapter."""
        if family not in self._students:
            self._students[family] = load(self.folder(family))
        student = self._students[family]
        bare(student.model)
        return student

    def theirs(self, family: str, adapter: Path) -> np.ndarray[Any, Any]:
        """Return the logits that transformers computes with an adapter of PEFT's."""
        out = adapter.with_suffix(".npy")
        values = {"base": str(self.folder(family)), "adapter": str(adapter), "tokens": [TOKENS], "out": str(out)}
        self.side.ask("logits", **values)
        return np.load(out)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Iterator[Bases]:
    made = Bases(tmp_path_factory.mktemp("bases"), tiny_folder)
    yield made
    made.side.close()


def test_adapters_compute_the_same_in_peft(tmp_path: Path, bases: Bases, subtests: pytest.Subtests) -> None:
    for family in FAMILIES:
        for name, settings in shapes(family).items():
            with subtests.test(family=family, shape=name):
                student = bases.student(family)
                plain = own_logits(student)
                adapt(student, settings)
                mx.random.seed(7)
                student.model.apply_to_modules(shake)
                student.model.eval()
                ours = own_logits(student)
                assert np.abs(ours - plain).max() > 0.01, "an adapter that changes nothing proves nothing"
                write(student, tmp_path / "adapter")
                assert np.abs(ours - bases.theirs(family, tmp_path / "adapter")).max() <= TOLERANCE


def own_logits(student: MlxModel) -> np.ndarray[Any, Any]:
    return np.array(student.model(mx.array([TOKENS]))[0].astype(mx.float32))


def write(student: MlxModel, folder: Path) -> None:
    tensors, config = peft_adapter(student.model, "owner/base")
    folder.mkdir(exist_ok=True)
    mx.save_safetensors(str(folder / WEIGHTS), tensors, metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps(config))


def shake(_: str, module: Any, strength: float = 0.1) -> None:
    if "lora_b" in module:
        module.lora_b = mx.random.normal(module.lora_b.shape) * strength
    if "m" in module:
        module.m = module.m * mx.random.uniform(0.9, 1.1, module.m.shape)


GIVEN: dict[str, dict[str, Any]] = {
    "plain": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]},
    "all linear": {"r": 4, "lora_alpha": 6, "target_modules": "all-linear"},
    "by a pattern": {"r": 4, "lora_alpha": 8, "target_modules": r".*\.layers\.[02]\.mlp\.(up|down)_proj"},
    "some layers": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "layers_to_transform": [0, 3]},
    "rank-stabilized": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "up_proj"], "use_rslora": True},
    "ranks of their own": {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": ["q_proj", "v_proj", "up_proj"],
        "rank_pattern": {"v_proj": 2, r"layers\.1\.mlp\.up_proj": 6},
        "alpha_pattern": {"q_proj": 3},
    },
    "DoRA": {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "use_dora": True},
    "DoRA, ranks of their own": {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": ["q_proj", "v_proj"],
        "rank_pattern": {"v_proj": 2},
        "use_dora": True,
    },
    "head": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "lm_head"]},
    "attention": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]},
    "embeddings": {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "q_proj"]},
}


def test_adapters_of_peft_compute_the_same_here(tmp_path: Path, bases: Bases, subtests: pytest.Subtests) -> None:
    cases = [("llama", name, config) for name, config in GIVEN.items()]
    cases += [(family, "all linear", GIVEN["all linear"]) for family in FAMILIES if family not in ("llama", *MIXTURES)]
    cases += [(family, "attention", GIVEN["attention"]) for family in MIXTURES]
    for number, (family, name, config) in enumerate(cases):
        with subtests.test(family=family, adapter=name):
            adapter, out = tmp_path / f"adapter-{number}", tmp_path / f"{number}.npy"
            places = {"base": str(bases.folder(family)), "folder": str(adapter), "out": str(out)}
            bases.side.ask("make_adapter", config=config, tokens=TOKENS, **places)
            student = bases.student(family)
            plain = own_logits(student)
            convert(adapter, student.model).put(student.model)
            ours = own_logits(student)
            assert np.abs(ours - plain).max() > 0.01
            assert np.abs(ours - np.load(out)).max() <= TOLERANCE
            if family == "llama":
                write(student, tmp_path / f"back-{number}")
                assert np.abs(ours - bases.theirs(family, tmp_path / f"back-{number}")).max() <= TOLERANCE


def test_the_whole_model_computes_the_same_in_transformers(
    tmp_path: Path, bases: Bases, subtests: pytest.Subtests
) -> None:
    for family in FAMILIES:
        with subtests.test(family=family):
            adapter, folder = tmp_path / family / "adapter", tmp_path / family / "whole"
            for each in (adapter, folder):
                each.mkdir(parents=True)
            settings = TrainSettings(lora=LoraSettings(rank=4, scale=2.5))
            student = bases.student(family)
            adapt(student, settings)
            mx.random.seed(7)
            student.model.apply_to_modules(shake)
            student.model.eval()
            write_adapter(adapter, student.model, settings)
            rows = (TrainRow((Message("user", "How high?"), Message("assistant", "Ten feet."))),)
            made = Made(bases.folder(family), adapter, "lora", "", False, rows)
            assert fused_form.write(made, folder).verdict == "same"
            out = folder / "logits.npy"
            bases.side.ask("logits", base=str(folder), adapter="", tokens=[TOKENS], out=str(out))
            assert np.abs(own_logits(student) - np.load(out)).max() <= TOLERANCE


@pytest.mark.slow
def test_the_starter_model_answers_the_same_in_peft(
    tmp_path: Path, starter_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPALIER_HOME", str(starter_home))
    student = load(starter_folder())
    rows = [student.encode(Prompt((Message("user", text),))) for text in ("What is iron?", "Who painted Guernica?")]
    plain = student.model(mx.array([rows[0]]))
    adapt(student, TrainSettings())
    mx.random.seed(7)
    student.model.apply_to_modules(lambda name, module: shake(name, module, 0.004))
    student.model.eval()
    assert mx.max(mx.abs(student.model(mx.array([rows[0]])) - plain)).item() > 0.1
    write(student, tmp_path / "adapter")
    side = TorchSide()
    places = {"base": str(starter_folder()), "adapter": str(tmp_path / "adapter"), "out": str(tmp_path / "out.npy")}
    written = side.ask("logits", tokens=rows, greedy=12, **places)
    side.close()
    ours = np.concatenate([np.array(student.model(mx.array([row]))[0]) for row in rows])
    assert np.abs(ours - np.load(tmp_path / "out.npy")).max() <= 1e-3
    assert [greedy(student, row, len(tokens)) for row, tokens in zip(rows, written, strict=True)] == written


def greedy(student: MlxModel, row: list[int], count: int) -> list[int]:
    found = list(row)
    for _ in range(count):
        found.append(int(mx.argmax(student.model(mx.array([found]))[0, -1]).item()))
    return found[len(row) :]
