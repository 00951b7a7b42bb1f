"""The model that a run taught, as the public knows it."""

from dataclasses import replace
from pathlib import Path

from espalier.errors import EspalierError
from espalier.sharing import records
from espalier.sharing.bases import Base, base_of, name_of
from espalier.training.run import Run


def student_of(run: Run) -> Base:
    """Return the model that a run taught; its public name may be one that a person gave with an export."""
    base = base_of(str(run.request.get("student", "")))
    try:
        told = records.base_of(run)
    except (EspalierError, KeyError):
        told = ""
    return replace(base, id=told, name=name_of(told, Path(told))) if told else base
