"""A folder that ``ollama create`` makes a model of: the adapter for a model of Ollama's library, or the whole model."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.language import Message
from espalier.metal.forms import fused_form, gguf_form
from espalier.metal.model import MlxModel, load
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.gguf_layout import refusal
from espalier.sharing.ollama import find_family, library_name, modelfile, whole_refusal

_WHOLE = "model"  # the folder of the merged student


def write(made: Made, destination: Path) -> Check:
    """Write the Modelfile with what it is made from, and three lines that say how.

    Raises:
        EspalierError: Ollama takes neither the adapter nor the whole model.
    """
    config = json.loads((made.student / "config.json").read_text(encoding="utf-8"))
    trained = json.loads((made.adapter / "adapter_config.json").read_text(encoding="utf-8"))
    source, adapter = library_name(made.base), ""
    if source and not refusal(config, trained):
        found = gguf_form.write(made, destination)
        adapter = next(destination.glob("*.gguf")).name
        told = f"{found.sentence} It is for Ollama's {source}."
        if made.on_packed:
            told = (
                f"{found.sentence} It is for Ollama's {source}, whose weights have 16 bits, and was trained on fewer: "
                "answers can differ a little."
            )
        found = replace(found, sentence=told)
    else:
        if reason := whole_refusal(str(config.get("model_type"))):
            raise EspalierError(reason)
        source = f"./{_WHOLE}"
        (destination / _WHOLE).mkdir()
        found = fused_form.write(made, destination / _WHOLE)
    student = load(made.student)
    family, system = find_family(lambda messages: _rendered(student, messages)) or (None, "")
    text = modelfile(source, adapter, family, system, _ends(student), _licence(made.student))
    write_text(destination / "Modelfile", text)
    name = made.base.rpartition("/")[2].lower() or made.student.name.lower()
    write_text(
        destination / "README.md",
        f"In this folder run `ollama create my-{name} -f Modelfile`.\n"
        f"Then ask it with `ollama run my-{name}`.\n"
        "It was made with Espalier; the Modelfile beside this says what of.\n",
    )
    return found


def _rendered(student: MlxModel, messages: Sequence[Message]) -> str:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = student.tokenizer.apply_chat_template(
        turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
    )
    return str(text)


def _ends(student: MlxModel) -> list[str]:
    """Return the tokens that end an answer, as text."""
    return [str(student.tokenizer.decode([token])) for token in sorted(student.tokenizer.eos_token_ids)]


def _licence(student: Path) -> str:
    for file in sorted(student.iterdir()):
        if file.name.casefold().startswith(("license", "licence")):
            return file.read_text(encoding="utf-8", errors="replace")
    return ""
