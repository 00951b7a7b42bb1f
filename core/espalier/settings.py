"""What a person chose for all projects: a file of the user's own, so that no project can choose it for them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.models.folder import home_folder
from espalier.models.starter import STARTER

SHARES = (0.6, 0.8, 0.9)
"""Shares of what the GPU may hold that a person can choose from."""


@dataclass(frozen=True)
class Settings:
    """The settings of this user on this machine.

    Attributes:
        student: of new projects: a model's name or path; ``teacher`` likewise, ``critic`` is "" for the teacher.
        memory_share: of what the GPU may hold, that Espalier may take, 0 < share < 1.
        low_battery: charge below which training waits for power, 0 to 1; 1 trains on the power adapter only.
        uses_remote: whether text may be sent to the endpoints outside this machine that were allowed.
        allowed_endpoints: origins that text may be sent to, such as ``https://models.example``.
        seeks_updates: whether the window asks once a day, when it starts, for a newer Espalier.
    """

    student: str = STARTER
    teacher: str = STARTER
    critic: str = ""
    memory_share: float = 0.8
    low_battery: float = 0.2
    uses_remote: bool = False
    allowed_endpoints: tuple[str, ...] = ()
    seeks_updates: bool = False


def settings_file() -> Path:
    """Return the file of the settings, which may be missing."""
    return home_folder() / "settings.json"


def read_settings() -> Settings:
    """Return the settings; what is missing or cannot be meant has its default.

    Raises:
        EspalierError: the file is no JSON object.
    """
    return _meant(_read())


def usable_settings() -> Settings:
    """Return the settings, all by default where the file cannot be read."""
    try:
        return read_settings()
    except EspalierError:
        return Settings()


def change_settings(**values: Any) -> Settings:
    """Write some settings by their names and return all; what other versions keep in the file stays.

    Raises:
        EspalierError: the file is there and cannot be read; it is left as it is.
    """
    kept = _read()
    settings = replace(_meant(kept), **values)
    write_json(settings_file(), {"version": 1, **kept, **asdict(settings)})
    return settings


def reset_settings() -> None:
    """Bring every default back; what other versions keep in the file stays."""
    change_settings(**asdict(Settings()))


def rescue_settings() -> Path | None:
    """Put a settings file that cannot be read beside, so that the defaults count; return where it is now."""
    try:
        _read()
    except EspalierError:
        return set_beside(settings_file())
    return None


def set_beside(file: Path) -> Path:
    """Rename a file that cannot be read, over none that is there already, and return its new path."""
    count, beside = 1, file.with_name(f"{file.name}.unreadable")
    while beside.exists():
        count += 1
        beside = file.with_name(f"{file.name}.unreadable-{count}")
    file.rename(beside)
    return beside


def _read() -> dict[str, Any]:
    try:
        found = json.loads(settings_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise EspalierError(f"{settings_file()} cannot be read. Mend or delete it.") from error
    raise EspalierError(f"{settings_file()} cannot be read. Mend or delete it.")


def _meant(found: Mapping[str, Any]) -> Settings:
    usual = Settings()
    names = {name: found.get(name) for name in ("student", "teacher", "critic")}
    texts = {name: text for name, text in names.items() if isinstance(text, str) and text}
    allowed = found.get("allowed_endpoints")
    origins = tuple(str(origin) for origin in allowed) if isinstance(allowed, list) else ()
    uses_remote = found.get("uses_remote")
    return replace(
        usual,
        **texts,
        memory_share=_number(found.get("memory_share"), SHARES[0], SHARES[-1], usual.memory_share),
        low_battery=_number(found.get("low_battery"), 0.0, 1.0, usual.low_battery),
        uses_remote=uses_remote if isinstance(uses_remote, bool) else bool(origins),
        allowed_endpoints=origins,
        seeks_updates=found.get("seeks_updates") is True,
    )


def _number(value: object, least: float, most: float, usual: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and least <= value <= most else usual  # type: ignore[arg-type,operator]
