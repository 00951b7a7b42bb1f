"""What may stand in a pane: the base, what a run made of it, another model, an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import whole_folder
from espalier.models.folder import find_model, list_models
from espalier.project import Project
from espalier.teachers.endpoint import Endpoint, is_endpoint
from espalier.teachers.opening import require_ready
from espalier.training.run import Run, all_runs, latest_trained

KINDS = ("base", "tuned", "quantized", "adapter", "model", "endpoint")
_ADAPTERS = ("adapters.safetensors", "soft_prompt.safetensors")
_LAST, _BEST = "adapter", "best"


@dataclass(frozen=True)
class Pane:
    """What a person chose for a pane.

    Attributes:
        kind: one of `KINDS`.
        run: name of a run's folder; "" for the session's own.
        checkpoint: of a run: ``best``, ``checkpoint``, or another folder with an adapter; "" for its result.
        model: of kind model, a name or folder; of kind adapter, a folder with an adapter for the student.
        endpoint: ``URL#model``.
    """

    kind: str
    run: str = ""
    checkpoint: str = ""
    model: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class Source:
    """Where what stands in a pane is: an endpoint, or a model's folder with or without what a run trained."""

    title: str
    model: Path | None = None
    adapter: Path | None = None
    endpoint: Endpoint | None = None


@dataclass(frozen=True)
class Choice:
    """One thing that a person may put into a pane, as the picker shows it; ``pane`` is what a request holds."""

    pane: Mapping[str, str]
    title: str
    detail: str


def read_pane(values: Mapping[str, Any]) -> Pane:
    """Return the pane that plain values stand for.

    Raises:
        EspalierError: they stand for none.
    """
    known = Pane("base")
    if not isinstance(values, Mapping) or values.get("kind") not in KINDS or set(values) - set(vars(known)):
        raise EspalierError(f"A pane has a kind, one of {', '.join(KINDS)}, and perhaps a run, checkpoint or model.")
    return Pane(**{name: str(value or "") for name, value in values.items()})


def find_source(project: Project, pane: Pane, run: str = "") -> Source:
    """Return what a pane stands for.

    Args:
        project: whose student and runs.
        pane: to look up.
        run: whose result is meant where the pane names none; "" for the newest.

    Raises:
        EspalierError: it is not there; the message says what to do.
    """
    if pane.kind == "endpoint":
        endpoint = require_ready(pane.endpoint)
        return Source(f"{endpoint.model} at {endpoint.host}", endpoint=endpoint)
    if pane.kind == "model":
        folder = find_model(pane.model)
        return Source(folder.name, folder)
    student = find_model(project.student)
    if pane.kind == "base":
        return Source(student.name, student)
    if pane.kind == "adapter":
        adapter = Path(pane.model).expanduser()
        if not _is_adapter(adapter):
            raise EspalierError(f"{adapter} holds no adapter. Choose a folder with adapters.safetensors.")
        return Source(f"{student.name} with {adapter.name}", student, adapter.resolve())
    made = _run(project, pane.run or run)
    if pane.kind == "quantized":
        if made.quantized is None:
            raise EspalierError(
                f"The run {made.folder.name} has no 4-bit student yet. `espalier quantize {project.root}` makes one."
            )
        return Source(f"{student.name}, 4 bits of {made.folder.name}", made.quantized)
    found = _checkpoint(made, pane.checkpoint)
    name = f"{made.folder.name}, {pane.checkpoint}" if pane.checkpoint not in ("", _LAST) else made.folder.name
    return Source(f"{student.name} with {name}", student, found)


def choices(project: Project) -> list[Choice]:
    """Return everything that the project offers for a pane, the newest run first."""
    found = [Choice({"kind": "base"}, project.student, "before training")]
    for run in reversed(all_runs(project)):
        name = run.folder.name
        for checkpoint in _checkpoints(run):
            detail = {_LAST: "after training", _BEST: "lowest held-out loss"}.get(checkpoint, checkpoint)
            where = {} if checkpoint == _LAST else {"checkpoint": checkpoint}
            found.append(Choice({"kind": "tuned", "run": name, **where}, name, detail))
        if run.quantized:
            found.append(Choice({"kind": "quantized", "run": name}, name, "4 bits"))
    found += [
        Choice({"kind": "model", "model": model.name}, model.name, model.precision)
        for model in list_models()
        if model.name != project.student
    ]
    for setting in dict.fromkeys((project.teacher, project.judge)):
        if is_endpoint(setting):
            found.append(Choice({"kind": "endpoint", "endpoint": setting}, setting.partition("#")[2], setting))
    return found


def _run(project: Project, name: str) -> Run:
    if not name:
        return latest_trained(project)
    found = next((run for run in all_runs(project) if run.folder.name == name), None)
    if found is None:
        raise EspalierError(f"{project.root} has no run {name}. Choose another.")
    return found


def _checkpoint(run: Run, name: str) -> Path:
    folder = whole_folder(run.folder / (name or _LAST))
    if name and name not in _checkpoints(run):
        raise EspalierError(f"The run {run.folder.name} has no checkpoint {name}. Choose another.")
    if folder is None or not _is_adapter(folder):
        raise EspalierError(f"The run {run.folder.name} is not finished. Train it to its end, or choose another.")
    return folder


def _checkpoints(run: Run) -> list[str]:
    """Return the run's folders with an adapter, relative to its own, its result first."""
    usual = [run.folder / name for name in (_LAST, _BEST, "checkpoint")]
    others = sorted([*run.folder.glob("checkpoints/*"), *run.folder.glob("phases/*/adapter")])
    return [folder.relative_to(run.folder).as_posix() for folder in (*usual, *others) if _is_adapter(folder)]


def _is_adapter(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _ADAPTERS)
