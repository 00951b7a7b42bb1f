"""Cloning a taxonomy: the one place that knows whether this build can do it."""

from importlib.util import find_spec

from espalier_desktop.i18n import tr


def clone_refusal() -> str:
    """Return why a taxonomy cannot be cloned here, "" when it can."""
    if find_spec("espalier.taxonomy.git") is None:
        return tr("This version cannot clone yet. Clone with git, then copy the folders into a new project's taxonomy.")
    return tr("Cloning is not connected to this window yet.")
