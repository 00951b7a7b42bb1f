"""What writes each form that needs a model, by the form's name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from espalier.metal.forms import fused_form, gguf_form, mlx_form, ollama_form, peft_form
from espalier.sharing.check import Check
from espalier.sharing.export import Made

WRITERS: Mapping[str, Callable[[Made, Path], Check]] = {
    "mlx": mlx_form.write,
    "peft": peft_form.write,
    "gguf": gguf_form.write,
    "fused": fused_form.write,
    "fused-4bit": fused_form.write_small,
    "ollama": ollama_form.write,
}
