"""The stage that makes a run's student small and measures what it cost; what is there already is not made again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from espalier.clock import Clock
from espalier.demo import check_room
from espalier.evaluation.general import general_texts
from espalier.evaluation.questions import Question
from espalier.language import Backend, Message, TrainRow
from espalier.messages import Emit, Note, Stage
from espalier.models.folder import find_model
from espalier.models.shapes import packed_bits, read_parts
from espalier.quantization.cost import Compared, level, title, verdict
from espalier.quantization.layout import check_fit, quantized_bytes
from espalier.quantization.settings import QuantizeSettings
from espalier.quantization.store import Quantized, add_to_record, choose, find, free_folder, quantized_models
from espalier.training.conversations import train_row
from espalier.training.run import Run

_SPARE = 50_000_000  # bytes for the tokenizer and the record
Right = Callable[[Quantized], Mapping[str, int]]


def check(run: Run, settings: QuantizeSettings) -> list[str]:
    """Return what a person should know before a run's student is quantized in this way.

    Raises:
        EspalierError: it cannot be done, or there is no room for it.
    """
    student = find_model(run.request["student"])
    parts = read_parts(student)
    notes = [check_fit(settings, parts)]
    check_room(run.folder, quantized_bytes(settings, parts) + _SPARE)
    if bits := packed_bits(student):
        notes.append(
            f"The student's own files hold weights of {min(bits)} bits. They are written out, merged with the "
            "adapter and rounded a second time, which costs more. Take a student in floats where there is one."
        )
    if run.request.get("settings", {}).get("method") == "qlora":
        notes.append(
            "The adapter learned on a base of 4 bits (QLoRA). It is merged into the student's own weights and rounded "
            "once; what it had learned about the errors of that base is lost."
        )
    return [note for note in notes if note]


def make(run: Run, settings: QuantizeSettings, backend: Backend, emit: Emit) -> Quantized:
    """Return the run's student quantized in this way; it is made first when it is not there.

    Raises:
        EspalierError: it cannot be done, or there is no room for it.
    """
    assert run.adapter
    settings = settings.essential
    made = find(run.folder, settings)
    emit(Stage("quantize", f"Making the student small: {title(settings).rstrip(',')}", made is not None))
    if made:
        return made
    notes = check(run, settings)
    for note in notes:
        emit(Note(note))
    rows = [train_row(row) for row in run.rows("train")] if settings.method == "dwq" else []
    clock: Clock | None = None

    def on_update(step: int, steps: int, loss: float) -> None:
        nonlocal clock
        clock = clock or Clock("quantize", steps, "updates", emit)
        clock.tell(step, f"loss {loss:.3f}", loss=round(loss, 4))

    folder = free_folder(run.folder, settings)
    backend.quantize(find_model(run.request["student"]), run.adapter, folder, settings, rows, on_update)
    versions = {name: version(name) for name in ("mlx", "mlx-lm")}
    add_to_record(folder, notes=notes, versions=versions)
    made = find(run.folder, settings)
    assert made
    return made


def measure(
    run: Run, made: Quantized, questions: Sequence[Question], right: Right, backend: Backend, emit: Emit
) -> Quantized:
    """Return the model with what it cost in its record.

    Args:
        run: whose student.
        made: of the run.
        questions: hand-written and held out; their reference answers are compared too.
        right: returns how many of them are answered right by ``base``, ``adapter`` and ``quantized``.
        backend: compares.
        emit: told what is done.
    """
    emit(Stage("quantize", "What it costs"))
    assert run.adapter
    student = find_model(run.request["student"])
    texts = {"project": _project_rows(run, questions), "general": general_rows()}
    found = backend.compare(student, run.adapter, made.folder, texts)
    cost = cost_of(made.settings, found, right(made), _disk(student, run.adapter, made, found))
    add_to_record(made.folder, cost=cost)
    return replace(made, record={**made.record, "cost": cost})


def settle(run: Run, made: Quantized) -> Quantized:
    """Return the model that was just asked for, now the run's choice, unless it breaks and another does not."""
    others = [model for model in quantized_models(run.folder) if model.name != made.name]
    if made.cost.get("level") == "much" and any(model.cost.get("level") != "much" for model in others):
        return made
    choose(run.folder, made.name)
    return replace(made, is_chosen=True)


def cost_of(
    settings: QuantizeSettings, found: Compared, right: Mapping[str, int], disk: Mapping[str, int]
) -> dict[str, Any]:
    """Return the cost as the record holds it: figures, their level and a sentence."""
    forms = {form: {kind: asdict(each) for kind, each in kinds.items()} for form, kinds in found.divergence.items()}
    quantized = found.divergence["quantized"]
    cost: dict[str, Any] = {
        "project": forms["quantized"]["project"],
        "general": forms["quantized"]["general"],
        "fused": forms["fused"],
        "right": dict(right),
        "bytes": dict(disk),
        "memory": dict(found.memory),
        "tokens_per_second": dict(found.tokens_per_second),
        "level": level([quantized["project"], quantized["general"]], right),
    }
    return {**cost, "verdict": verdict(settings, cost)}


def general_rows() -> list[TrainRow]:
    """Return the shipped texts of the forgetting check, each as the answer to a prompt that asks for it."""
    return [TrainRow((*prompt.messages, Message("assistant", text))) for prompt, text in general_texts()]


def _project_rows(run: Run, questions: Sequence[Question]) -> list[TrainRow]:
    asked = [
        TrainRow((Message("user", question.question), Message("assistant", question.reference)))
        for question in questions
        if question.reference.strip()
    ]
    return [*asked, *(train_row(row) for row in run.rows("heldout"))]


def _disk(student: Path, adapter: Path, made: Quantized, found: Compared) -> dict[str, int]:
    base, own = (
        sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) for place in (student, adapter)
    )
    return {"adapter": base + own, "fused": found.memory["fused"], "quantized": made.bytes}
