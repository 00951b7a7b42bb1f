"""A project with a trained run, for comparisons: a random student, and an adapter that changes its answers."""

from pathlib import Path

import mlx.core as mx

from espalier.files import write_json
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.model import load
from espalier.project import Project, create, write_settings
from espalier.training.settings import LoraSettings, TrainSettings

RUN = "2026-11-20T18-42-07"


def settings_of(method: str) -> TrainSettings:
    """Return settings with a small adapter."""
    return TrainSettings(method=method, lora=LoraSettings(rank=4, scale=3.0))


def write_trained(folder: Path, student: Path, method: str = "lora", seed: int = 1, size: float = 0.3) -> Path:
    """Write what a training by a method could have written, made of random numbers."""
    trained, settings = load(student), settings_of(method)
    adapt(trained, settings)
    mx.random.seed(seed)
    for _, module in trained.model.named_modules():
        if "lora_b" in module:
            module.lora_b = mx.random.normal(module.lora_b.shape) * size
        elif method == "full" and "weight" in module:
            module.weight = module.weight + mx.random.normal(module.weight.shape) * 0.05
        elif "vectors" in module:
            module.vectors = mx.random.normal(module.vectors.shape) * 0.05
    folder.mkdir(parents=True, exist_ok=True)
    write_adapter(folder, trained.model, settings)
    return folder


def make_compared(root: Path, student: Path, method: str = "lora", run: str = RUN, size: float = 0.3) -> Project:
    """Make a project with a run of a student, or add a run to it."""
    project = Project(root, student=str(student), teacher=str(student))
    if not root.exists():
        create(root)
    write_settings(project)
    folder = project.runs / run
    seed = sum(map(ord, run))
    write_trained(folder / "adapter", student, method, seed, size)
    write_json(folder / "request.json", {"key": run, "student": str(student), "settings": {"method": method}})
    return project
