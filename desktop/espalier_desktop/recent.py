"""The projects that were open last, and the last of them that still are there."""

from pathlib import Path

from espalier.project import SETTINGS
from espalier_desktop.home import settings, stored_list

_MOST = 10


def recent_projects() -> list[Path]:
    """Return the projects that were open, the latest first; those that are gone are left out."""
    return [path for path in _stored() if (path / SETTINGS).is_file()]


def add_recent(folder: Path) -> None:
    """Put a project first."""
    paths = [folder, *(path for path in _stored() if path != folder)]
    settings().setValue("recent", [str(path) for path in paths[:_MOST]])


def _stored() -> list[Path]:
    return [Path(path) for path in stored_list("recent")]
