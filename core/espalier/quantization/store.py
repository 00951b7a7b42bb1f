"""The quantized models of a run: kept side by side, one of them the run's choice; nothing is ever deleted."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import whole_folder, write_json
from espalier.quantization.settings import QuantizeSettings, flat_values, settings_of

RECORD = "quantized.json"
FIRST = "model-4bit"  # where a run has the student as it is made when no value is changed
_MODELS = "models"
_CHOSEN = "chosen.json"


@dataclass(frozen=True)
class Quantized:
    """One quantized model of a run.

    Attributes:
        folder: an mlx-lm model folder.
        settings: how it was made.
        record: what else is known about it; see `record_of`. Empty for one that an earlier Espalier made.
        is_chosen: whether evaluation, questions and export use it.
    """

    folder: Path
    settings: QuantizeSettings
    record: Mapping[str, Any]
    is_chosen: bool = False

    @property
    def name(self) -> str:
        """Return what it is called in the run."""
        return self.folder.name.removeprefix(".").removesuffix(".old")

    @property
    def cost(self) -> Mapping[str, Any]:
        """Return what it cost, {} before that was measured; see `espalier.quantization.cost`."""
        found: Mapping[str, Any] = self.record.get("cost") or {}
        return found

    @property
    def bytes(self) -> int:
        """Return its size on disk."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def quantized_models(run: Path) -> list[Quantized]:
    """Return the quantized models of a run's folder, oldest first; one that cannot be read is left out."""
    chosen = chosen_folder(run)
    found = []
    for folder in _folders(run):
        try:
            record = read_record(folder)
            settings = settings_of(record.get("settings") or {})
        except (EspalierError, OSError, ValueError):
            continue
        found.append((str(record.get("made", "")), Quantized(folder, settings, record, folder == chosen)))
    return [model for _, model in sorted(found, key=lambda entry: entry[0])]


def chosen_folder(run: Path) -> Path | None:
    """Return the folder of the quantized model that the run uses, None while there is none.

    It is the one that was chosen; without a choice the first of all.
    """
    folders = _folders(run)
    try:
        name = json.loads((run / _CHOSEN).read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, LookupError, TypeError):
        name = FIRST
    return next((folder for folder in folders if folder in _places(run, name)), folders[0] if folders else None)


def choose(run: Path, name: str) -> Quantized:
    """Make one of the run's quantized models the one that is used, and return it.

    Raises:
        EspalierError: the run has none of this name.
    """
    models = {model.name: model for model in quantized_models(run)}
    if name not in models:
        known = ", ".join(models) or "none yet"
        raise EspalierError(f"The run has no quantized model “{name}”. It has {known}.")
    write_json(run / _CHOSEN, {"name": name})
    return models[name]


def find(run: Path, settings: QuantizeSettings) -> Quantized | None:
    """Return the run's model that was made in this way, None when there is none yet."""
    wanted = settings.essential
    return next((model for model in quantized_models(run) if model.settings.essential == wanted), None)


def free_folder(run: Path, settings: QuantizeSettings) -> Path:
    """Return where a model that is made in this way goes; no other is there."""
    if settings.essential == QuantizeSettings():
        return run / FIRST
    number, folder = 1, run / _MODELS / settings.name
    while whole_folder(folder):
        number += 1
        folder = folder.with_name(f"{settings.name}-{number}")
    return folder


def record_of(settings: QuantizeSettings, **known: Any) -> dict[str, Any]:
    """Return a new model's record: its settings, when it was made, and what else is known."""
    made = time.strftime("%Y-%m-%dT%H:%M:%S")
    return {"settings": flat_values(settings), "made": made, **known}


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a model; {} for one that an earlier Espalier made.

    Raises:
        ValueError: it cannot be read.
    """
    path = folder / RECORD
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not isinstance(found, dict):
        raise ValueError(path)
    return found


def add_to_record(folder: Path, **known: Any) -> None:
    """Add what was found out about a model to its record."""
    write_json(folder / RECORD, read_record(folder) | known)


def _folders(run: Path) -> list[Path]:
    names = {path.name.removeprefix(".").removesuffix(".old") for path in (run / _MODELS).glob("*") if path.is_dir()}
    places = [run / FIRST, *(run / _MODELS / name for name in sorted(names) if not name.endswith(".new"))]
    return [folder for place in places if (folder := whole_folder(place))]


def _places(run: Path, name: str) -> tuple[Path, ...]:
    place = run / FIRST if name == FIRST else run / _MODELS / name
    return place, place.with_name(f".{place.name}.old")
