"""The program: an application, its language and look, and the windows on its desk."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTranslator
from PySide6.QtGui import QIcon

from espalier.errors import EspalierError
from espalier.resources import resource
from espalier_desktop import crash, i18n, updates
from espalier_desktop.app_icon import ICON
from espalier_desktop.application import Application
from espalier_desktop.desk import Desk
from espalier_desktop.home import settings, stored_list
from espalier_desktop.i18n import tr
from espalier_desktop.rescue import rescue_files


def make_application(arguments: Sequence[str]) -> tuple[Application, list[QTranslator]]:
    """Return the application, with its translators to be kept alive."""
    application = Application(list(arguments))
    application.setApplicationName("Espalier")
    application.setApplicationDisplayName("Espalier")
    application.setStyle("Fusion")
    application.setDesktopFileName("espalier")
    if sys.platform != "darwin":  # where the app brings its own
        application.setWindowIcon(QIcon(str(resource(ICON))))
    return application, i18n.install(str(settings().value("language", "")))


def main() -> int:
    """Run the program until its last window is closed.

    Project folders may be given, or ``--self-test``, or ``--create-app-shortcut``.
    """
    if "--self-test" in sys.argv:
        from espalier_desktop.self_test import self_test

        return self_test()
    if "--create-app-shortcut" in sys.argv:
        return _create_shortcut()
    rescued = rescue_files()
    application, translators = make_application(sys.argv)
    desk = Desk(application)
    has_crashed = crash.install(lambda what: desk.offer_report(tr("Something went wrong in Espalier"), _advice(what)))
    application.setProperty("translators", translators)
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    for folder in folders or open_before():
        desk.open(folder)
    if not desk.windows:
        desk.show_welcome()
        desk.greet()
    desk.offer_night()
    if rescued:
        desk.tell_rescued(rescued)
    if updates.is_due():
        desk.updates.ask(quietly=True)
    if has_crashed:
        sentence = tr("Copy the report to send it to those who mend Espalier. It holds no text of your project.")
        desk.offer_report(tr("Espalier ended unexpectedly last time"), sentence)
    return application.exec()


def _create_shortcut() -> int:
    from espalier_desktop.shortcut import create_shortcut

    if "DISPLAY" not in os.environ and "WAYLAND_DISPLAY" not in os.environ and sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application, translators = make_application(sys.argv)
    application.setProperty("translators", translators)
    try:
        print(create_shortcut())
    except (EspalierError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def open_before() -> list[Path]:
    """Return the projects that were open when the program was last left."""
    from espalier_desktop.recent import recent_projects

    before = stored_list("open")
    return [path for path in recent_projects() if str(path.resolve()) in before]


def _advice(what: str) -> str:
    text = tr("{what}. Your project is safe on disk. Copy the report to send it to those who mend Espalier.")
    return text.format(what=what)


if __name__ == "__main__":
    sys.exit(main())
