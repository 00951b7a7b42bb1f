"""``espalier-desktop --create-app-shortcut``: Espalier beside the other programs, where it was installed as a package.

On the Mac a small app in the person's own Applications folder, on Linux an entry of the desktop's menu. Both start the
Python that runs now, so they are made again after Espalier moved.
"""

import os
import plistlib
import shlex
import shutil
import sys
from pathlib import Path

from espalier import __version__
from espalier.errors import EspalierError
from espalier.files import replace_folder, write_text
from espalier.resources import is_app, resource
from espalier_desktop.app_icon import ICON, icon_file
from espalier_desktop.i18n import tr

IDENTIFIER = "app.espalier.shortcut"
_NAME = "espalier"


def create_shortcut() -> Path:
    """Make the shortcut, in place of an older one, and return its path; an application must exist.

    Raises:
        EspalierError: this is the app itself, or something else has the shortcut's name.
        OSError: the place cannot be written.
    """
    if is_app():
        raise EspalierError(tr("This is the Espalier app already. Move it to the Applications folder."))
    return _app(Path.home() / "Applications" / "Espalier.app") if sys.platform == "darwin" else _entry(_data_folder())


def _data_folder() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def _app(place: Path) -> Path:
    if place.exists() and not _is_ours(place):
        text = tr("{path} is an app of its own. Remove it first if you want a shortcut in its place.")
        raise EspalierError(text.format(path=place))
    place.parent.mkdir(parents=True, exist_ok=True)
    with replace_folder(place) as folder:
        contents = folder / "Contents"
        for name in ("MacOS", "Resources"):
            (contents / name).mkdir(parents=True)
        program = contents / "MacOS" / _NAME
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m espalier_desktop "$@"\n')
        program.chmod(0o755)
        (contents / "Resources" / f"{_NAME}.icns").write_bytes(icon_file())
        (contents / "Info.plist").write_bytes(plistlib.dumps(_information()))
    return place


def _is_ours(place: Path) -> bool:
    try:
        with (place / "Contents" / "Info.plist").open("rb") as file:
            return bool(plistlib.load(file).get("CFBundleIdentifier") == IDENTIFIER)
    except (OSError, plistlib.InvalidFileException, ValueError):
        return False


def _information() -> dict[str, object]:
    return {
        "CFBundleName": "Espalier",
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleExecutable": _NAME,
        "CFBundleIconFile": _NAME,
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": __version__,
        "CFBundleVersion": __version__,
        "NSHighResolutionCapable": True,
    }


def _entry(data: Path) -> Path:
    picture = data / "icons" / "hicolor" / "scalable" / "apps" / f"{_NAME}.svg"
    entry = data / "applications" / f"{_NAME}.desktop"
    for file in (picture, entry):
        file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(resource(ICON), picture)
    template = resource("espalier.desktop").read_text(encoding="utf-8")
    write_text(entry, template.replace("espalier-desktop", f"{_quoted(sys.executable)} -m espalier_desktop"))
    return entry


def _quoted(path: str) -> str:
    """Return a path as the Exec line of a Desktop Entry wants it: quoted, and its backslashes escaped once more."""
    escaped = "".join(f"\\\\{sign}" if sign in '"`$' else "\\" * 4 if sign == "\\" else sign for sign in path)
    return f'"{escaped.replace("%", "%%")}"'
