"""Questions about models to the engine, which need no project: one at a time for each command, the newest counts."""

from dataclasses import dataclass, field
from pathlib import Path

from espalier.models.places import home_folder


@dataclass(frozen=True)
class NoProject:
    """Stands where an `Errand` wants a project: the program's own folder."""

    root: Path = field(default_factory=home_folder)
