"""``config.json`` as transformers 5 writes it, in the words that mlx-lm reads.

transformers 5 keeps everything about rotary positions under ``rope_parameters``. Most architectures of mlx-lm 0.32 look
for ``rope_theta`` and ``rope_scaling`` outside it, and where they find none take a default without a word, so the model
computes something else.
"""

from collections.abc import Mapping
from typing import Any

_SAME = (("num_local_experts", "num_experts"), ("dtype", "torch_dtype"))
_OUTSIDE = ("partial_rotary_factor", "original_max_position_embeddings")


def normalised(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's configuration with every value under the older name too; what has one keeps it."""
    found = dict(config)
    if isinstance(rope := found.get("rope_parameters"), Mapping):
        for name, value in _rope(rope).items():
            if found.get(name) is None:
                found[name] = value
    for one, other in _SAME:
        if found.get(one) is not None and found.get(other) is None:
            found[other] = found[one]
        elif found.get(other) is not None and found.get(one) is None and other == "num_experts":
            found[one] = found[other]
    if isinstance(text := found.get("text_config"), Mapping):
        found["text_config"] = normalised(text)
    return found


def _rope(rope: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``rope_parameters`` say under the names of their own; of Gemma 3 they are two, by kind of layer."""
    found: dict[str, Any] = {}
    if isinstance(nearby := rope.get("sliding_attention"), Mapping) and "rope_theta" in nearby:
        found["rope_local_base_freq"] = nearby["rope_theta"]
    whole = rope.get("full_attention")
    rope = whole if isinstance(whole, Mapping) else rope
    if "rope_theta" in rope:
        found["rope_theta"] = rope["rope_theta"]
    found |= {name: rope[name] for name in _OUTSIDE if name in rope}
    if (kind := rope.get("rope_type", "default")) != "default":
        found["rope_scaling"] = {**rope, "type": kind, "rope_type": kind}
    return found
