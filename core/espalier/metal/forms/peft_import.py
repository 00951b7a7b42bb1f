"""PEFT's LoRA and DoRA adapters as mlx-lm holds them: one rank and one scale for all parts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear
from mlx_lm.tuner.utils import linear_to_lora_layers

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.sharing.peft_config import check_config, scaling
from espalier.sharing.peft_names import PREFIX, layer_of, own_name

_WEIGHTS = "adapter_model.safetensors"
_ENDS = {
    ".lora_A.weight": "a",
    ".lora_B.weight": "b",
    ".lora_embedding_A": "a",
    ".lora_embedding_B": "b",
    ".lora_magnitude_vector": "m",
    ".lora_magnitude_vector.weight": "m",
}
_SWITCHES = (SwitchLinear, QuantizedSwitchLinear)
_PACKED = (nn.QuantizedLinear, nn.QuantizedEmbedding, QuantizedSwitchLinear)
_PARTS = (nn.Linear, nn.QuantizedLinear, nn.Embedding, nn.QuantizedEmbedding, *_SWITCHES)


@dataclass(frozen=True)
class Converted:
    """An adapter in mlx-lm's form, in memory.

    Attributes:
        tensors: ``lora_a``, ``lora_b`` and, of DoRA, ``m`` by the whole name of each.
        config: ``adapter_config.json`` as mlx-lm reads it.
        base: the name of the base that PEFT's configuration tells; "" where it tells none.
    """

    tensors: dict[str, mx.array]
    config: dict[str, Any]
    base: str

    def put(self, model: Any) -> None:
        """Put the adapter onto the model that it was converted for."""
        is_dora = self.config["fine_tune_type"] == "dora"
        linear_to_lora_layers(model, self.config["num_layers"], self.config["lora_parameters"], use_dora=is_dora)
        model.load_weights(list(self.tensors.items()), strict=False)
        model.eval()

    def write(self, folder: Path) -> None:
        """Write the adapter into an existing folder."""
        mx.save_safetensors(str(folder / "adapters.safetensors"), self.tensors, metadata={"format": "mlx"})
        write_json(folder / "adapter_config.json", self.config)


@dataclass
class _Part:
    """One part's share of an adapter: A (rank, in), B (out, rank) and, of DoRA, m (out,), by PEFT's rules."""

    tensors: dict[str, mx.array]
    scaling: float = 1.0

    @property
    def rank(self) -> int:
        return int(self.tensors["a"].shape[0])


def convert(folder: Path, model: Any) -> Converted:
    """Return the adapter in a folder of PEFT's, for a model without adapter.

    mlx-lm has one rank and one scale for all parts. Smaller factors get rows of zeros, and a part with another scale
    takes the difference up in its B; both leave what is computed as it is.

    Raises:
        EspalierError: the folder holds no such adapter, one that mlx-lm cannot hold, or another model's.
    """
    config = _read_config(folder)
    check_config(config, folder)
    parts = _read_parts(folder)
    for name, part in parts.items():
        part.scaling = scaling(config, name, part.rank)
    rank = max(part.rank for part in parts.values())
    scale = next((part.scaling for part in parts.values() if part.scaling), 0.0)
    if not scale:
        raise EspalierError(f"The adapter in {folder} has a scale of 0, so it changes nothing. Choose another.")
    is_dora = bool(config.get("use_dora"))
    modules: dict[str, Any] = {name: part for name, part in model.named_modules() if isinstance(part, _PARTS)}
    kind, tensors = str(getattr(model, "model_type", "")), dict[str, mx.array]()
    experts: dict[str, dict[int, _Part]] = {}
    for name, part in parts.items():
        try:
            own, expert = own_name(name, kind)
        except KeyError as error:
            raise EspalierError(
                f"Experts of a model of the kind {kind} cannot be imported. Merge the adapter."
            ) from error
        module = modules.get(own)
        _check_part(own, expert, part, module, model, config, folder)
        a, b = part.tensors["a"], part.tensors["b"]
        b = b if part.scaling == scale else b * (part.scaling / scale)
        a, b = mx.pad(a, ((0, rank - part.rank), (0, 0))), mx.pad(b, ((0, 0), (0, rank - part.rank)))
        if expert is not None:
            experts.setdefault(own, {})[expert] = _Part({"a": a, "b": b})
            continue
        tensors |= {f"{own}.lora_a": a.T, f"{own}.lora_b": b.T}
        if is_dora:
            tensors[f"{own}.m"] = part.tensors["m"]
    for own, found in experts.items():
        tensors |= _stacked(own, found, modules[own].weight.shape[0])
    tensors = {name: mx.contiguous(value) for name, value in tensors.items()}
    mx.eval(tensors)
    base = str(config.get("base_model_name_or_path") or "")
    return Converted(tensors, _own_config(tensors, len(model.layers), rank, scale, is_dora), base)


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EspalierError(
            f"{folder} holds no adapter of PEFT: adapter_config.json cannot be read. Choose another folder."
        ) from error
    if not isinstance(config, dict) or "peft_type" not in config:
        raise EspalierError(
            f"{folder} holds no adapter of PEFT: its adapter_config.json is another program's. Choose another folder."
        )
    return config


def _read_parts(folder: Path) -> dict[str, _Part]:
    file = folder / _WEIGHTS
    if not file.is_file():
        other = next(iter(sorted([*folder.glob("*.bin"), *folder.glob("*.pt")])), None)
        if other:
            raise EspalierError(
                f"{other.name} in {folder} can hold a program, so it is not opened. Save the adapter again with PEFT, "
                "as safetensors."
            )
        raise EspalierError(f"{folder} has no {_WEIGHTS}. Get the adapter again.")
    try:
        tensors = mx.load(str(file))
        mx.eval(tensors)
    except (OSError, ValueError, RuntimeError) as error:
        raise EspalierError(f"{file} cannot be read: {error}. Get the adapter again.") from error
    parts: dict[str, _Part] = {}
    for key, value in sorted(tensors.items()):  # MLX gives them in no order
        if key.endswith(".base_layer.weight"):
            continue  # PEFT keeps a copy of the base where embeddings are adapted
        end = next((end for end in _ENDS if key.endswith(end)), None)
        if end is None or not key.startswith(PREFIX):
            raise EspalierError(
                f"The adapter in {folder} cannot be imported: it holds {key}, and mlx-lm holds low-rank factors alone. "
                "Merge it into its base with PEFT, and import the model that comes of it."
            )
        name = key.removeprefix(PREFIX).removesuffix(end)
        parts.setdefault(name, _Part({})).tensors[_ENDS[end]] = value.astype(mx.float32)
    for name, part in parts.items():
        a, b = part.tensors.get("a"), part.tensors.get("b")
        if a is None or b is None or a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1]:
            raise EspalierError(f"{file} is damaged: the factors of {name} are not whole. Get the adapter again.")
    if not parts:
        raise EspalierError(f"{file} holds no factors. Get the adapter again.")
    return parts


def _check_part(
    name: str, expert: int | None, part: _Part, module: Any, model: Any, config: dict[str, Any], folder: Path
) -> None:
    if module is None:
        raise EspalierError(
            f"The adapter in {folder} is for another model: this student has no part “{name}”. Choose the student "
            f"that it was made for{_named(config)}."
        )
    is_switch, is_table = isinstance(module, _SWITCHES), isinstance(module, nn.Embedding | nn.QuantizedEmbedding)
    *experts, out, width = module.weight.shape
    width = width * 32 // module.bits if isinstance(module, _PACKED) else width
    wanted = (width, out) if not is_table else (out, width)
    given = (int(part.tensors["a"].shape[1]), int(part.tensors["b"].shape[0]))
    if given != wanted or (expert is None) == is_switch or (expert or 0) >= (experts or [1])[0]:
        raise EspalierError(
            f"The adapter in {folder} is for another model: its part “{name}” has another size. Choose the student "
            f"that it was made for{_named(config)}."
        )
    if config.get("use_dora"):
        if is_switch or is_table:
            raise EspalierError(
                f"DoRA on {name} cannot be imported: mlx-lm has no such form. Merge the adapter with PEFT."
            )
        m = part.tensors.get("m")
        if m is None or m.shape != (out,):
            raise EspalierError(f"The magnitudes of {name} in {folder} are not whole. Get the adapter again.")
    if is_table and not hasattr(model, "lm_head") and not config.get("ensure_weight_tying"):
        raise EspalierError(
            f"The adapter in {folder} changes the token embeddings on their way in alone, and this student uses them "
            "on the way out as well. Merge it into its base with PEFT, and import the model that comes of it."
        )


def _named(config: dict[str, Any]) -> str:
    base = config.get("base_model_name_or_path")
    return f", {base}" if base else ""


def _stacked(name: str, found: dict[int, _Part], experts: int) -> dict[str, mx.array]:
    """Return the factors of a mixture; experts that were not adapted get zeros."""
    some = next(iter(found.values()))
    zero = {leaf: mx.zeros_like(value) for leaf, value in some.tensors.items()}
    return {
        f"{name}.lora_{leaf}": mx.stack([found[e].tensors[leaf] if e in found else zero[leaf] for e in range(experts)])
        for leaf in ("a", "b")
    }


def _own_config(tensors: dict[str, mx.array], layers: int, rank: int, scale: float, is_dora: bool) -> dict[str, Any]:
    """Return mlx-lm's configuration: parts by their name in a layer where the last layers are adapted alike."""
    names = sorted({name.rsplit(".", 1)[0] for name in tensors})
    places = [place for name in names if (place := layer_of(name))]
    adapted, inner = {layer for layer, _ in places}, {part for _, part in places}
    last = set(range(layers - len(adapted), layers))
    is_regular = len(places) == len(names) == len(adapted) * len(inner) and adapted == last
    return {
        "fine_tune_type": "dora" if is_dora else "lora",
        "num_layers": len(adapted) if is_regular else layers,
        "lora_parameters": {
            "rank": rank,
            "scale": scale,
            "dropout": 0.0,
            "keys": sorted(inner) if is_regular else names,
        },
    }
