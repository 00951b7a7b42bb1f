"""How fast a teacher and a critic were on this machine, kept in the user's own folder and taken for what comes next.

Trying a few rows measures it the first time; every full run measures it again.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from espalier.files import write_json
from espalier.machine import chip
from espalier.models.folder import home_folder
from espalier.project import Project, content_key
from espalier.synthesis.sample import Sample


@dataclass(frozen=True)
class Pace:
    """What one row took, on average, from its draw to its last check; rows that need no teacher are left out.

    Attributes:
        rows: that were measured.
        seconds: of a row.
        calls: prompts of a row, to teacher and critic.
        accepted: share of the rows, 0 to 1.
        bytes: of a row on disk.
        per_source: rows that a source gave in a wave; 0 where it was not measured.
    """

    rows: int
    seconds: float
    calls: float
    accepted: float
    bytes: float
    per_source: float = 0.0


def pace_of(samples: Sequence[Sample], seconds: float, calls: int, per_source: float = 0.0) -> Pace | None:
    """Return the pace of some new samples; None when the teacher wrote none of them."""
    written = [sample for sample in samples if sample.is_written]
    if not written:
        return None
    size = sum(len(json.dumps(asdict(sample)).encode()) + 1 for sample in written)
    count = len(written)
    accepted = sum(sample.is_accepted for sample in written)
    return Pace(count, seconds / count, calls / count, accepted / count, size / count, per_source)


def remember_pace(project: Project, kind: str, pace: Pace) -> None:
    """Keep the pace of a project's models and pipeline on leaves of a kind; it is no matter when it cannot be kept."""
    known = read_pace(project, kind)
    if known and not pace.per_source:
        pace = replace(pace, per_source=known.per_source)
    try:
        write_json(_file(project, kind), asdict(pace))
    except OSError:
        return


def read_pace(project: Project, kind: str) -> Pace | None:
    """Return the pace that was measured last, None when there is none."""
    try:
        return Pace(**json.loads(_file(project, kind).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _file(project: Project, kind: str) -> Path:
    key = content_key(project.teacher, project.judge, project.pipeline, kind, chip())
    return home_folder() / "measured" / f"pace-{key}.json"
