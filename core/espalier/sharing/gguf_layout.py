"""How GGUF names and orders the weights of the architectures whose adapters llama.cpp takes.

Every entry was compared with llama.cpp's own converter (0.3.36's ``convert_lora_to_gguf.py``, 2026-11): a wrong order
of rows loads without a word and answers wrongly, so an architecture that is not listed is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_INSTEAD = "Share the whole model instead: llama.cpp’s converter takes that."


@dataclass(frozen=True)
class Layout:
    """One architecture.

    Attributes:
        architecture: llama.cpp's name for it.
        interleaves: rows of q and k stand interleaved within each head, as the older form of RoPE wants them.
        renames: parts of module names that `gguf`'s table knows by another name.
    """

    architecture: str
    interleaves: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)


_EXPERTS = {".switch_mlp.": ".experts."}
LAYOUTS: Mapping[str, Layout] = {
    "llama": Layout("llama", interleaves=True),
    "mistral": Layout("llama", interleaves=True),
    "mixtral": Layout(
        "llama",
        interleaves=True,
        renames={
            ".switch_mlp.gate_proj": ".experts.w1",
            ".switch_mlp.down_proj": ".experts.w2",
            ".switch_mlp.up_proj": ".experts.w3",
        },
    ),
    "granite": Layout("granite", interleaves=True),
    "smollm3": Layout("smollm3", interleaves=True),
    "qwen2": Layout("qwen2"),
    "qwen3": Layout("qwen3"),
    "qwen3_moe": Layout("qwen3moe", renames=_EXPERTS),
    "gemma": Layout("gemma"),
    "gemma2": Layout("gemma2"),
    "gemma3_text": Layout("gemma3"),
    "phi3": Layout("phi3"),
    "olmo2": Layout("olmo2"),
    "cohere": Layout("command-r"),
    "starcoder2": Layout("starcoder2"),
}
"""Layouts by the ``model_type`` of a model's configuration."""


def refusal(config: Mapping[str, Any], adapter: Mapping[str, Any]) -> str:
    """Return why what was trained cannot be a GGUF adapter, "" where it can.

    Args:
        config: the student's ``config.json``.
        adapter: ``adapter_config.json`` of what was trained, in mlx-lm's words.
    """
    kind = str(adapter.get("fine_tune_type", "lora"))
    if kind == "prompt":
        return "A soft prompt changes no weight, and llama.cpp has no form for it. Its form is “peft”."
    if kind == "full":
        return f"All weights were trained, so there is no adapter. {_INSTEAD}"
    if kind == "dora":
        return f"llama.cpp reads no DoRA. {_INSTEAD}"
    if config.get("model_type") not in LAYOUTS:
        return f"The order of weights of “{config.get('model_type')}” in llama.cpp is not known here. {_INSTEAD}"
    keys = (adapter.get("lora_parameters") or {}).get("keys") or ()
    if any(str(key).endswith("embed_tokens") for key in keys):
        return f"The embeddings were trained, and llama.cpp takes no such adapter for a tied model. {_INSTEAD}"
    return ""


def heads(config: Mapping[str, Any], module: str) -> int:
    """Return how many heads the rows of a module belong to when they are to be interleaved, else 0."""
    if not LAYOUTS[config["model_type"]].interleaves:
        return 0
    queries = int(config["num_attention_heads"])
    if module.endswith("self_attn.q_proj"):
        return queries
    if module.endswith("self_attn.k_proj"):
        return int(config.get("num_key_value_heads") or queries)
    return 0
