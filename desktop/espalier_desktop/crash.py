"""What is left behind when the program goes wrong: a log, and a report that a person can copy."""

import faulthandler
import logging
import platform
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from types import TracebackType
from typing import Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler, qVersion

from espalier import __version__
from espalier_desktop.home import logs_folder

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_PACKAGES = ("espalier", "PySide6-Essentials", "mlx", "mlx-lm")
_TAIL = 12_000  # characters of the log in a report
log = logging.getLogger("espalier")


def install(on_fault: Callable[[str], None]) -> bool:
    """Send every error of this process to the log and return whether the last run ended in a crash.

    Args:
        on_fault: told the name of an exception that nothing caught; the program goes on.
    """
    folder = logs_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "window.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    crash = folder / "crash.txt"
    has_crashed = crash.exists() and crash.stat().st_size > 0
    if has_crashed:
        crash.replace(folder / "crash-last.txt")
    faulthandler.enable(crash.open("w"))

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("Nothing caught this", exc_info=(kind, error, trace))
        on_fault(f"{kind.__name__}: {error}")

    def on_thread_exception(event: threading.ExceptHookArgs) -> None:
        log.error("Nothing caught this in %s", event.thread, exc_info=event.exc_value)

    def on_unraisable(event: Any) -> None:
        log.error("Nothing could catch this in %r", event.object, exc_info=event.exc_value)

    def on_qt(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception
    sys.unraisablehook = on_unraisable
    qInstallMessageHandler(on_qt)
    log.info("Espalier %s starts", __version__)
    return has_crashed


def report() -> str:
    """Return what a person can send to those who mend the program; it holds no text of a project."""
    lines = [f"{name} {_version(name)}" for name in _PACKAGES]
    lines += [f"Qt {qVersion()}, Python {platform.python_version()}", f"{platform.platform()}", ""]
    for name in ("crash-last.txt", "window.log"):
        try:
            text = (logs_folder() / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines += [f"--- {name}", text[-_TAIL:]]
    return "\n".join(lines)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and not needed to open a window

    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
