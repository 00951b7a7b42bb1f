"""Numbers, sizes and durations as a person reads them."""

from PySide6.QtCore import QLocale

from espalier_desktop.i18n import tr


def number(value: float, digits: int = 0) -> str:
    """Return a number with the language's separators."""
    return QLocale().toString(float(value), "f", digits)


def size(count: int) -> str:
    """Return bytes in the decimal units that the Mac uses, such as ``538 MB``."""
    digits = 0 if count < 1_000_000_000 else 1
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def time_left(seconds: float | None) -> str:
    """Return about how long something will take, "" while that is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return tr("a few seconds left")
    if seconds < 55:
        return tr("about %n s left", round(seconds / 5) * 5)
    if seconds < 90 * 60:
        return tr("about %n min left", round(seconds / 60) or 1)
    return tr("about %n h left", round(seconds / 3600))
