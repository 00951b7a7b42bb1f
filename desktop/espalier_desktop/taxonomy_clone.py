"""Cloning a taxonomy: the one place that knows whether this window can do it."""

from espalier_desktop.i18n import tr


def clone_refusal() -> str:
    """Return why a taxonomy cannot be cloned here, "" when it can."""
    return tr("The window cannot clone yet. Run `espalier new FOLDER --taxonomy ADDRESS`, then open that folder.")
