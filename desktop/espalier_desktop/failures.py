"""What went wrong, as one sentence for a person."""

from espalier.errors import EspalierError
from espalier_desktop.i18n import said, tr


def sentence_of(error: EspalierError | OSError) -> str:
    """Return what happened, to what, and what to do, in the window's language."""
    if isinstance(error, EspalierError):
        return said(str(error))
    text = tr("{place} cannot be changed: {reason}. Allow it, or make room there, and try again.")
    return text.format(place=error.filename or tr("The project"), reason=error.strerror or error)
