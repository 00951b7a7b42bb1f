"""The student made small: merged with its adapter in float, quantized once, and distilled where that is asked for."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import compute_bits_per_weight, dequantize_model, quantize_model, save_config, save_model

from espalier.files import replace_folder, write_json
from espalier.language import TrainRow
from espalier.metal.adapters import put_adapter
from espalier.metal.distill import Distillation
from espalier.metal.model import load
from espalier.metal.soft_prompt import FILE
from espalier.models.config import normalised
from espalier.models.shapes import Part
from espalier.quantization.layout import layer_count, packing
from espalier.quantization.settings import QuantizeSettings
from espalier.quantization.store import RECORD, record_of

_COPIED = (
    "tokenizer*.json",
    "chat_template.jinja",
    "generation_config.json",
    "special_tokens_map.json",
    "*.model",
)


def fuse(model: nn.Module) -> nn.Module:
    """Return the model with its LoRA factors merged into float weights."""
    fused = [(name, module.fuse(dequantize=True)) for name, module in model.named_modules() if hasattr(module, "fuse")]
    model.update_modules(tree_unflatten(fused))
    return dequantize_model(model)


def save_quantized(
    model_path: Path,
    adapter: Path,
    destination: Path,
    settings: QuantizeSettings,
    rows: Sequence[TrainRow] = (),
    on_update: Callable[[int, int, float], None] | None = None,
) -> None:
    """Write the student merged with its adapter, quantized, as an mlx-lm model folder with its record.

    Scales are float32 on Linux, where MLX's CPU kernels are some 30 times slower with others.

    Args:
        model_path: folder of the student.
        adapter: what was trained.
        destination: folder, which is whole or not there.
        settings: how it is quantized.
        rows: of the training data, which dwq learns from.
        on_update: told each update of dwq, how many there are, and its loss in nats per token.
    """
    student = load(model_path)
    if not (adapter / FILE).exists():  # a soft prompt changes no weight; it goes beside them
        put_adapter(student.model, adapter)
    model = student.model = fuse(student.model)
    model.eval()
    config = normalised(json.loads((model_path / "config.json").read_text(encoding="utf-8")))
    config.pop("quantization", None)
    config.pop("quantization_config", None)
    dtype = mx.float16 if mx.metal.is_available() else mx.float32
    model.update(tree_unflatten([(name, value.astype(dtype)) for name, value in tree_flatten(model.parameters())]))
    known: dict[str, Any] = {}
    distillation = Distillation(student, rows, settings.dwq) if settings.method == "dwq" else None
    group, bits = settings.group_size, settings.lowest_bits
    model, config = quantize_model(
        model, config, group, bits, settings.mode, quant_predicate=_predicate(model, settings)
    )
    if distillation:
        known["distilled"] = distillation.run(on_update)
    known["bits_per_weight"] = round(float(compute_bits_per_weight(model)), 3)
    with replace_folder(destination) as folder:
        save_model(folder, model, donate_model=True)
        save_config(json.loads(json.dumps(config)), folder / "config.json")
        if (adapter / FILE).exists():
            shutil.copyfile(adapter / FILE, folder / FILE)
        for pattern in _COPIED:
            for file in model_path.glob(pattern):
                shutil.copyfile(file, folder / file.name)
        write_json(folder / RECORD, record_of(settings, **known))


def _predicate(model: Any, settings: QuantizeSettings) -> Callable[[str, nn.Module], bool | dict[str, int | str]]:
    """Return what tells mlx-lm how to pack a part; what the architecture itself wants for one comes first.

    Routers of experts want 8 bits, for instance: a wrong choice of expert is no small error.
    """
    layers = layer_count(Part(name, ()) for name, _ in model.named_modules())
    own = getattr(model, "quant_predicate", None)

    def choose(path: str, module: nn.Module) -> bool | dict[str, int | str]:
        wanted = own(path, module) if own else True
        if isinstance(wanted, dict):
            return dict(wanted) if module.weight.shape[-1] % wanted["group_size"] == 0 else False
        found = packing(settings, Part(path, module.weight.shape), layers) if wanted else None
        return {"group_size": found.group_size, "bits": found.bits, "mode": found.mode} if found else False

    return choose
