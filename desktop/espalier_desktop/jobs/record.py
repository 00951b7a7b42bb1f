"""The note a job leaves in its project, so that work that was cut off can be offered again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from espalier.files import write_json

_NAME = ".job.json"


@dataclass(frozen=True)
class JobRecord:
    """A job that was started and has not been seen to end.

    Attributes:
        command: of the worker's request.
        started: local time, such as ``2026-11-21 16:05``.
        stage: the stage it was last seen in, "" before the first.
    """

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    stage: str = ""


def write_record(root: Path, record: JobRecord) -> None:
    """Note in a project that a job runs; a project that cannot be written has no job to note."""
    try:
        write_json(root / _NAME, asdict(record))
    except OSError:
        return


def clear_record(root: Path) -> None:
    """Forget the job."""
    try:
        (root / _NAME).unlink(missing_ok=True)
    except OSError:
        return


def read_record(root: Path) -> JobRecord | None:
    """Return the job that was cut off, None when there is none."""
    try:
        return JobRecord(**json.loads((root / _NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
