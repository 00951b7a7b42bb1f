"""All windows of the program: which projects are open, which were, and what belongs to none of them."""

import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDir, QLockFile, QObject, QStandardPaths, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QWidget

from espalier.errors import EspalierError
from espalier.models import starter
from espalier.models.folder import home_folder
from espalier.project import SETTINGS, content_key, create, open_project
from espalier_desktop import crash, theme
from espalier_desktop.application import Application
from espalier_desktop.commands import Commands
from espalier_desktop.document import Document
from espalier_desktop.home import ZOOMS, logs_folder, settings, stored_zoom
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.queue import JobQueue
from espalier_desktop.main_window import MainWindow
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.overnight.night import Night
from espalier_desktop.recent import add_recent, recent_projects
from espalier_desktop.updates import Updates
from espalier_desktop.widgets.sheet import Sheet, tell


class Desk(QObject):
    """Opens projects, each in one window, and makes sure that no other program has it open.

    Attributes:
        windows: the open projects by their folders.
        others: the windows that belong to no project, by what they are: welcome, settings, help and so on.
        queue: the jobs of all windows.
        fetcher: brings models for all windows.
        updates: looks for newer releases.
        night: the plan of work that goes on while nobody looks.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self.windows: dict[Path, MainWindow] = {}
        self.queue = JobQueue(self)
        self.fetcher = Fetcher(self)
        self.updates = Updates(self._front, self)
        application.aboutToQuit.connect(self.updates.close)
        self.night = Night(self.queue, self)
        self.night.reported.connect(self.show_overnight)
        application.aboutToQuit.connect(self.night.close)
        self._locks: dict[Path, QLockFile] = {}
        self._is_quitting = False
        self.others: dict[str, QWidget] = {}
        application.file_opened.connect(self._open_path)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.apply_theme)
        self.apply_theme()

    @property
    def is_quitting(self) -> bool:
        """Return whether the person asked the program to end."""
        return self._is_quitting

    def apply_theme(self) -> None:
        """Show every window in the appearance and text size that were chosen."""
        stored = settings()
        appearance = str(stored.value("appearance", "system"))
        theme.apply(self._application, appearance if appearance in theme.APPEARANCES else "system", stored_zoom())

    def open(self, folder: Path) -> MainWindow | None:
        """Open a project, or bring its window to the front; say what is wrong when there is none in the folder."""
        folder = folder.expanduser().absolute()
        if folder.resolve() in self.windows:
            window = self.windows[folder.resolve()]
            window.raise_()
            window.activateWindow()
            return window
        if not (folder / SETTINGS).is_file():
            self._offer_project(folder)
            return None
        lock = self._lock(folder)
        if lock is None:
            return None
        try:
            document = Document(folder)
        except EspalierError as error:
            lock.unlock()
            self._tell(tr("The project cannot be opened"), said(str(error)))
            return None
        window = MainWindow(document, self.queue, self.fetcher)
        self._locks[folder.resolve()], self.windows[folder.resolve()] = lock, window
        # What was loaded stays; a collection that goes through ten thousand leaves takes 0.1 s, which is felt.
        document.status_changed.connect(lambda: gc.freeze(), Qt.ConnectionType.SingleShotConnection)
        window.closed.connect(lambda: self._on_closed(folder.resolve()))
        window.folder_dropped.connect(lambda path: self.open(Path(path)))
        self.connect_common(window, window.commands)
        window.commands.on("tour", partial(self.take_tour, window))
        add_recent(folder)
        self._remember_open()
        if "welcome" in self.others:
            self.others["welcome"].close()
        window.show()
        return window

    def choose_folder(self) -> None:
        """Let the person choose a project to open."""
        start = str(next(iter(recent_projects()), Path.home()).parent)
        folder = QFileDialog.getExistingDirectory(self._front(), tr("Open Project"), start)
        if folder:
            self.open(Path(folder))

    def new_project(self) -> None:
        """Let the person choose where a new, empty project goes, and open it."""
        self._make(tr("New Project"), tr("My Project"), create)

    def open_example(self) -> None:
        """Let the person choose where a copy of the example goes, and open it."""
        from espalier.demo import create_example

        window = self._make(tr("Where should the example go?"), tr("Falkirk Wheel"), create_example)
        if window:
            self.offer_tour(window)

    def offer_tour(self, window: MainWindow) -> None:
        """Offer the tour to a person who has not seen it."""
        from espalier_desktop.tour.tour import note_seen, was_seen

        if not was_seen():
            text = tr("New here? A tour of three minutes shows the five steps on this example.")
            window.offer(text, tr("Take the Tour"), lambda: self.take_tour(window), note_seen)

    def take_tour(self, window: MainWindow) -> None:
        """Show a project's window control by control."""
        from espalier_desktop.tour.tour import Tour

        if not window.findChildren(Tour):
            Tour(window)

    def clone_taxonomy(self) -> None:
        """Let the person make a project around a taxonomy from elsewhere, and open it."""
        from espalier_desktop.clone_sheet import CloneSheet

        parent = self._front()
        if parent:
            sheet = CloneSheet(parent, self)
            sheet.made.connect(self.open)
            sheet.open()

    def show_welcome(self) -> None:
        """Show where to begin."""
        from espalier_desktop.welcome import WelcomeWindow

        self._show("welcome", lambda: WelcomeWindow(self))

    def show_help(self, page: str = "help") -> None:
        """Show a page of the help."""
        from espalier_desktop.help_window import HelpWindow

        self._show(page, lambda: HelpWindow(page))

    def show_overnight(self) -> None:
        """Show the plan for the night: to make one, as it goes, or what became of it."""
        from espalier_desktop.overnight.window import OvernightWindow

        self._show("overnight", lambda: OvernightWindow(self))

    def offer_night(self) -> None:
        """Show the plan that was left on its way, or the report that nobody has put aside; nothing without one."""
        if self.night.plan:
            self.show_overnight()

    def show_settings(self) -> None:
        """Show the settings of the program."""
        from espalier_desktop.settings.window import SettingsWindow

        self._show("settings", lambda: SettingsWindow(self))

    def show_models(self) -> None:
        """Show the models on this machine, suggested ones and the Hub's."""
        from espalier_desktop.models.manager import ModelsWindow

        self._show("models", lambda: ModelsWindow(self.fetcher, self._users_of))

    def show_readiness(self) -> None:
        """Show what this machine has and lacks."""
        from espalier_desktop.readiness import ReadinessWindow

        self._show("readiness", lambda: ReadinessWindow(self))

    def greet(self) -> None:
        """At the very first start, show what is missing, if anything is."""
        if not settings().value("greeted"):
            settings().setValue("greeted", "yes")
            if not starter.is_ready():
                self.show_readiness()

    def copy_report(self) -> None:
        """Put on the clipboard what those who mend the program need to know."""
        QGuiApplication.clipboard().setText(crash.report())
        window = self._application.activeWindow()
        if isinstance(window, MainWindow):
            window.toast(tr("The report is on the clipboard."))

    def offer_report(self, line: str, sentence: str) -> None:
        """Say that something went wrong in the program itself."""
        parent = self._front()
        if parent:
            Sheet(parent, line, sentence).add(tr("Copy Report"), self.copy_report).add(tr("OK"), is_primary=True).open()

    def tell_rescued(self, files: Sequence[Path]) -> None:
        """Say that settings could not be read and where they are now."""
        text = tr("They could not be read, so the usual ones hold. What was there is kept in {files}.")
        self._tell(tr("The settings begin anew"), text.format(files=", ".join(map(str, files))))

    def connect_common(self, window: QMainWindow, commands: Commands) -> None:
        """Connect the commands that are the same in every window."""
        for key, do in {
            "new": self.new_project,
            "open": self.choose_folder,
            "example": self.open_example,
            "clone": self.clone_taxonomy,
            "settings": self.show_settings,
            "models": self.show_models,
            "readiness": self.show_readiness,
            "overnight": self.show_overnight,
            "quit": self.quit,
            "welcome": self.show_welcome,
            "help": self.show_help,
            "glossary": lambda: self.show_help("glossary"),
            "copy_report": self.copy_report,
            "show_logs": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs_folder()))),
            "updates": self.updates.ask,
            "about": lambda: self.show_help("about"),
            "bigger": lambda: self._zoom(1),
            "smaller": lambda: self._zoom(-1),
            "actual_size": lambda: self._zoom(0),
            "cut": lambda: _to_focus("cut"),
            "copy": lambda: _to_focus("copy"),
            "paste": lambda: _to_focus("paste"),
            "select_all": lambda: _to_focus("selectAll"),
        }.items():
            commands.on(key, do)
        recent = commands.menus["file"].addMenu(tr("Open Recent"))
        commands.menus["file"].insertMenu(commands["example"], recent)

        def fill() -> None:
            recent.clear()
            for path in recent_projects():
                recent.addAction(path.name, partial(self.open, path)).setToolTip(str(path))
            recent.setEnabled(not recent.isEmpty())

        commands.menus["file"].aboutToShow.connect(fill)
        fill()

    def quit(self) -> None:
        """Close every window, each of which may object, and end the program."""
        if self.night.is_on:
            self.show_overnight()  # its window asks
        self._is_quitting = True
        self._application.closeAllWindows()
        if not self.windows:
            self.fetcher.close()
        self._is_quitting = not self.windows  # a window with a running job may have refused
        self._is_quitting = not self.windows and not self.night.is_on  # a window with running work may have refused

    def _users_of(self, model: str) -> dict[str, str]:
        """Return the projects, among those known, that use a model, each with what it is there."""
        roles = {"student": tr("Student"), "teacher": tr("Teacher"), "critic": tr("Critic")}
        found = {}
        for folder in dict.fromkeys([*self.windows, *recent_projects()]):
            with suppress(EspalierError, OSError):
                project = open_project(folder)
                used = [text.lower() for role, text in roles.items() if getattr(project, role) == model]
                if used:
                    found[folder.name] = ", ".join(used)
        return found

    @Slot(str)
    def _open_path(self, path: str) -> None:
        self.open(Path(path))

    def _make(self, title: str, name: str, make: Callable[[Path], object]) -> MainWindow | None:
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        chosen, _ = QFileDialog.getSaveFileName(self._front(), title, f"{place}/{name}")
        if not chosen:
            return None
        try:
            make(Path(chosen))
        except EspalierError as error:
            self._tell(tr("The project was not made"), said(str(error)))
        except OSError as error:
            text = tr("The folder {folder} cannot be made: {reason}. Choose another place.")
            self._tell(tr("The project was not made"), text.format(folder=chosen, reason=error.strerror or error))
        else:
            return self.open(Path(chosen))
        return None

    def _offer_project(self, folder: Path) -> None:
        line = tr("This folder is no project")
        if not folder.is_dir():
            self._tell(tr("There is no such folder"), tr("{folder} is not there any more.").format(folder=folder))
        elif any(not entry.name.startswith(".") for entry in folder.iterdir()):
            text = tr("{folder} has no project.yaml. Open a folder that has one, or make a new project.")
            self._tell(line, text.format(folder=folder))
        elif parent := self._front():
            text = tr("{folder} is empty. Espalier can make a new project in it.").format(folder=folder)
            sheet = Sheet(parent, line, text).add_cancel()
            sheet.add(tr("Make a Project"), lambda: create(folder) and self.open(folder), is_primary=True).open()

    def _lock(self, folder: Path) -> QLockFile | None:
        locks = home_folder() / "locks"
        QDir().mkpath(str(locks))
        lock = QLockFile(str(locks / f"{content_key(str(folder.resolve()))}.lock"))
        lock.setStaleLockTime(0)  # a lock is stale only when its process is gone
        if lock.tryLock(0):
            return lock
        text = tr("{folder} is open in another Espalier. Close it there first, or go on working there.")
        self._tell(tr("The project is already open"), text.format(folder=folder))
        return None

    def _on_closed(self, folder: Path) -> None:
        self.windows.pop(folder, None)
        self._locks.pop(folder).unlock()
        self._remember_open()
        if not self.windows and not self._is_quitting and self.night.is_on:
            self.show_overnight()  # which keeps the program, and with it the night's work, alive
        elif not self.windows and not self._application.closingDown() and sys.platform == "darwin":
            self.show_welcome()

    def _remember_open(self) -> None:
        """Note which projects to open at the next start: those that are open now, or were when the person quit."""
        if not self._is_quitting:
            settings().setValue("open", [str(path) for path in self.windows])

    def _show(self, key: str, build: Callable[[], QWidget]) -> None:
        if key not in self.others:
            window = build()
            self.others[key] = window
            window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            window.destroyed.connect(lambda: self.others.pop(key, None))
        self.others[key].show()
        self.others[key].raise_()
        self.others[key].activateWindow()

    def _front(self) -> QWidget | None:
        active = self._application.activeWindow()
        return active or next(iter([*self.windows.values(), *self.others.values()]), None)

    def _tell(self, line: str, sentence: str) -> None:
        parent = self._front()
        if parent is None:
            self.show_welcome()
            parent = self.others["welcome"]
        tell(parent, line, sentence)

    def _zoom(self, direction: int) -> None:
        now = stored_zoom()
        nearest = min(range(len(ZOOMS)), key=lambda place: abs(ZOOMS[place] - now))
        place = min(max(nearest + direction, 0), len(ZOOMS) - 1) if direction else ZOOMS.index(1.0)
        settings().setValue("zoom", ZOOMS[place])
        self.apply_theme()


def _to_focus(method: str) -> None:
    """Do to the text that has the focus what an Edit command says."""
    do = getattr(QApplication.focusWidget(), method, None)
    if do:
        do()
