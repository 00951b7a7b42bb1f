"""Random students as folders, and random adapters of theirs, as a run leaves them."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from random_models import random_model, shape_of

from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.model import load
from espalier.training.settings import LoraSettings, TrainSettings

VOCABULARY = 320  # that of the tokenizer of conftest's tiny folder, and a little more


def make_student(folder: Path, name: str, tokenizer: Path, **config: Any) -> Path:
    """Write a random model of an architecture as a folder, with the tokenizer of another."""
    folder.mkdir(parents=True)
    shape = {**shape_of(name, VOCABULARY), "model_type": name, "torch_dtype": "float32", **config}
    (folder / "config.json").write_text(json.dumps(shape))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer / file, folder / file)
    (folder / "LICENSE").write_text("Do as you like.\n")
    weights = dict(tree_flatten(random_model(name, VOCABULARY).parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    return folder


def make_adapter(folder: Path, student: Path, method: str = "lora", **lora: Any) -> Path:
    """Write an adapter with random factors on both sides, so that it changes every answer."""
    folder.mkdir(parents=True)
    settings = TrainSettings(method=method, lora=LoraSettings(**{"rank": 4, "scale": 2.0, **lora}))
    loaded = load(student)
    adapt(loaded, settings)
    mx.random.seed(5)
    noise = [
        (name, mx.random.normal(value.shape) * 0.1)
        for name, value in tree_flatten(loaded.model.trainable_parameters())
        if name.endswith(("lora_a", "lora_b")) or (method == "full" and value.ndim == 2)
    ]
    loaded.model.load_weights(noise, strict=False)
    write_adapter(folder, loaded.model, settings)
    return folder
