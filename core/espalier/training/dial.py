"""What a project trains with: the dial's values, or a preset's, and over them what the person changed."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from espalier.errors import EspalierError
from espalier.project import Project, write_settings
from espalier.training.curriculum import Curriculum, check_curriculum
from espalier.training.hosts import Hosts, read_hosts
from espalier.training.mlx_lm_config import MLX_LM_DEFAULTS
from espalier.training.settings import TrainSettings, changed, check_settings, put

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
    place = str(_merged(project, values).get(HOSTFILE) or "")
    return read_hosts(project.root / place) if place else None


def change_training(project: Project, values: Mapping[str, Any]) -> Project:
    """Write changed training values into ``project.yaml``; a value that is what the dial gives is taken out.

    Raises:
        EspalierError: a value cannot be used; nothing is written then.
    """
    changed_project = replace(project, training={**project.training, **values})
    wanted = _everything(changed_project)
    for name in values:
        without = {key: value for key, value in changed_project.training.items() if key != name}
        shorter = replace(project, training=without)
        if _everything(shorter) == wanted:
            changed_project = shorter
    write_settings(changed_project)
    return changed_project


def _everything(project: Project) -> tuple[TrainSettings, Curriculum, Hosts | None]:
    return train_settings(project), curriculum_of(project), hosts_of(project)


def _merged(project: Project, values: Mapping[str, Any] | None) -> dict[str, Any]:
    given = _flat({**project.training, **(values or {})})
    preset = str(given.pop(PRESET, "") or "")
    if preset and preset not in PRESETS:
        raise EspalierError(f"There is no training preset “{preset}”. Choose {', '.join(PRESETS)}, or leave it out.")
    return {**(PRESETS[preset] if preset else DIAL[project.dial]), **given}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with those inside ``lora`` and ``prompt`` named ``lora.rank`` and so on."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{inner}": part for inner, part in value.items()})
        else:
            flat[str(name)] = value
    return flat


def _of_training(values: Mapping[str, Any]) -> TrainSettings:
    own = {name: value for name, value in values.items() if name not in _ELSEWHERE}
    return changed(TrainSettings(), own)
