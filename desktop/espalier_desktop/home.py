"""Where the window keeps what belongs to no project: its settings and its logs."""

import math
import os
import sys
from pathlib import Path

from PySide6.QtCore import QSettings

from espalier.models.folder import home_folder

ZOOMS = (0.85, 1.0, 1.15, 1.3, 1.5)
"""Sizes of the text that a person can choose from, in parts of the usual one."""


def logs_folder() -> Path:
    """Return the folder of the logs, where the Mac's Console looks for them."""
    if sys.platform == "darwin" and not os.environ.get("ESPALIER_HOME"):
        return Path.home() / "Library" / "Logs" / "Espalier"
    return home_folder() / "logs"


def stored_list(key: str) -> list[str]:
    """Return a list of texts from the settings; an INI file gives one text for a list of one."""
    value = settings().value(key, [])
    return [value] if isinstance(value, str) else [str(text) for text in value] if isinstance(value, list) else []


def stored_zoom() -> float:
    """Return how much the text is enlarged; 1 where the settings hold no number."""
    try:
        zoom = float(str(settings().value("zoom", 1.0)))
    except ValueError:
        zoom = 1.0
    return min(max(zoom, ZOOMS[0]), ZOOMS[-1]) if math.isfinite(zoom) else 1.0


def settings() -> QSettings:
    """Return the settings of the window, in a plain file."""
    return QSettings(str(home_folder() / "window.ini"), QSettings.Format.IniFormat)
