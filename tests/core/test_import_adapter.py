"""PEFT's adapters as runs of a project: what they compute, what is done with them, and what is refused."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import espalier.metal  # first: it prepares the process for MLX
from espalier import cli
from espalier.errors import EspalierError
from espalier.messages import Event, Note
from espalier.metal.backend import MlxBackend
from espalier.metal.forms.peft_import import convert
from espalier.metal.model import load
from espalier.project import Project, create, open_project
from espalier.project_survey import survey
from espalier.quantization.settings import USUAL
from espalier.quantization.stage import make
from espalier.sharing.export import make_form
from espalier.sharing.forms import offered
from espalier.sharing.import_adapter import import_adapter
from espalier.sharing.peft_config import make_config, scaling
from espalier.survey_cache import SurveyCache
from espalier.training.run import Run, all_runs, latest_trained

assert espalier.metal
WIDTH, RANK = 64, 4
Q = "base_model.model.model.layers.{}.self_attn.q_proj"
CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "base_model_name_or_path": "owner/tiny",
    "r": RANK,
    "lora_alpha": 8,
    "target_modules": ["q_proj"],
}


@pytest.fixture
def project(tmp_path: Path, tiny_folder: Path) -> Project:
    made = create(tmp_path / "project")
    (made.root / "project.yaml").write_text(f"version: 1\nmodels: {{student: {tiny_folder}, teacher: {tiny_folder}}}\n")
    return open_project(made.root)


@pytest.fixture
def peft(tmp_path: Path) -> Path:
    """A folder as PEFT saves one, on q_proj of both layers."""
    folder = tmp_path / "peft"
    write(folder, dict.fromkeys((0, 1), RANK))
    return folder


def write(folder: Path, ranks: dict[int, int], config: dict[str, Any] | None = None, **more: mx.array) -> None:
    folder.mkdir(exist_ok=True)
    mx.random.seed(2)
    tensors = dict(more)
    for layer, rank in ranks.items():
        tensors[f"{Q.format(layer)}.lora_A.weight"] = mx.random.normal((rank, WIDTH)) * 0.3
        tensors[f"{Q.format(layer)}.lora_B.weight"] = mx.random.normal((WIDTH, rank)) * 0.3
    mx.save_safetensors(str(folder / "adapter_model.safetensors"), tensors, {"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **(config or {})}))


def bring(project: Project, source: Path) -> tuple[Run, list[Event]]:
    heard: list[Event] = []
    return import_adapter(project, source, MlxBackend(), heard.append), heard


def test_an_imported_adapter_is_a_run_like_others(project: Project, peft: Path, tmp_path: Path) -> None:
    run, heard = bring(project, peft)
    assert not any(isinstance(event, Note) for event in heard)
    assert run.request["imported"] == {"from": "peft", "form": "peft", "base": "owner/tiny"}
    assert (run.settings.method, run.settings.lora.rank, run.settings.lora.scale) == ("lora", RANK, 2.0)
    assert run.settings.lora.keys == ("self_attn.q_proj",)
    assert latest_trained(project).folder == run.folder
    assert list(survey(project, SurveyCache(project.root)))
    assert [form["form"] for form in offered(run) if not form["reason"]]
    small = make(run, USUAL, MlxBackend(), lambda event: None)
    assert small.bytes > 0
    record = make_form(project, run, MlxBackend(), "peft", tmp_path / "again", lambda event: None)
    assert record["base"] == "owner/tiny", "its base is known from the adapter"
    before = mx.load(str(peft / "adapter_model.safetensors"))
    after = mx.load(str(tmp_path / "again" / "adapter_model.safetensors"))
    assert set(before) == set(after)
    assert all(mx.array_equal(before[name], after[name]) for name in before)


@settings(deadline=None, max_examples=15)
@given(
    ranks=st.dictionaries(st.sampled_from([0, 1]), st.integers(1, 6), min_size=1),
    alpha=st.sampled_from([1, 8, 7.5]),
    pattern=st.sampled_from([{}, {"layers.1.self_attn.q_proj": 3}, {r"layers\.0\..*": 5}]),
    is_stabilized=st.booleans(),
)
def test_each_part_keeps_its_own_product(
    tiny_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ranks: dict[int, int],
    alpha: float,
    pattern: dict[str, float],
    is_stabilized: bool,
) -> None:
    folder = tmp_path_factory.mktemp("adapters") / "peft"
    write(folder, ranks, {"lora_alpha": alpha, "alpha_pattern": pattern, "use_rslora": is_stabilized})
    given = mx.load(str(folder / "adapter_model.safetensors"))
    found = convert(folder, _student(tiny_folder))
    scale = found.config["lora_parameters"]["scale"]
    for layer, rank in ranks.items():
        own = next((value for key, value in pattern.items() if key[7] == str(layer) or key[8] == str(layer)), alpha)
        factor = own / (math.sqrt(rank) if is_stabilized else rank)
        name = f"model.layers.{layer}.self_attn.q_proj"
        product = scale * found.tensors[f"{name}.lora_a"] @ found.tensors[f"{name}.lora_b"]
        a, b = (given[f"{Q.format(layer)}.lora_{letter}.weight"] for letter in "AB")
        assert mx.allclose(product, (factor * b @ a).T, atol=1e-5)


_LOADED: dict[Path, Any] = {}


def _student(folder: Path) -> Any:
    if folder not in _LOADED:
        _LOADED[folder] = load(folder).model
    return _LOADED[folder]


def setting(**values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**config, **values}))

    return change


def pickled(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def cut(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def half(folder: Path) -> None:
    tensors = mx.load(str(folder / "adapter_model.safetensors"))
    mx.eval(tensors)
    tensors.pop(f"{Q.format(0)}.lora_B.weight")
    mx.save_safetensors(str(folder / "adapter_model.safetensors"), tensors)


def other_size(folder: Path) -> None:
    write(
        folder,
        {},
        None,
        **{f"{Q.format(0)}.lora_A.weight": mx.ones((2, 7)), f"{Q.format(0)}.lora_B.weight": mx.ones((WIDTH, 2))},
    )


def other_name(folder: Path) -> None:
    write(folder, {9: 2})


def no_numbers(folder: Path) -> None:
    write(
        folder,
        {},
        None,
        **{
            f"{Q.format(0)}.lora_A.weight": mx.full((2, WIDTH), math.nan),
            f"{Q.format(0)}.lora_B.weight": mx.ones((WIDTH, 2)),
        },
    )


def whole_weights(folder: Path) -> None:
    write(folder, {0: 2}, None, **{"base_model.model.lm_head.weight": mx.ones((3, 3))})


def mlx_lm(folder: Path) -> None:
    (folder / "adapter_config.json").write_text(json.dumps({"fine_tune_type": "lora"}))


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "modules to save": (setting(modules_to_save=["lm_head"]), "sets modules_to_save"),
    "biases": (setting(bias="all"), "sets bias"),
    "tokens": (setting(trainable_token_indices=[1]), "sets trainable_token_indices"),
    "parameters": (setting(target_parameters=["experts"]), "sets target_parameters"),
    "another kind": (setting(peft_type="IA3"), "of the kind IA3"),
    "no scale": (setting(lora_alpha=0), "scale of 0"),
    "DoRA without magnitudes": (setting(use_dora=True), "magnitudes of model.layers.0"),
    "pickle": (pickled, "can hold a program"),
    "a cut file": (cut, "cannot be read"),
    "half a pair": (half, "are not whole"),
    "another size": (other_size, "has another size.*owner/tiny"),
    "another model": (other_name, "has no part “model.layers.9.self_attn.q_proj”.*owner/tiny"),
    "no numbers": (no_numbers, "computes no numbers"),
    "whole weights": (whole_weights, "holds base_model.model.lm_head.weight"),
    "mlx-lm's own form": (mlx_lm, "another program's"),
    "nothing": (shutil.rmtree, "is no folder"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_mlx_lm_cannot_hold_is_refused_with_the_reason(project: Project, peft: Path, name: str) -> None:
    break_it, reason = REFUSED[name]
    break_it(peft)
    with pytest.raises(EspalierError, match=reason):
        bring(project, peft)
    assert all_runs(project) == []
    assert list(project.runs.glob("*")) == []


def test_an_adapter_of_another_base_that_fits_is_told(project: Project, peft: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("espalier.sharing.import_adapter.base_of", lambda name: type("Base", (), {"id": "owner/mine"}))
    _, heard = bring(project, peft)
    assert [event.text for event in heard if isinstance(event, Note)] == [
        "The adapter was made for owner/tiny, and this student is owner/mine. It fits, but its answers can be poor."
    ]


def test_import_is_a_command(project: Project, peft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(project.root), str(peft)]) == 0
    run = latest_trained(project)
    assert str(run.folder) in capsys.readouterr().out.replace("\n", "")
    setting(bias="all")(peft)
    assert cli.main(["import", str(project.root), str(peft)]) == 1
    assert "sets bias" in capsys.readouterr().err
    assert len(all_runs(project)) == 1


LINEAR = [f"model.layers.{layer}.{part}" for layer in range(3) for part in ("attn.q", "attn.v", "mlp.q")] + ["head"]


@settings(deadline=None, max_examples=60)
@given(names=st.sets(st.sampled_from(LINEAR), min_size=1))
def test_the_configuration_means_the_adapted_parts_and_no_others(names: set[str]) -> None:
    config = make_config(names, LINEAR, 4, 8, base="a/b", is_dora=False, is_tied=False)
    targets, layers = config["target_modules"], config["layers_to_transform"]

    def is_meant(name: str) -> bool:  # by PEFT's rules
        if name not in targets and not any(name.endswith(f".{target}") for target in targets):
            return False
        parts = name.split(".")
        return layers is None or (parts[:2] == ["model", "layers"] and int(parts[2]) in layers)

    assert {name for name in LINEAR if is_meant(name)} == names
    assert type(config["lora_alpha"]) is int
    assert scaling(config, next(iter(names)), 4) == 2.0
