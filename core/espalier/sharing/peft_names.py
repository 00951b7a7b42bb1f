"""What parts of a model are called in mlx-lm and in transformers, whose names PEFT uses.

For most families of models the names are the same. mlx-lm keeps the experts of a mixture in one part, PEFT has each by
itself; Mixtral calls their parts otherwise. Compared by script on mlx-lm 0.32.2 and transformers 5.23.
"""

import re

PREFIX = "base_model.model."
SAME = frozenset(
    {
        *("cohere", "ernie4_5", "gemma", "gemma2", "gemma3_text", "granite", "helium", "hunyuan_v1_dense", "llama"),
        *("ministral3", "mistral", "olmo2", "phi", "phi3", "qwen2", "qwen3", "seed_oss", "smollm3", "starcoder2"),
    }
)
_EXPERTS = {  # by kind of model: mlx-lm's part of an expert to PEFT's
    "qwen3_moe": {"gate_proj": "gate_proj", "up_proj": "up_proj", "down_proj": "down_proj"},
    "mixtral": {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"},
}
KNOWN = SAME | set(_EXPERTS)
_TOGETHER = re.compile(r"(.+)\.switch_mlp\.(\w+)")
_APART = re.compile(r"(.+)\.experts\.(\d+)\.(\w+)")
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.(.+)$")


def peft_name(module: str, model_type: str, expert: int) -> str:
    """Return what PEFT calls one expert's share of mlx-lm's part ``….switch_mlp.NAME``.

    Raises:
        KeyError: experts of this kind of model are not known.
    """
    found = _TOGETHER.fullmatch(module)
    if found is None:
        raise KeyError(module)
    return f"{found[1]}.experts.{expert}.{_EXPERTS[model_type][found[2]]}"


def own_name(module: str, model_type: str) -> tuple[str, int | None]:
    """Return what mlx-lm calls PEFT's part, and which expert of it that is, None where it is no expert's.

    Raises:
        KeyError: experts of this kind of model are not known.
    """
    found = _APART.fullmatch(module)
    if found is None:
        return module, None
    names = {theirs: ours for ours, theirs in _EXPERTS[model_type].items()}
    return f"{found[1]}.switch_mlp.{names[found[3]]}", int(found[2])


def layer_of(module: str) -> tuple[int, str] | None:
    """Return a part's layer, counted from 0, and its name in there; None for a part outside the layers."""
    found = _LAYER.search(module)
    return (int(found[1]), found[2]) if found else None
