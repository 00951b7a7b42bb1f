"""Where the shipped files are: inside the installed package, or beside it in the source tree or in the app."""

import sys
from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """Return the path of a shipped file or folder, such as ``prompts/question.md``.

    Raises:
        FileNotFoundError: this version ships nothing under that name.
    """
    for root in (_PACKAGE / "shipped", _PACKAGE.parents[1] / "resources", _PACKAGE.parent / "resources"):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"Espalier ships no resource named {name}.")


def is_app() -> bool:
    """Return whether this is the Espalier app, with a Python inside that has no pip; whatever packed it."""
    return Path(sys.executable).name == "Espalier"
