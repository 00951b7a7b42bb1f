"""Random models of many architectures, two layers each, small enough for a test."""

from importlib import import_module
from typing import Any

import mlx.core as mx

VOCABULARY = 96
_SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "rms_norm_eps": 1e-5,
    "vocab_size": VOCABULARY,
    "rope_theta": 10_000.0,
    "max_position_embeddings": 512,
}
_MOE = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "norm_topk_prob": True,
}
PACKABLE: dict[str, dict[str, Any]] = {
    "llama": {"tie_word_embeddings": True},
    "mistral": {"module": "llama", "tie_word_embeddings": False, "sliding_window": None},
    "qwen2": {"tie_word_embeddings": True},
    "qwen3": {"tie_word_embeddings": True},
    "gemma": {},
    "granite": {
        "tie_word_embeddings": True,
        "logits_scaling": 4.0,
        "attention_multiplier": 0.35,
        "embedding_multiplier": 3.0,
        "residual_multiplier": 0.5,
        "attention_bias": False,
        "mlp_bias": False,
    },
    "phi3": {"num_key_value_heads": 4},
    "qwen3_moe": {**_MOE, "tie_word_embeddings": False},
}
ALONE: dict[str, dict[str, Any]] = {
    "llama with a window": {
        "module": "llama",
        "tie_word_embeddings": True,
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 6,
    },
    "gemma3_text": {"sliding_window": 6, "sliding_window_pattern": 2, "query_pre_attn_scalar": 8},
    "lfm2": {
        "norm_eps": 1e-5,
        "conv_bias": False,
        "conv_L_cache": 3,
        "block_dim": 32,
        "block_ff_dim": 48,
        "block_multiple_of": 8,
        "block_ffn_dim_multiplier": 1.0,
        "block_auto_adjust_ff_dim": False,
        "full_attn_idxs": [1],
    },
}

MORE: dict[str, dict[str, Any]] = {
    "gemma2": {"query_pre_attn_scalar": 8, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
    "olmo2": {"tie_word_embeddings": False},
    "cohere": {"layer_norm_eps": 1e-5, "logit_scale": 0.25, "use_qk_norm": False},
    "smollm3": {"tie_word_embeddings": True, "no_rope_layer_interval": 4},
    "starcoder2": {"norm_epsilon": 1e-5, "tie_word_embeddings": True},
}


def shape_of(name: str, vocabulary: int = VOCABULARY) -> dict[str, Any]:
    """Return the configuration of an architecture, with ``module`` where mlx-lm has it under another name."""
    return {**_SHAPE, "vocab_size": vocabulary, **{**PACKABLE, **ALONE, **MORE}[name]}


def random_model(name: str, vocabulary: int = VOCABULARY) -> Any:
    """Return a random float32 model of an architecture."""
    shape = shape_of(name, vocabulary)
    module = import_module(f"mlx_lm.models.{shape.pop('module', name)}")
    mx.random.seed(11)
    model = module.Model(module.ModelArgs.from_dict({"model_type": name, **shape}))
    model.apply(lambda value: mx.random.normal(value.shape) * 0.15 if value.ndim > 1 else value)
    mx.eval(model.parameters())
    return model


class RandomStudent:
    """A random model where a student is wanted whose texts are of no interest."""

    def __init__(self, name: str) -> None:
        self.model: Any = random_model(name)
        self.virtual: tuple[int, ...] = ()
