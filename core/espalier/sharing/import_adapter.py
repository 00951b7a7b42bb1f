"""Bring an adapter of PEFT's into a project, as a run that can be compared, evaluated, made small and shared again."""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from espalier.demo import check_room
from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.messages import Emit, Note, Stage
from espalier.models.folder import find_model
from espalier.models.new_folder import new_folder
from espalier.project import Project, content_key
from espalier.sharing.bases import base_of
from espalier.training.fingerprint import fingerprint
from espalier.training.run import Run, free_folder
from espalier.training.settings import LoraSettings, TrainSettings

_SPARE = 20_000_000  # bytes that stay free


@dataclass(frozen=True)
class Adopted:
    """What was read from a folder of PEFT's.

    Attributes:
        config: of the adapter, as mlx-lm reads it.
        base: the model that it was made for, as its maker calls it; "" where that is not told.
        layers: how many the student has.
        effect: largest difference that it makes to a logit of a few general texts.
    """

    config: dict[str, Any]
    base: str
    layers: int
    effect: float


class Reader(Protocol):
    """Reads adapters of other programs."""

    def read_peft(self, source: Path, student: Path, destination: Path) -> Adopted:
        """Write an adapter of PEFT's into an existing folder as mlx-lm holds it, and try it on the student.

        Raises:
            EspalierError: it is no such adapter, mlx-lm cannot hold it, or it is for another model.
        """


def import_adapter(project: Project, source: Path, reader: Reader, emit: Emit) -> Run:
    """Return a new run whose adapter is the one in a folder of PEFT's.

    Args:
        project: whose student it goes onto.
        source: folder with ``adapter_config.json`` and ``adapter_model.safetensors``.
        reader: reads it.
        emit: told what is done, and what a person should know.

    Raises:
        EspalierError: the folder holds no adapter that fits the student and that mlx-lm can hold.
    """
    if not source.is_dir():
        raise EspalierError(f"{source} is no folder. Choose the folder that holds adapter_config.json.")
    emit(Stage("import", f"Reading {source.name}"))
    student = find_model(project.student)
    check_room(project.runs, 2 * sum(file.stat().st_size for file in source.glob("*.safetensors")) + _SPARE)
    destination = free_folder(project)
    with new_folder(destination) as folder:
        adapter = folder / "adapter"
        adapter.mkdir()
        found = reader.read_peft(source, student, adapter)
        request = _request(project, source, adapter, found)
        write_json(folder / "request.json", request)
    for sentence in _notes(project, found):
        emit(Note(sentence))
    return Run(destination, request)


def _request(project: Project, source: Path, adapter: Path, found: Adopted) -> dict[str, Any]:
    shape, layers = found.config["lora_parameters"], found.config["num_layers"]
    lora = LoraSettings(
        rank=shape["rank"],
        scale=shape["scale"],
        layers=0 if layers == found.layers else layers,
        keys=tuple(shape["keys"]),
    )
    settings = TrainSettings(method=found.config["fine_tune_type"], lora=lora)
    return {
        "key": content_key("imported", fingerprint(adapter), project.student),
        "student": project.student,
        "settings": asdict(settings),
        "imported": {"from": source.name, "form": "peft", "base": found.base},
        "versions": {name: version(name) for name in ("mlx", "mlx-lm")},
        "alpha": lora.alpha,
    }


def _notes(project: Project, found: Adopted) -> list[str]:
    notes, own = [], base_of(project.student).id
    if found.base and own and found.base != own:
        notes.append(
            f"The adapter was made for {found.base}, and this student is {own}. It fits, but its answers can be poor."
        )
    if not found.effect:
        notes.append("The adapter changes nothing that this student computes.")
    return notes
