"""The adapter as PEFT reads it: LoRA and DoRA renamed and turned round, a soft prompt as prompt tuning."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.metal.adapters import load_adapter
from espalier.metal.forms.checking import bare, judge, row_logits
from espalier.metal.forms.mlx_form import CONFIG
from espalier.metal.forms.peft_import import convert
from espalier.metal.model import MlxModel, load
from espalier.metal.soft_prompt import export_peft
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.peft_config import make_config
from espalier.sharing.peft_names import PREFIX, peft_name

WEIGHTS = "adapter_model.safetensors"
_EXPERTS = (SwitchLinear, QuantizedSwitchLinear)
_LINEAR = (nn.Linear, nn.QuantizedLinear)


def write(made: Made, destination: Path) -> Check:
    """Write the adapter into an empty folder, and compare what is read back from there with the running model.

    Raises:
        EspalierError: the base's public name is not known, or what was trained has no such form.
    """
    if not made.base:
        raise EspalierError(
            f"PEFT loads an adapter together with its base, and the name of {made.student.name} on Hugging Face is not "
            "known. Give it: espalier export PROJECT --form peft --base OWNER/NAME."
        )
    made.tell("asking the student")
    student = load(made.student)
    load_adapter(student, made.adapter)
    if made.kind == "prompt":
        export_peft(made.adapter, made.student, made.base, destination)
        return Check("unchecked", None, None, "A soft prompt's vectors are written as they are.")
    reference = row_logits(student, made.rows)
    made.tell("writing")
    tensors, config = peft_adapter(student.model, made.base)
    mx.save_safetensors(str(destination / WEIGHTS), tensors, metadata={"format": "pt"})
    write_json(destination / CONFIG, config)
    made.tell("reading it back")
    found = _read_back(student, destination, made)
    return judge(reference, found, _caveat(made))


def _read_back(student: MlxModel, folder: Path, made: Made) -> list[mx.array]:
    bare(student.model)
    convert(folder, student.model).put(student.model)
    return row_logits(student, made.rows)


def _caveat(made: Made) -> str:
    if not made.on_packed:
        return ""
    return (
        f"It was trained on {made.student.name}, whose weights are rounded to few bits; on {made.base}, whose are not, "
        "answers can differ a little."
    )


def peft_adapter(model: Any, base: str) -> tuple[dict[str, mx.array], dict[str, Any]]:
    """Return the tensors and the configuration of the adapter that is on a model, of a kind whose names are known.

    mlx-lm computes ``scale · (x A) B`` with A of shape (in, rank) and B of shape (rank, out); PEFT ``alpha / rank ·
    (x Aᵀ) Bᵀ`` with A of shape (rank, in) and B of shape (out, rank). Of experts both have PEFT's shapes. Where scale
    times rank is no whole number, B takes up the scale.

    Raises:
        EspalierError: PEFT has no form for an adapted part.
    """
    kind = str(getattr(model, "model_type", ""))
    adapted = {name: module for name, module in model.named_modules() if "lora_a" in module}
    first = next(iter(adapted.values()))
    rank, scale = _rank(first), float(first.scale)
    alpha, factor = (round(scale * rank), 1.0) if abs(scale * rank - round(scale * rank)) < 1e-6 else (rank, scale)
    tensors: dict[str, mx.array] = {}
    names: list[str] = []
    for name, module in adapted.items():
        a, b = module.lora_a, module.lora_b if factor == 1.0 else module.lora_b * factor
        if "embedding" in module:
            if "m" in module:
                raise EspalierError("PEFT has no form for DoRA on the token embeddings. Share the whole model instead.")
            tensors |= {f"{PREFIX}{name}.lora_embedding_A": a.T, f"{PREFIX}{name}.lora_embedding_B": b.T}
            names.append(name)
        elif a.ndim == 3:
            for expert, part in enumerate(_expert_names(name, kind, a.shape[0])):
                tensors |= _factors(part, a[expert], b[expert])
                names.append(part)
        else:
            tensors |= _factors(name, a.T, b.T)
            if "m" in module:
                tensors[f"{PREFIX}{name}.lora_magnitude_vector"] = module.m
            names.append(name)
    tensors = {name: mx.contiguous(value) for name, value in tensors.items()}
    is_tied = not hasattr(model, "lm_head") and any("embedding" in module for module in adapted.values())
    config = make_config(
        names,
        list(_linear_names(model, kind)),
        rank,
        alpha,
        base=base,
        is_dora="m" in first,
        is_tied=is_tied,
    )
    return tensors, config


def _rank(module: Any) -> int:
    return int(module.lora_a.shape[1])  # (in, rank), and (experts, rank, in) of a mixture


def _factors(name: str, a: mx.array, b: mx.array) -> dict[str, mx.array]:
    return {f"{PREFIX}{name}.lora_A.weight": a, f"{PREFIX}{name}.lora_B.weight": b}


def _expert_names(name: str, kind: str, experts: int) -> list[str]:
    return [peft_name(name, kind, expert) for expert in range(experts)]


def _linear_names(model: Any, kind: str) -> Iterable[str]:
    """Yield PEFT's names of all linear parts of a model, adapted or not."""
    for name, module in model.named_modules():
        if name.endswith((".linear", ".embedding")):
            continue
        inner = module.linear if "lora_a" in module and "linear" in module else module
        if isinstance(inner, _EXPERTS):
            yield from _expert_names(name, kind, inner.weight.shape[0])
        elif isinstance(inner, _LINEAR):
            yield name
