"""Numbers, sizes and durations as a person reads them."""

from pathlib import Path

from PySide6.QtCore import QLocale

from espalier_desktop.i18n import tr


def number(value: float, digits: int = 0) -> str:
    """Return a number with the language's separators."""
    return QLocale().toString(float(value), "f", digits)


def size(count: int) -> str:
    """Return bytes in the decimal units that the Mac uses, such as ``538 MB``."""
    digits = 0 if count < 1_000_000_000 else 1
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def memory(count: int) -> str:
    """Return bytes of memory as machines are sold: 16 GB are 16 times 2 to the power of 30 bytes."""
    return tr("{count} GB").format(count=number(count / 2**30, 0 if count >= 10 * 2**30 else 1))


def short_path(path: Path) -> str:
    """Return a path with the person's own folder as ``~``."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def duration(seconds: float | None) -> str:
    """Return about how long something takes, "" when that is not known."""
    if seconds is None:
        return ""
    if seconds < 55:
        return tr("{count} s").format(count=number(max(5, round(seconds / 5) * 5)))
    if seconds < 90 * 60:
        return tr("{count} min").format(count=number(round(seconds / 60) or 1))
    return tr("{count} h").format(count=number(round(seconds / 3600)))


def time_left(seconds: float | None) -> str:
    """Return about how long something will take, "" while that is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return tr("a few seconds left")
    return tr("about {time} left").format(time=duration(seconds))
