"""The forms that a run's result can be given to other programs in, and which of them a run can have."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.models.shapes import read_parts
from espalier.sharing import gguf_layout, ollama, peft_names
from espalier.sharing.base import public_base
from espalier.training.run import Run

INSTEAD = "Share the adapter for mlx-lm, or the model in 4 bits, instead."
SOFT_PROMPT = "A soft prompt stands beside the weights and cannot be merged into them. Share it for PEFT."
KINDS = {"lora": "LoRA", "dora": "DoRA", "full": "all weights", "prompt": "a soft prompt"}
_SMALL = 20_000  # bytes: configurations beside the weights


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        name: by which commands know it.
        title: for people.
        loads_in: the programs that read it.
    """

    name: str
    title: str
    loads_in: str


FORMS = {
    form.name: form
    for form in (
        Form("mlx", "Adapter for mlx-lm", "mlx-lm on a Mac"),
        Form("peft", "Adapter for PEFT", "transformers with PEFT; vLLM and TGI where it is LoRA"),
        Form("gguf", "Adapter in GGUF", "llama.cpp, Ollama"),
        Form("fused", "Whole model in floats", "transformers, vLLM, mlx-lm, LM Studio on a Mac"),
        Form("fused-4bit", "Whole model in 4 bits", "mlx-lm, LM Studio on a Mac"),
        Form("ollama", "Modelfile for Ollama", "Ollama"),
        Form("dataset", "Training data", "anything that reads JSON lines; a dataset on Hugging Face"),
        Form("report", "Report of the run", "people, in a browser"),
    )
}


def form_named(name: str) -> Form:
    """Return the form of a name.

    Raises:
        EspalierError: there is none.
    """
    if name not in FORMS:
        raise EspalierError(f"There is no form “{name}”. Choose one of {', '.join(FORMS)}.")
    return FORMS[name]


def kind_of(run: Run) -> str:
    """Return what a run's adapter is, one of `KINDS`.

    Raises:
        EspalierError: the run has none, or none that this version knows.
    """
    if run.adapter is None:
        raise EspalierError(f"The run {run.folder.name} is not finished. Train it to its end, or choose another.")
    try:
        kind = json.loads((run.adapter / "adapter_config.json").read_text(encoding="utf-8"))["fine_tune_type"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EspalierError(f"The adapter in {run.adapter} cannot be read: {error}. Train again.") from error
    if kind not in KINDS:
        raise EspalierError(f"The adapter in {run.adapter} is of another kind, “{kind}”. Train again.")
    return str(kind)


def refusal(run: Run, form: str) -> str:
    """Return why a run cannot have a form, in a sentence; "" where it can.

    Raises:
        EspalierError: the run has no adapter that this version knows.
    """
    kind = kind_of(run)
    why = REFUSALS.get(form)
    return why(run, kind) if why else ""


def _peft(run: Run, kind: str) -> str:
    if kind == "full":
        return "All weights were trained, which is no adapter. Share the whole model instead."
    model = _config(run).get("model_type", "llama")
    if kind != "prompt" and model not in peft_names.KNOWN:
        return f"What PEFT calls the parts of a model of the kind {model} is not known here. {INSTEAD}"
    return ""


def _gguf(run: Run, kind: str) -> str:
    config = _config(run)
    return gguf_layout.refusal(config, _trained(run)) if config else ""


def _fused(run: Run, kind: str) -> str:
    model = _config(run).get("model_type", "llama")
    if kind == "prompt":
        return SOFT_PROMPT
    if model not in peft_names.KNOWN:
        return f"What transformers calls the parts of a model of the kind {model} is not known here. {INSTEAD}"
    return ""


def _fused_4bit(run: Run, kind: str) -> str:
    if kind == "prompt":
        return SOFT_PROMPT
    if run.quantized is None:
        return "The run has no 4-bit student yet. Make it small first, with `espalier quantize`."
    return ""


def _ollama(run: Run, kind: str) -> str:
    if kind == "prompt":
        return SOFT_PROMPT
    config = _config(run)
    if not config or _is_in_library(run):
        return ""
    return _fused(run, kind) or ollama.whole_refusal(str(config.get("model_type")))


def _is_in_library(run: Run) -> bool:
    """Return whether the run's adapter can be put onto a model of Ollama's library."""
    base = public_base(find_model(run.request["student"]), run.request["student"])
    return bool(ollama.library_name(base)) and not _gguf(run, kind_of(run))


def _config(run: Run) -> dict[str, Any]:
    """Return the configuration of the run's student, {} where it is not on this machine."""
    try:
        text = (find_model(run.request["student"]) / "config.json").read_text(encoding="utf-8")
        config: dict[str, Any] = json.loads(text)
        return config
    except (EspalierError, OSError, ValueError):
        return {}


def _trained(run: Run) -> dict[str, Any]:
    assert run.adapter
    trained: dict[str, Any] = json.loads((run.adapter / "adapter_config.json").read_text(encoding="utf-8"))
    return trained


REFUSALS: dict[str, Callable[[Run, str], str]] = {
    "peft": _peft,
    "gguf": _gguf,
    "fused": _fused,
    "fused-4bit": _fused_4bit,
    "ollama": _ollama,
}


def offered(run: Run) -> list[dict[str, Any]]:
    """Return every form as plain values: what it is, ``reason`` why the run cannot have it, and about how large it is.

    ``reason`` is "" where it can, and ``bytes`` 0 where the size is not known.

    Raises:
        EspalierError: the run has no adapter that this version knows.
    """
    return [
        {
            "form": form.name,
            "title": form.title,
            "loads_in": form.loads_in,
            "reason": (reason := refusal(run, form.name)),
            "bytes": 0 if reason else estimate(run, form.name),
        }
        for form in FORMS.values()
    ]


def estimate(run: Run, form: str) -> int:
    """Return about how many bytes a form will take."""
    if form == "dataset":
        return sum(file.stat().st_size for file in run.folder.glob("*.jsonl") if file.stem in ("train", "heldout"))
    if form == "report":
        return 3 * _size(run.report) + _SMALL
    if form == "fused-4bit":
        return _size(run.quantized)
    if form == "fused" or (form == "ollama" and not (_config(run) and _is_in_library(run))):
        return _whole(run)
    adapter = _size(run.adapter) + _SMALL
    return adapter // 2 if form in ("gguf", "ollama") else adapter  # 16 bits instead of 32


def _whole(run: Run) -> int:
    """Return the bytes of the run's student in floats: in 32 bits where it has them, else in 16."""
    config = _config(run)
    width = 4 if "float32" in (config.get("torch_dtype"), config.get("dtype")) else 2
    try:
        student = find_model(run.request["student"])
        return width * sum(part.count for part in read_parts(student)) + _size(student / "tokenizer.json") + _SMALL
    except EspalierError:
        return 0


def _size(place: Path | None) -> int:
    if place is None or not place.exists():
        return 0
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())
