"""``adapter_config.json`` of PEFT's LoRA: made from what was adapted, and read by PEFT's rules."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from espalier.errors import EspalierError
from espalier.sharing.peft_names import layer_of


def make_config(
    names: Collection[str],
    linear: Collection[str],
    rank: int,
    alpha: int,
    *,
    base: str,
    is_dora: bool,
    is_tied: bool,
) -> dict[str, Any]:
    """Return the configuration of an adapter.

    Parts are named by their ends, with the layers that are meant, when that means the adapted ones and no others;
    else each by its whole name. ``lora_alpha`` is a whole number because vLLM and Ollama read no other.

    Args:
        names: PEFT's names of the adapted parts.
        linear: PEFT's names of every part that could be adapted.
        rank: of the factors.
        alpha: the factor on the low-rank term, times the rank.
        base: id of the float model on Hugging Face.
        is_dora: magnitudes were trained beside the factors.
        is_tied: the token embeddings are adapted, and are the output head as well.
    """
    targets, layers = _targets(set(names), set(linear))
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "revision": None,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "target_modules": targets,
        "layers_to_transform": layers,
        "layers_pattern": None,
        "rank_pattern": {},
        "alpha_pattern": {},
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "modules_to_save": None,
        "use_rslora": False,
        "use_dora": is_dora,
    }
    return {**config, "ensure_weight_tying": True} if is_tied else config


def _targets(names: set[str], linear: set[str]) -> tuple[list[str], list[int] | None]:
    """Return ``target_modules`` and ``layers_to_transform``."""
    ends = {name.rsplit(".", 1)[-1] for name in names}
    layers = {place[0] if (place := layer_of(name)) else -1 for name in names}
    meant = {name for name in linear if name.rsplit(".", 1)[-1] in ends}
    if meant == names:
        return sorted(ends), None
    if -1 not in layers and {name for name in meant if (place := layer_of(name)) and place[0] in layers} == names:
        # PEFT passes over parts outside the layers when layers are named.
        return sorted(ends), sorted(layers)
    return sorted(names), None


def check_config(config: Mapping[str, Any], place: object) -> None:
    """Check that an adapter is one of low-rank factors alone, which mlx-lm can hold.

    Args:
        config: PEFT's.
        place: where it was found, for the message.

    Raises:
        EspalierError: it is another kind, or holds more.
    """
    kind = config.get("peft_type")
    if kind != "LORA":
        raise EspalierError(f"{place} holds an adapter of the kind {kind}. Only LoRA and DoRA can be imported.")
    for name, usual in (
        ("modules_to_save", None),
        ("bias", "none"),
        ("trainable_token_indices", None),
        ("target_parameters", None),
        ("lora_bias", False),
        ("use_qalora", False),
        ("alora_invocation_tokens", None),
        ("arrow_config", None),
        ("layer_replication", None),
        ("megatron_config", None),
    ):
        if (config.get(name) or usual) != usual:
            raise EspalierError(
                f"The adapter in {place} cannot be imported: its configuration sets {name}, and mlx-lm holds low-rank "
                "factors alone. Merge it into its base with PEFT, and import the model that comes of it."
            )


def scaling(config: Mapping[str, Any], module: str, rank: int) -> float:
    """Return the factor on a part's low-rank term by PEFT's rules.

    Alpha over the rank, or over its root with rank-stabilized LoRA (Kalajdzievski 2023); ``alpha_pattern`` names parts
    with an alpha of their own.

    Args:
        config: PEFT's.
        module: PEFT's name of the part, without its prefix.
        rank: of the part's factors as they are in the file.
    """
    alpha = float(_by_pattern(config.get("alpha_pattern") or {}, module, config.get("lora_alpha", 8)))
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _by_pattern(patterns: Mapping[str, Any], module: str, usual: Any) -> Any:
    """Return the value of the first pattern that a part's name ends in."""
    for pattern, value in patterns.items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            return value
    return usual
