"""What a person does with runs that are over: compare them, write notes to them, delete them."""

import shutil
from collections.abc import Mapping
from typing import Any

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier.training.explained import EXPLAINED, defaults
from espalier.training.run import Run, all_runs

_NOTE = "note.txt"
_NO_PART = ("preset", "hostfile")  # of what comes out


def values_of(run: Run) -> dict[str, Any]:
    """Return what a run was made with, by the names of `EXPLAINED`, and its ``student`` and ``rows``."""
    request = run.request
    found: dict[str, Any] = {"student": request.get("student", "")}
    given = _flat({**request.get("settings", {}), **request.get("curriculum", {})})
    found |= {name: given.get(name, value) for name, value in defaults().items() if name not in _NO_PART}
    return found


def differences(runs: Mapping[str, Run]) -> dict[str, dict[str, Any]]:
    """Return, for each value in which some runs differ, what each of them has, in the order of `EXPLAINED`."""
    values = {name: values_of(run) for name, run in runs.items()}
    names = ("student", *EXPLAINED)
    found = {name: {run: each[name] for run, each in values.items()} for name in names if name not in _NO_PART}
    return {name: each for name, each in found.items() if len({repr(value) for value in each.values()}) > 1}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": part for inner, part in value.items()}
        else:
            flat[name] = value
    return {name: tuple(value) if isinstance(value, list) else value for name, value in flat.items()}


def read_note(run: Run) -> str:
    """Return what the person wrote to a run, "" when they did not."""
    try:
        return (run.folder / _NOTE).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def write_note(run: Run, text: str) -> None:
    """Keep a note in the run's folder; an empty one takes it away."""
    if text.strip():
        write_text(run.folder / _NOTE, text.rstrip() + "\n")
    else:
        (run.folder / _NOTE).unlink(missing_ok=True)


def delete_run(project: Project, run: Run) -> None:
    """Delete a run's folder with its adapter; it is first renamed, so that a half-deleted one is never seen as a run.

    Raises:
        EspalierError: another run goes on from it and is not finished.
    """
    name = run.folder.name
    for other in all_runs(project):
        if other.request.get("extends") == name and not other.adapter:
            raise EspalierError(
                f"The run {other.folder.name} goes on from {name} and is not finished. Finish or delete it first."
            )
    gone = run.folder.with_name(f".{name}.deleted")
    shutil.rmtree(gone, ignore_errors=True)
    run.folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
