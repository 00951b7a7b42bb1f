"""Settings that cannot be read: put beside before anything looks at them, so that the program starts with the usual."""

from pathlib import Path

from PySide6.QtCore import QSettings

from espalier.settings import rescue_settings, set_beside
from espalier_desktop.home import settings


def rescue_files() -> list[Path]:
    """Put every settings file that cannot be read beside and return where they are now."""
    found = [rescue_settings()]
    stored = settings()
    stored.allKeys()  # reads the file
    file = Path(stored.fileName())
    if stored.status() is not QSettings.Status.NoError and file.is_file():
        del stored
        found.append(set_beside(file))
    return [path for path in found if path]
