"""Prompt tuning: vectors that stand before every conversation, behind token ids beyond the vocabulary.

Because they have ids, everything that takes tokens takes them too: batches, shared beginnings, scores, training.
Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning".
"""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from espalier.errors import EspalierError
from espalier.metal.model import MlxModel
from espalier.training.settings import PromptSettings

FILE = "soft_prompt.safetensors"
VECTORS = "prompt_embeddings"  # as PEFT names them


class PromptedEmbedding(nn.Module):  # type: ignore[misc]
    """Token embeddings in which ids from ``vocabulary`` on stand for the soft prompt's vectors."""

    def __init__(self, embedding: Any, vectors: mx.array, vocabulary: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.vectors = vectors
        self.vocabulary = vocabulary

    def __call__(self, tokens: mx.array) -> mx.array:
        """Return the embeddings of tokens of shape (…): (…, width)."""
        tokens = tokens.astype(mx.int32)  # a token that was drawn is unsigned: the difference would wrap around
        known = self.embedding(mx.minimum(tokens, self.vocabulary - 1))
        soft = self.vectors[mx.maximum(tokens - self.vocabulary, 0)].astype(known.dtype)
        return mx.where((tokens >= self.vocabulary)[..., None], soft, known)

    def as_linear(self, states: mx.array) -> mx.array:
        """Return logits over the vocabulary alone: no soft prompt is ever written."""
        return self.embedding.as_linear(states)


def add_prompt(student: MlxModel, settings: PromptSettings, seed: int) -> None:
    """Freeze the student and put a soft prompt before its conversations.

    Raises:
        EspalierError: the student keeps its embeddings where they cannot be extended, or the text is empty.
    """
    embedding = _embedding(student)
    vocabulary = int(embedding.weight.shape[0])
    if settings.text:
        tokens = student.encode_text(settings.text.strip())
        if not tokens:
            raise EspalierError("The text for the soft prompt has no words. Write some, or leave it empty.")
        tokens = (tokens * settings.tokens)[: settings.tokens]
    else:  # vectors of random tokens: of the size and spread that the model knows (Lester et al., section 2.1)
        tokens = mx.random.randint(0, vocabulary, (settings.tokens,), key=mx.random.key(seed)).tolist()
    vectors = embedding(mx.array(tokens)).astype(mx.float32)
    student.model.freeze()
    _put(student, vectors)


def load_prompt(student: MlxModel, folder: Path) -> None:
    """Put a saved soft prompt before the student's conversations.

    Raises:
        EspalierError: it is of another student.
    """
    vectors = mx.load(str(folder / FILE))[VECTORS]
    width = int(_embedding(student)(mx.array([0])).shape[-1])
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise EspalierError(f"The soft prompt in {folder} does not fit this student: it has another width.")
    student.model.freeze()
    _put(student, vectors)


def write_prompt(folder: Path, model: Any, settings: PromptSettings) -> None:
    """Write the soft prompt, and how it was made, in our own form."""
    vectors = model.model.embed_tokens.vectors
    mx.save_safetensors(str(folder / FILE), {VECTORS: vectors}, {"format": "mlx"})
    config = {"fine_tune_type": "prompt", "tokens": int(vectors.shape[0]), "text": settings.text}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def export_peft(adapter: Path, student: Path, base: str, destination: Path) -> None:
    """Write a trained soft prompt into an existing folder as PEFT's prompt tuning reads it.

    Args:
        adapter: folder that `write_prompt` wrote.
        student: folder of the model.
        base: name by which PEFT loads it.
        destination: folder for ``adapter_config.json`` and ``adapter_model.safetensors``.

    Raises:
        EspalierError: the student puts a factor on its embeddings that PEFT would not put on the soft prompt.
    """
    made = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    model = json.loads((student / "config.json").read_text(encoding="utf-8"))
    if str(model.get("model_type", "")).startswith("gemma3"):
        raise EspalierError("Gemma 3 scales its embeddings inside, so PEFT would read this soft prompt wrongly.")
    vectors = mx.load(str(adapter / FILE))[VECTORS].astype(mx.float32)
    text = str(made.get("text", ""))
    config = {
        "peft_type": "PROMPT_TUNING",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "inference_mode": True,
        "num_virtual_tokens": int(vectors.shape[0]),
        "token_dim": int(vectors.shape[1]),
        "num_transformer_submodules": 1,
        "num_attention_heads": model.get("num_attention_heads"),
        "num_layers": model.get("num_hidden_layers"),
        "prompt_tuning_init": "TEXT" if text else "RANDOM",
        "prompt_tuning_init_text": text or None,
        "tokenizer_name_or_path": base if text else None,
    }
    mx.save_safetensors(str(destination / "adapter_model.safetensors"), {VECTORS: vectors}, {"format": "pt"})
    (destination / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def _put(student: MlxModel, vectors: mx.array) -> None:
    embedding = _embedding(student)
    vocabulary = int(embedding.weight.shape[0])
    student.model.model.embed_tokens = PromptedEmbedding(embedding, vectors, vocabulary)
    student.virtual = tuple(range(vocabulary, vocabulary + int(vectors.shape[0])))


def _embedding(student: MlxModel) -> Any:
    embedding = getattr(getattr(student.model, "model", None), "embed_tokens", None)
    if embedding is None:
        raise EspalierError("This student keeps its embeddings in an unusual place. Choose LoRA for it.")
    return embedding.embedding if isinstance(embedding, PromptedEmbedding) else embedding
