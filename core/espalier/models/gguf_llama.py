"""What a Llama-family GGUF says, in the words of a Hugging Face model folder: settings and tensor names."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi

from espalier.errors import EspalierError
from espalier.models.gguf_header import Header

ROPE_FACTORS = "rope_freqs.weight"
_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama model."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool


@dataclass(frozen=True)
class Weight:
    """One tensor on its way: its name in the file, its module in the model folder, the shape it must have.

    Attributes:
        heads: of a matrix whose rows the file holds interleaved for the older form of RoPE (q and k), else 0.
    """

    name: str
    module: str
    shape: tuple[int, ...]
    heads: int = 0


def read_shape(header: Header) -> Shape:
    """Return the sizes of the model.

    Raises:
        EspalierError: another architecture, a mixture of experts, partial RoPE, or sizes that contradict each
            other.
    """
    architecture = header.text("general.architecture")
    if architecture != "llama":
        raise EspalierError(
            f"{header.name} holds a model of the architecture “{architecture}”; from GGUF, Espalier imports "
            "“llama”. "
            "Get the model as a Hugging Face or MLX folder instead."
        )
    if header.integer("llama.expert_count", 0):
        raise EspalierError(
            f"{header.name} holds a mixture of experts, which Espalier cannot import from GGUF. "
            "Get the model as a Hugging Face or MLX folder instead."
        )
    hidden = header.integer("llama.embedding_length")
    heads = header.integer("llama.attention.head_count")
    head = header.integer("llama.attention.key_length", hidden // max(heads, 1))
    embedding = header.tensors.get("token_embd.weight")
    shape = Shape(
        layers=header.integer("llama.block_count"),
        hidden=hidden,
        inner=header.integer("llama.feed_forward_length"),
        heads=heads,
        kv_heads=header.integer("llama.attention.head_count_kv", heads),
        head=head,
        vocabulary=embedding.shape[0] if embedding else 0,
        tied="output.weight" not in header.tensors,
    )
    if not all((shape.layers, hidden, shape.inner, heads, shape.kv_heads)) or heads % shape.kv_heads:
        header.refuse("llama.attention.head_count")
    if not head or head % 2 or header.integer("llama.attention.value_length", head) != head:
        header.refuse("llama.attention.key_length")
    if header.integer("llama.rope.dimension_count", head) != head:
        header.refuse("llama.rope.dimension_count")
    return shape


def read_weights(header: Header, shape: Shape) -> list[Weight]:
    """Return every tensor to take over, checked by name, shape and kind.

    Raises:
        EspalierError: a tensor is missing, has another shape, is quantized without being a matrix, or is not
            one of a Llama model.
    """
    weights = list(_expected(header, shape))
    for weight in weights:
        tensor = header.tensors.get(weight.name)
        if tensor is None:
            raise EspalierError(
                f"{header.name} has no tensor “{weight.name}”: the model is incomplete. Choose another file."
            )
        if tensor.shape != weight.shape or (len(tensor.shape) != 2 and tensor.kind not in ("F32", "F16")):
            raise EspalierError(
                f"The tensor “{weight.name}” in {header.name} is {tensor.kind} of shape {tensor.shape}, not "
                f"of shape {weight.shape}. Download the file again or choose another."
            )
    unknown = header.tensors.keys() - {weight.name for weight in weights} - {ROPE_FACTORS}
    if unknown:
        raise EspalierError(
            f"{header.name} holds the tensor “{min(unknown)}”, which a Llama model does not have. "
            "Get the model as a Hugging Face or MLX folder instead."
        )
    return weights


def _expected(header: Header, shape: Shape) -> Iterator[Weight]:
    queries, keys = shape.heads * shape.head, shape.kv_heads * shape.head
    shapes = {
        "attn_q": (queries, shape.hidden),
        "attn_k": (keys, shape.hidden),
        "attn_v": (keys, shape.hidden),
        "attn_output": (shape.hidden, queries),
        "ffn_gate": (shape.inner, shape.hidden),
        "ffn_up": (shape.inner, shape.hidden),
        "ffn_down": (shape.hidden, shape.inner),
    }
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    vocabulary = (shape.vocabulary, shape.hidden)
    yield Weight("token_embd.weight", "model.embed_tokens", vocabulary)
    for layer in range(shape.layers):
        for part, module in _LAYER.items():
            name = f"blk.{layer}.{part}.weight"
            yield Weight(name, f"model.layers.{layer}.{module}", shapes.get(part, (shape.hidden,)), heads.get(part, 0))
            if name not in header.tensors:
                return  # so that a hostile layer count is refused at its first missing tensor
    yield Weight("output_norm.weight", "model.norm", (shape.hidden,))
    if not shape.tied:
        yield Weight("output.weight", "lm_head", vocabulary)


def read_config(header: Header, shape: Shape, rope_factors: list[float]) -> dict[str, object]:
    """Return ``config.json`` without data types and token ids.

    Args:
        header: of the file.
        shape: the sizes read from it.
        rope_factors: the values of the tensor ``rope_freqs.weight``; empty when the file has none.

    Raises:
        EspalierError: the RoPE scaling is not none, linear or that of Llama 3.
    """
    theta = header.number("llama.rope.freq_base", 10000.0)
    config: dict[str, object] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "intermediate_size": shape.inner,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head,
        "rms_norm_eps": header.number("llama.attention.layer_norm_rms_epsilon"),
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": header.integer("llama.context_length"),
        "rope_theta": theta,
        "tie_word_embeddings": shape.tied,
        "attention_bias": False,
        "mlp_bias": False,
        "hidden_act": "silu",
    }
    if scaling := _rope_scaling(header, theta, shape.head, rope_factors):
        config["rope_scaling"] = scaling
    return config


def _rope_scaling(header: Header, theta: float, head: int, factors: list[float]) -> dict[str, object] | None:
    if any(abs(factor - 1) > 1e-3 for factor in factors):
        return _llama3_scaling(header, theta, head, factors)
    kind = header.text("llama.rope.scaling.type", "none")
    if kind not in ("none", "linear"):
        header.refuse("llama.rope.scaling.type")
    old = header.number("llama.rope.scale_linear", 1.0)
    factor = header.number("llama.rope.scaling.factor", 1.0) if kind == "linear" else old
    return {"type": "linear", "rope_type": "linear", "factor": factor} if factor not in (0.0, 1.0) else None


def _llama3_scaling(header: Header, theta: float, head: int, factors: list[float]) -> dict[str, object]:
    """Recover the settings of Llama 3.1 and later, of which the file holds the result for each frequency."""
    largest, low, high, context = round(max(factors), 4), 1.0, 4.0, 8192
    expected = []
    for index in range(head // 2):
        turns = context / (2 * pi * theta ** (2 * index / head))
        smooth = min(max((turns - low) / (high - low), 0.0), 1.0)
        expected.append(1 / ((1 - smooth) / largest + smooth))
    near = (abs(a - b) <= 1e-3 * b for a, b in zip(factors, expected, strict=False))
    if len(factors) != len(expected) or not all(near):
        header.refuse(ROPE_FACTORS)
    return {
        "type": "llama3",
        "rope_type": "llama3",
        "factor": largest,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": context,
    }
