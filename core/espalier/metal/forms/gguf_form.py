"""The adapter as one GGUF file for llama.cpp and Ollama, read back before anybody gets it."""

import json
import re
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from espalier.errors import EspalierError
from espalier.metal.adapters import load_adapter
from espalier.metal.forms.checking import row_logits
from espalier.metal.forms.rounded import judge_rounded
from espalier.metal.model import load
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.gguf_adapter import Dtype, Factors, read_factors, write_factors
from espalier.sharing.gguf_layout import refusal

_HALF = "Its numbers are rounded to 16 bits."
_WHOLE = "Its numbers are kept in 32 bits, since 16 would change the answers."


def write(made: Made, destination: Path) -> Check:
    """Write the adapter into an empty folder: in float16, or in float32 where that would change the answers.

    Raises:
        EspalierError: llama.cpp knows no such adapter, or the file does not hold what was trained.
    """
    config = json.loads((made.student / "config.json").read_text(encoding="utf-8"))
    trained = json.loads((made.adapter / "adapter_config.json").read_text(encoding="utf-8"))
    if reason := refusal(config, trained):
        raise EspalierError(reason)
    factors, alpha = factors_of(made.adapter, trained)
    made.tell("asking the student")
    student = load(made.student)
    load_adapter(student, made.adapter)
    reference = row_logits(student, made.rows)

    def written(dtype: Dtype, told: str) -> Check:
        made.tell("writing")
        file = destination / file_name(made, dtype)
        write_factors(file, factors, config, alpha, dtype)
        made.tell("reading it back")
        _put_back(student.model, file, factors, config, alpha, dtype)
        found = judge_rounded(reference, row_logits(student, made.rows), told)
        if found.verdict == "different":
            file.unlink()
        return found

    if _fits_half(factors) and (found := written("float16", _HALF)).verdict != "different":
        return found
    return written("float32", _WHOLE)


def file_name(made: Made, dtype: Dtype) -> str:
    """Return the name of the file, after the base that it is put onto."""
    base = made.base.rpartition("/")[2] or made.student.name
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', base).strip('.-') or 'model'}-lora-{dtype.replace('float', 'f')}.gguf"


def factors_of(adapter: Path, trained: dict[str, Any]) -> tuple[Factors, float]:
    """Return a saved adapter's factors, turned as llama.cpp wants them and in float32, and its alpha."""
    tensors = mx.load(str(adapter / "adapters.safetensors"))
    factors = {}
    for name in tensors:
        if name.endswith(".lora_a"):
            module = name.removesuffix(".lora_a")
            a, b = (np.array(tensors[f"{module}.{each}"].astype(mx.float32)) for each in ("lora_a", "lora_b"))
            factors[module] = (a, b) if a.ndim == 3 else (a.T, b.T)  # experts are turned already
    rank = next(iter(factors.values()))[1].shape[-1]
    return factors, float(trained["lora_parameters"]["scale"]) * rank


def _put_back(model: Any, file: Path, factors: Factors, config: dict[str, Any], alpha: float, dtype: Dtype) -> None:
    """Put what a file holds onto the model whose factors it should be.

    Raises:
        EspalierError: they are others.
    """
    try:
        found, found_alpha = read_factors(file, list(factors), config)
        for module, pair in factors.items():
            for wanted, got in zip(pair, found[module], strict=True):
                if not np.array_equal(wanted.astype(dtype), got.astype(dtype)):
                    raise ValueError(module)
        if found_alpha != np.float32(alpha):
            raise ValueError("alpha")
    except ValueError as error:
        raise EspalierError(
            f"The GGUF file was not written as it should be ({error}). Nothing was kept; share another form."
        ) from error
    weights = []
    for module, pair in found.items():
        for name, each in zip(("lora_a", "lora_b"), pair, strict=True):
            weights.append((f"{module}.{name}", mx.array(each if each.ndim == 3 else each.T)))
    model.load_weights(weights, strict=False)


def _fits_half(factors: Factors) -> bool:
    largest = float(np.finfo(np.float16).max)
    return all(float(np.abs(each).max(initial=0)) < largest for pair in factors.values() for each in pair)
