"""What reaches a person who looks elsewhere: a notification of the system and the number on the Dock's icon."""

import shutil
import sys

from PySide6.QtCore import QProcess
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


def notification_program(title: str, text: str) -> list[str]:
    """Return the command that shows a notification, [] where there is none.

    The texts are arguments of their own, so that nothing in them is taken for a program.
    """
    if sys.platform == "darwin":
        lines = [part for line in _SCRIPT for part in ("-e", line)]
        return ["/usr/bin/osascript", *lines, "--", title, text]
    program = shutil.which("notify-send")
    return [program, "--app-name=Espalier", "--", title, text] if program else []


def notify(title: str, text: str) -> None:
    """Tell a person who looks elsewhere that something is over."""
    command = notification_program(title, text)
    if command:
        QProcess.startDetached(command[0], command[1:])
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            QApplication.alert(window)
            break


def badge(count: int) -> None:
    """Show a number on the program's icon in the Dock; 0 shows none."""
    application = QGuiApplication.instance()
    if isinstance(application, QGuiApplication):
        application.setBadgeNumber(count)
