"""What a run trains, by method: put onto a student, written, and loaded again."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters

from espalier.errors import EspalierError
from espalier.metal.model import MlxModel, expand
from espalier.metal.soft_prompt import FILE, VECTORS, add_prompt, load_prompt, write_prompt
from espalier.training.methods import refusal
from espalier.training.settings import LoraSettings, TrainSettings

GROUP = 32  # weights that share a scale when QLoRA makes its own base of 4 bits
_LINEAR = (nn.Linear, nn.QuantizedLinear, SwitchLinear, QuantizedSwitchLinear)
_TABLES = (nn.Embedding, nn.QuantizedEmbedding)
_MIXTURES = (SwitchLinear, QuantizedSwitchLinear)


def adapt(student: MlxModel, settings: TrainSettings, packed_bits: frozenset[int] = frozenset()) -> None:
    """Freeze the student but for what the method trains, and add that where it is new.

    Args:
        student: as loaded, without adapter.
        settings: the run's.
        packed_bits: bits of the weights in the student's files; empty when they are floats.

    Raises:
        EspalierError: the method cannot work on this student.
    """
    model = student.model
    layers = settings.lora.layers or len(model.layers)
    if layers > len(model.layers):
        raise EspalierError(f"The student has {len(model.layers)} layers, not {layers}. Adapt fewer, or 0 for all.")
    packed_bits |= {module.bits for module in model.modules() if isinstance(module, nn.QuantizedLinear)}
    if reason := refusal(settings.method, packed_bits):
        raise EspalierError(reason)
    if settings.method == "prompt":
        add_prompt(student, settings.prompt, settings.seed)
    elif settings.method == "full":
        model.freeze()
        for layer in model.layers[-layers:]:
            layer.unfreeze()
        if not settings.lora.layers:
            model.unfreeze()
    else:
        if settings.method == "dora" and any(isinstance(module, _MIXTURES) for module in model.modules()):
            raise EspalierError("DoRA cannot train a mixture of experts. Choose LoRA.")
        if settings.method == "qlora" and not packed_bits:
            nn.quantize(model, GROUP, 4, class_predicate=_can_pack)
            if not mx.metal.is_available():
                student.model = model = expand(model)  # the same numbers: see `espalier.metal.model.load`
        add_lora(model, settings.lora, settings.seed, dora=settings.method == "dora")
    model.train()


def add_lora(model: Any, settings: LoraSettings, seed: int, *, dora: bool = False) -> None:
    """Freeze the model and give its linear layers LoRA factors: A uniform at random, B zero.

    Raises:
        EspalierError: no layer of the model can take them, or there is no part of a name.
    """
    mx.random.seed(seed)
    model.freeze()
    linear_to_lora_layers(model, settings.layers or len(model.layers), lora_parameters(settings, model), use_dora=dora)
    if not tree_flatten(model.trainable_parameters()):
        raise EspalierError("No layer of this student can take LoRA factors. Choose another student.")


def lora_parameters(settings: LoraSettings, model: Any) -> dict[str, Any]:
    """Return the shape of an adapter as mlx-lm takes it; its names of parts are whole, ours may be their ends.

    mlx-lm passes over a name that it does not know in silence.

    Raises:
        EspalierError: a name that no part has.
    """
    shape: dict[str, Any] = {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout}
    if not settings.keys:
        return shape
    known = _part_names(model)
    keys = []
    for key in settings.keys:
        found = [name for name in known if name == key or name.endswith(f".{key}")]
        if not found:
            raise EspalierError(f"The student has no part “{key}”. Choose from {', '.join(known)}.")
        keys += found
    return {**shape, "keys": list(dict.fromkeys(keys))}


def _part_names(model: Any) -> list[str]:
    """Return the names of the parts that can be adapted: those in a layer from the layer on, others whole."""
    inside = {
        _plain(name): None
        for layer in model.layers
        for name, module in layer.named_modules()
        if isinstance(module, _LINEAR) or hasattr(module, "lora_a")
    }
    outside = {
        _plain(name): None
        for name, module in model.named_modules()
        if ".layers." not in f".{name}." and isinstance(module, (*_LINEAR, *_TABLES))
    }
    return [*inside, *outside]


def _plain(name: str) -> str:
    return name.removesuffix(".linear").removesuffix(".embedding")


def _can_pack(path: str, module: nn.Module) -> bool:
    return hasattr(module, "to_quantized") and module.weight.shape[-1] % GROUP == 0


def write_adapter(folder: Path, model: Any, settings: TrainSettings) -> None:
    """Write what was trained: in mlx-lm's format, and a soft prompt in our own."""
    if settings.method == "prompt":
        write_prompt(folder, model, settings.prompt)
        return
    mx.save_safetensors(str(folder / "adapters.safetensors"), dict(tree_flatten(model.trainable_parameters())))
    kind = "lora" if settings.method == "qlora" else settings.method
    config: dict[str, Any] = {"fine_tune_type": kind, "num_layers": settings.lora.layers or len(model.layers)}
    if kind != "full":
        config["lora_parameters"] = lora_parameters(settings.lora, model)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def read_trained(folder: Path, model: Any, settings: TrainSettings) -> None:
    """Put back what `write_adapter` wrote, into a student that was adapted with the same settings."""
    if settings.method == "prompt":
        model.model.embed_tokens.vectors = mx.load(str(folder / FILE))[VECTORS]
    else:
        model.load_weights(str(folder / "adapters.safetensors"), strict=False)


def load_adapter(student: MlxModel, folder: Path) -> None:
    """Put a saved adapter, fully trained weights or a soft prompt onto a student.

    Raises:
        EspalierError: the folder holds none, or one of another student.
    """
    if (folder / FILE).exists():
        load_prompt(student, folder)
        student.model.eval()
    else:
        put_adapter(student.model, folder)


def put_adapter(model: nn.Module, folder: Path) -> None:
    """Put a saved adapter or fully trained weights onto a model.

    Raises:
        EspalierError: the folder holds none, or one of another model.
    """
    try:
        load_adapters(model, str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise EspalierError(f"The adapter in {folder} does not fit this student: {error}") from error
    model.eval()
