"""A project with a trained run, for comparisons: a random student, and an adapter that changes its answers."""

from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step
from mlx_lm.sample_utils import make_sampler

from espalier.comparison.turns import Settings
from espalier.files import write_json
from espalier.language import Message, Prompt
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.model import MlxModel, load
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


def alone(model: MlxModel, text: str, settings: Settings) -> str:
    """Return what mlx-lm alone writes with a model that is loaded whole."""
    prompt = model.encode(Prompt((Message("user", text),)))
    mx.random.seed(settings.seed)
    tokens = []
    sampler = make_sampler(settings.temperature, settings.top_p)
    for token, _ in generate_step(mx.array(prompt), model.model, max_tokens=settings.max_tokens, sampler=sampler):
        if int(token) in model.tokenizer.eos_token_ids:
            break
        tokens.append(int(token))
    return str(model.tokenizer.decode(tokens))
