"""A configuration of transformers 5 is read as it is meant, and one of before as it always was."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

import espalier.metal  # first: it prepares the process for MLX
from espalier.metal.model import load
from espalier.models.config import normalised

assert espalier.metal
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, {"rope_theta": 5e5}),
        ({"rope_parameters": {"rope_theta": 5e5}, "rope_theta": 1e4}, {"rope_theta": 1e4}),
        (
            {"rope_parameters": {**LLAMA3, "rope_theta": 5e5}},
            {"rope_theta": 5e5, "rope_scaling": {**LLAMA3, "type": "llama3", "rope_theta": 5e5}},
        ),
        (
            {"rope_parameters": {"sliding_attention": {"rope_theta": 1e4}, "full_attention": {"rope_theta": 1e6}}},
            {"rope_theta": 1e6, "rope_local_base_freq": 1e4},
        ),
        ({"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5}}, {"partial_rotary_factor": 0.5}),
        ({"num_local_experts": 8, "dtype": "bfloat16"}, {"num_experts": 8, "torch_dtype": "bfloat16"}),
        ({"text_config": {"rope_parameters": {"rope_theta": 7.0}}}, {}),
        ({"rope_theta": 1e4, "rope_scaling": None}, {"rope_theta": 1e4, "rope_scaling": None}),
    ],
)
def test_every_value_is_found_under_the_older_name(written: dict[str, Any], read: dict[str, Any]) -> None:
    found = normalised(written)
    assert {name: found.get(name) for name in read} == read
    assert normalised(found) == found
    if "text_config" in written:
        assert found["text_config"]["rope_theta"] == 7.0


@pytest.mark.parametrize("theta", [10_000.0, 123_456.0])
def test_a_model_saved_by_transformers_5_computes_with_its_own_rotary_base(
    tiny_folder: Path, tmp_path: Path, theta: float
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    config = json.loads((tiny_folder / "config.json").read_text())
    for folder, more in (
        (old, {"rope_theta": theta}),
        (new, {"rope_parameters": {"rope_type": "default", "rope_theta": theta}}),
    ):
        shutil.copytree(tiny_folder, folder)
        (folder / "config.json").write_text(json.dumps({**config, **more}))
    tokens = mx.array([list(range(5, 90))])
    assert mx.array_equal(load(old).model(tokens), load(new).model(tokens))
    differs = not mx.allclose(load(new).model(tokens), load(tiny_folder).model(tokens), atol=1e-3)
    assert differs == (theta != 10_000.0)
