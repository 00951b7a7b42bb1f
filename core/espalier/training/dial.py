"""What a project trains with: the dial's values, or a preset's, and over them what the person changed."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from espalier.errors import EspalierError
from espalier.project import Project, write_settings
from espalier.training.curriculum import Curriculum, check_curriculum
from espalier.training.hosts import Hosts, read_hosts
from espalier.training.mlx_lm_config import MLX_LM_DEFAULTS
from espalier.training.settings import TrainSettings, changed, check_settings
from espalier.values import flat, needed, put

DIAL: Mapping[str, Mapping[str, Any]] = {
    "quick": {"epochs": 4},
    "good": {"epochs": 5},
    "thorough": {"epochs": 12, "save_every": 25},
}
PRESETS: Mapping[str, Mapping[str, Any]] = {"mlx-lm": MLX_LM_DEFAULTS}
PRESET = "preset"
HOSTFILE = "hostfile"
_ELSEWHERE = (HOSTFILE, *(item.name for item in fields(Curriculum)))


def train_settings(project: Project, values: Mapping[str, Any] | None = None) -> TrainSettings:
    """Return the settings of the next run.

    Args:
        project: whose dial and ``training`` values count.
        values: that count before those, by name.

    Raises:
        EspalierError: a value cannot be used.
    """
    return check_settings(_of_training(_merged(project, values)))


def curriculum_of(project: Project, values: Mapping[str, Any] | None = None) -> Curriculum:
    """Return in which order the next run learns; arguments and errors as `train_settings`'."""
    curriculum = Curriculum()
    for name, value in _merged(project, values).items():
        if name in _ELSEWHERE and name != HOSTFILE:
            curriculum = put(curriculum, name, value)
    return check_curriculum(curriculum)


def hosts_of(project: Project, values: Mapping[str, Any] | None = None) -> Hosts | None:
    """Return the Macs that train together, None where it is this one alone.

    They are no part of the run's settings: what comes out does not depend on them, and a run goes on with others.

    Raises:
        EspalierError: the hostfile cannot be used.
    """
    place = _text(project, HOSTFILE, values)
    return read_hosts(project.root / place) if place else None


def changed_values(project: Project) -> dict[str, Any]:
    """Return every training value that holds, by the names of `espalier.training.explained.EXPLAINED`.

    Raises:
        EspalierError: a value cannot be used.
    """
    texts = {name: _text(project, name) for name in (PRESET, HOSTFILE)}
    return flat({**asdict(train_settings(project)), **asdict(curriculum_of(project)), **texts})


def usual_values(project: Project) -> dict[str, Any]:
    """Return every training value as the dial has it, or the preset, for the method that is chosen."""
    preset, method = _text(project, PRESET), train_settings(project).method
    kept = {name: value for name, value in ((PRESET, preset), ("method", method)) if value}
    return changed_values(replace(project, training=kept)) | {"method": TrainSettings().method}


def _text(project: Project, name: str, values: Mapping[str, Any] | None = None) -> str:
    return str({**project.training, **(values or {})}.get(name) or "")


def change_training(project: Project, values: Mapping[str, Any]) -> Project:
    """Write changed training values into ``project.yaml``; as `with_training`."""
    changed_project = with_training(project, values)
    write_settings(changed_project)
    return changed_project


def with_training(project: Project, values: Mapping[str, Any]) -> Project:
    """Return the project with changed training values; None, or what the dial gives, is taken out.

    Raises:
        EspalierError: a value cannot be used.
    """
    given = flat(values)
    merged = {name: value for name, value in {**flat(project.training), **given}.items() if value is not None}
    typed = changed_values(replace(project, training=merged))  # numbers, where a person gave texts
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in typed.items()}
    kept = {name: plain.get(name, value) if name in given else value for name, value in merged.items()}
    return replace(project, training=needed(kept, given, lambda each: _everything(replace(project, training=each))))


def _everything(project: Project) -> tuple[TrainSettings, Curriculum, Hosts | None]:
    return train_settings(project), curriculum_of(project), hosts_of(project)


def _merged(project: Project, values: Mapping[str, Any] | None) -> dict[str, Any]:
    given = flat({**project.training, **(values or {})})
    preset = str(given.pop(PRESET, "") or "")
    if preset and preset not in PRESETS:
        raise EspalierError(f"There is no training preset “{preset}”. Choose {', '.join(PRESETS)}, or leave it out.")
    return {**(PRESETS[preset] if preset else DIAL[project.dial]), **given}


def _of_training(values: Mapping[str, Any]) -> TrainSettings:
    own = {name: value for name, value in values.items() if name not in _ELSEWHERE}
    return changed(TrainSettings(), own)
