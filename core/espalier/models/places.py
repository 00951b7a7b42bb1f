"""Where this program keeps what is not a project's: its own folder in the user's, and the models in it."""

import os
import sys
from pathlib import Path


def home_folder() -> Path:
    """Return the program's own folder in the user's, which may not exist yet; ``ESPALIER_HOME`` moves it."""
    if home := os.environ.get("ESPALIER_HOME"):
        return Path(home).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Espalier"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "espalier"


def models_folder() -> Path:
    """Return the folder of the user's models, which may not exist yet."""
    return home_folder() / "models"
