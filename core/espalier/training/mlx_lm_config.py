"""mlx-lm's own settings: its defaults as a preset, and the YAML file of ``mlx_lm.lora --config`` in and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from espalier.errors import EspalierError
from espalier.training.settings import TrainSettings, changed

# mlx_lm.lora 0.32 without any option. Not taken over: loss on the question too, and an optimizer without bias
# correction, for both are defects that nobody wants back.
MLX_LM_DEFAULTS: Mapping[str, Any] = {
    "method": "lora",
    "lora.rank": 8,
    "lora.scale": 20.0,
    "lora.dropout": 0.0,
    "lora.layers": 16,
    "learning_rate": 1e-5,
    "schedule": "constant",
    "warm_up": 0.0,
    "updates": 1000,
    "batch_rows": 4,
    "accumulation": 1,
    "checkpointing": False,
    "max_tokens": 2048,
    "max_input": 0,
    "max_output": 0,
    "too_long": "cut",
    "weight_decay": 0.0,
    "clip": 0.0,
    "save_every": 100,
    "seed": 0,
}
_SAME = {
    "learning_rate": "learning_rate",
    "iters": "updates",
    "batch_size": "batch_rows",
    "grad_checkpoint": "checkpointing",
    "max_seq_length": "max_tokens",
    "save_every": "save_every",
    "seed": "seed",
    "num_layers": "lora.layers",
}
_KINDS = ("lora", "dora", "full")
_SCHEDULES = {"cosine_decay": "cosine", "linear_schedule": "linear"}
# Where the data and results are, and how often is told: the project says.
_ELSEWHERE = frozenset(
    {
        "model",
        "train",
        "data",
        "val_batches",
        "steps_per_report",
        "steps_per_eval",
        "resume_adapter_file",
        "adapter_path",
        "test",
        "test_batches",
        "config",
        "clear_cache_threshold",
        "report_to",
        "project_name",
        "optimizer_config",
        "mask_prompt",
    }
)


@dataclass(frozen=True)
class Taken:
    """What a file of mlx-lm said: values by our names, and a sentence for each thing that is otherwise here."""

    values: dict[str, Any]
    notes: tuple[str, ...]


def read_config(path: Path) -> Taken:
    """Return the values of an ``mlx_lm.lora`` configuration; what it leaves out is mlx-lm's default.

    Raises:
        EspalierError: the file cannot be read, or holds a value that cannot be used.
    """
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise EspalierError(f"{path} cannot be read as YAML. Give a configuration file of mlx_lm.lora.") from error
    if not isinstance(config, dict):
        raise EspalierError(f"{path} holds no settings. Give a configuration file of mlx_lm.lora.")
    values, notes = dict(MLX_LM_DEFAULTS), []
    for name, value in config.items():
        if name in _SAME:
            # YAML reads 1e-5 as a text; mlx-lm's own reader does not.
            values[_SAME[name]] = (0 if value == -1 else value) if name == "num_layers" else value
        elif name == "grad_accumulation_steps":
            values["accumulation"] = value
        elif name == "fine_tune_type":
            values["method"] = value
        elif name == "lora_parameters" and isinstance(value, Mapping):
            values.update({f"lora.{key}": part for key, part in value.items()})
        elif name == "lr_schedule" and value:
            notes += _take_schedule(value, values)
        elif name == "optimizer" and str(value).lower() not in ("adam", "adamw"):
            notes.append(f"The optimizer “{value}” is not offered here; AdamW is used.")
        elif name == "optimizer" and str(value).lower() == "adamw":
            values["weight_decay"] = 0.01
        elif name not in _ELSEWHERE and name not in ("lr_schedule", "optimizer"):
            notes.append(f"“{name}” says nothing here and is left out.")
    if "weight_decay" in (decay := ((config.get("optimizer_config") or {}).get("adamw") or {})):
        values["weight_decay"] = decay["weight_decay"]
    if not config.get("mask_prompt"):
        notes.append("mlx-lm would learn the questions too; here loss is taken on the answers alone.")
    # There, a batch is one pass and several passes make an update; here a batch is the update.
    try:
        parts = max(1, int(values["accumulation"]))
        values["batch_rows"] = int(values["batch_rows"]) * parts
        values["updates"] = max(1, int(values["updates"]) // parts)
    except (TypeError, ValueError) as error:
        raise EspalierError(f"{path}: batch_size, iters and grad_accumulation_steps must be whole numbers.") from error
    changed(TrainSettings(), values)  # says what is wrong
    return Taken(values, tuple(notes))


def _take_schedule(schedule: Any, values: dict[str, Any]) -> list[str]:
    """Put a schedule of mlx-lm into the values; return what cannot be."""
    if not isinstance(schedule, Mapping) or schedule.get("name") not in _SCHEDULES:
        return ["The learning rate's schedule is not offered here; the rate stays constant."]
    values["schedule"] = _SCHEDULES[schedule["name"]]
    arguments = schedule.get("arguments") or [values["learning_rate"]]
    values["learning_rate"] = arguments[0]
    values["warm_up"] = min(1.0, float(schedule.get("warmup") or 0) / max(1, int(values["updates"])))
    return ["The rate falls to a tenth at the end here, whatever the schedule's last value."]


def config_text(settings: TrainSettings, student: str, rows: int) -> str:
    """Return the YAML with which ``mlx_lm.lora --config`` trains much the same.

    Args:
        settings: of the run.
        student: name or path of the model.
        rows: in the run's mixture; epochs are counted in updates there.

    Raises:
        EspalierError: mlx-lm cannot train this way.
    """
    if settings.method not in (*_KINDS, "qlora"):
        raise EspalierError("mlx-lm cannot train a soft prompt. Choose LoRA to write settings for it.")
    lora = settings.lora
    updates = settings.updates or settings.epochs * -(-rows // settings.batch_rows)
    shape: dict[str, Any] = {"rank": lora.rank, "scale": lora.scale, "dropout": lora.dropout}
    passes = settings.accumulation
    config: dict[str, Any] = {
        "model": student,
        "train": True,
        "fine_tune_type": "lora" if settings.method == "qlora" else settings.method,
        "num_layers": lora.layers or -1,
        "lora_parameters": shape | ({"keys": list(lora.keys)} if lora.keys else {}),
        "optimizer": "adamw",
        "optimizer_config": {"adamw": {"weight_decay": settings.weight_decay, "bias_correction": True}},
        "learning_rate": settings.learning_rate,
        "batch_size": max(1, settings.batch_rows // passes),
        "grad_accumulation_steps": passes,
        "iters": updates * passes,
        "max_seq_length": settings.max_tokens,
        "grad_checkpoint": settings.checkpointing,
        "mask_prompt": True,
        "save_every": settings.save_every * passes,
        "seed": settings.seed,
    }
    if settings.schedule != "constant":
        rate = settings.learning_rate
        warm = round(updates * settings.warm_up)
        last = updates - warm
        cosine = settings.schedule == "cosine"
        config["lr_schedule"] = {
            "name": "cosine_decay" if cosine else "linear_schedule",
            "warmup": warm,
            "arguments": [rate, last, rate / 10] if cosine else [rate, rate / 10, last],
        }
    return str(yaml.safe_dump(config, sort_keys=False))
