"""The adapter as mlx-lm reads it, with nothing in its configuration but what loading needs."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.metal.adapters import load_adapter
from espalier.metal.forms.checking import bare, judge, row_logits
from espalier.metal.model import load
from espalier.metal.soft_prompt import FILE
from espalier.sharing.check import Check
from espalier.sharing.export import Made

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"
_KEPT = ("fine_tune_type", "num_layers", "lora_parameters", "tokens", "text")
_SHAPE = ("rank", "scale", "dropout", "keys")


def write(made: Made, destination: Path) -> Check:
    """Write the adapter, all weights or the soft prompt into an empty folder, and load them again from there.

    Raises:
        EspalierError: the run's adapter cannot be read, or does not fit its student.
    """
    made.tell("writing")
    try:
        config = json.loads((made.adapter / CONFIG).read_text(encoding="utf-8"))
        if made.kind == "prompt":
            shutil.copyfile(made.adapter / FILE, destination / FILE)
        else:
            mx.save_safetensors(
                str(destination / WEIGHTS), mx.load(str(made.adapter / WEIGHTS)), metadata={"format": "mlx"}
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise EspalierError(f"The adapter in {made.adapter} cannot be read: {error}. Train again.") from error
    write_json(destination / CONFIG, clean(config, made.base))
    made.tell("reading it back")
    student = load(made.student)
    load_adapter(student, made.adapter)
    reference = row_logits(student, made.rows)
    bare(student.model)
    load_adapter(student, destination)
    return judge(reference, row_logits(student, made.rows))


def clean(config: dict[str, Any], base: str) -> dict[str, Any]:
    """Return an adapter's configuration with what loading needs, and the base's public name where it is known.

    mlx-lm writes every setting of its command line into this file, folders of the person's own among them.
    """
    kept = {name: config[name] for name in _KEPT if name in config}
    if isinstance(shape := kept.get("lora_parameters"), dict):
        kept["lora_parameters"] = {name: shape[name] for name in _SHAPE if name in shape}
    return {**kept, **({"model": base} if base else {})}
