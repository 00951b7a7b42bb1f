"""The 4-bit student: merged in float, then quantized once."""

import json
import shutil
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import dequantize_model, load_model, quantize_model, save_config, save_model

from espalier.files import replace_folder
from espalier.metal.adapters import put_adapter
from espalier.metal.soft_prompt import FILE

GROUP = 32  # weights that share a scale: 64 loses more, Qwen3-0.6B perplexity 12.58 against 11.92 (mlx-lm #202)
# 6 bits instead of 4, as llama.cpp's Q4_K_M does for the first two: over four tuned students at most 8 points of
# held-out answers are lost, against 17 without o_proj and 21 with none (SmolLM2-135M, 2026-11-21).
SENSITIVE = ("v_proj", "down_proj", "o_proj")
EMBEDDING_BITS = 8  # tied embeddings are also the head: they are small and matter twice
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


def save_quantized(model_path: Path, adapter: Path, destination: Path) -> None:
    """Write the student merged with its adapter, in 4 bits, as an mlx-lm model folder.

    Scales are float32 on Linux, where MLX's CPU kernels are some 30 times slower with others.
    """
    model, config = load_model(model_path)
    if not (adapter / FILE).exists():  # a soft prompt changes no weight; it goes beside them
        put_adapter(model, adapter)
    model = fuse(model)
    config.pop("quantization", None)
    config.pop("quantization_config", None)
    dtype = mx.float16 if mx.metal.is_available() else mx.float32
    model.update(tree_unflatten([(name, value.astype(dtype)) for name, value in tree_flatten(model.parameters())]))

    def bits(path: str, module: nn.Module) -> bool | dict[str, int]:
        if not hasattr(module, "to_quantized") or module.weight.shape[-1] % GROUP:
            return False
        is_embedding = isinstance(module, nn.Embedding) or path.endswith("lm_head")
        return {"group_size": GROUP, "bits": EMBEDDING_BITS if is_embedding else 6 if path.endswith(SENSITIVE) else 4}

    model, config = quantize_model(model, config, GROUP, 4, quant_predicate=bits)
    with replace_folder(destination) as folder:
        save_model(folder, model, donate_model=True)
        save_config(json.loads(json.dumps(config)), folder / "config.json")
        if (adapter / FILE).exists():
            shutil.copyfile(adapter / FILE, folder / FILE)
        for pattern in _COPIED:
            for file in model_path.glob(pattern):
                shutil.copyfile(file, folder / file.name)
