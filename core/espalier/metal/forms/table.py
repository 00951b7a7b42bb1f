"""What writes each form that needs a model, by the form's name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from espalier.metal.forms import mlx_form, peft_form
from espalier.sharing.check import Check
from espalier.sharing.export import Made

WRITERS: Mapping[str, Callable[[Made, Path], Check]] = {"mlx": mlx_form.write, "peft": peft_form.write}
