"""The window of one project: sidebar, toolbar, pages, and what they have in common."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)
from typing_extensions import override

from espalier.project import content_key
from espalier_desktop.banner import Banner
from espalier_desktop.commands import (
    COMPARE_COMMANDS,
    EXPORT_COMMANDS,
    LETTERS,
    REVIEW_COMMANDS,
    TAXONOMY_COMMANDS,
    VOTE_KEYS,
    Commands,
)
from espalier_desktop.dispute import DisputeBanner
from espalier_desktop.document import Document
from espalier_desktop.endpoints import ask_leave
from espalier_desktop.home import settings
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.job_card import stage_title
from espalier_desktop.jobs.job import QUESTIONS, JobState
from espalier_desktop.jobs.project_jobs import ProjectJobs
from espalier_desktop.jobs.queue import JobQueue
from espalier_desktop.jobs.story import Story
from espalier_desktop.models.fetcher import Fetcher
from espalier_desktop.pages import page_specs
from espalier_desktop.pages.page import Page
from espalier_desktop.sidebar import Sidebar
from espalier_desktop.steps import VERBS, next_verb
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.sheet import Sheet, tell
from espalier_desktop.widgets.toast import Toast

SMALLEST = QSize(1100, 700)
JOB_COMMANDS = ("tune", "generate", "train", "quantize", "evaluate")


class MainWindow(QMainWindow):
    """One open project; it is the ``Shell`` of its pages.

    Signals:
        closed: the window is gone and its project may be opened again.
        folder_dropped: path of a folder that was dropped on the window.
    """

    closed = Signal()
    folder_dropped = Signal(str)

    def __init__(self, document: Document, queue: JobQueue, fetcher: Fetcher) -> None:
        super().__init__()
        self._document = document
        document.setParent(self)
        self._fetcher = fetcher
        self._jobs = ProjectJobs(document.root, queue, self)
        self._state_key = f"projects/{content_key(str(document.root.resolve()))}"
        self._specs = {spec.key: spec for spec in page_specs()}
        self._commands = Commands(self, [(spec.key, spec.title) for spec in self._specs.values()], has_project=True)
        self._pages: dict[str, Page] = {}
        self._page_states: dict[str, dict[str, Any]] = {}
        self.setUnifiedTitleAndToolBarOnMac(True)
        self.setAcceptDrops(True)
        self.setMinimumSize(SMALLEST)
        self.setWindowFilePath(str(document.root))
        self.setWindowTitle(document.root.name)
        self._build()
        self._connect()
        self._restore()

    @property
    def document(self) -> Document:
        """Return the open project."""
        return self._document

    @property
    def jobs(self) -> ProjectJobs:
        """Return the project's jobs."""
        return self._jobs

    @property
    def commands(self) -> Commands:
        """Return the window's commands."""
        return self._commands

    @property
    def fetcher(self) -> Fetcher:
        """Return what brings models."""
        return self._fetcher

    @property
    def page(self) -> Page:
        """Return the page that is shown."""
        shown = self._stack.currentWidget()
        assert isinstance(shown, Page)
        return shown

    def go(self, page: str, place: Mapping[str, str] | None = None) -> None:
        """Show a page, which is built the first time, and a place of it."""
        spec = self._specs[page]
        if page not in self._pages:
            made = spec.build(self)
            made.setAccessibleName(spec.title)
            self._pages[page] = made
            self._stack.addWidget(made)
            made.restore_state(self._page_states.get(page, {}))
        self._stack.setCurrentWidget(self._pages[page])
        self._title.setText(spec.title)
        self.sidebar.choose(page)
        for key in LETTERS:
            self._commands[key].setEnabled(page == "review")
        for key in VOTE_KEYS:
            self._commands[key].setEnabled(False)  # the Compare page knows when a vote is due
        self._pages[page].showing()
        if place:
            self._pages[page].point_to(place)
        self._refresh()

    def do(self, command: str) -> None:
        """Give a command by its key."""
        self._commands[command].trigger()

    def toast(self, text: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        """Show a short result."""
        self._toast.show_text(text, action, do)

    def offer(
        self, text: str, accept: str, do: Callable[[], object], on_dismiss: Callable[[], object] | None = None
    ) -> None:
        """Ask for a decision above the page, unless one is asked for already."""
        if not self._banner.isVisibleTo(self):
            self._banner.offer(text, accept, do, on_dismiss)

    def tell(self, line: str, sentence: str) -> None:
        """Show what went wrong and what to do, in a sheet."""
        tell(self, line, sentence)

    @property
    def _is_shared(self) -> bool:
        """Return whether the run that everything is about was published."""
        status = self._document.status
        return bool(status and status.run and (self._document.project.runs / status.run / "published.jsonl").is_file())

    def _build(self) -> None:
        self.sidebar = Sidebar(list(self._specs.values()), self._jobs)
        self._stack = QStackedWidget()
        self._banner = Banner()
        self._disputes = DisputeBanner(self._document.texts)
        content = QWidget()
        content.setObjectName("page")
        content.setLayout(column(self._banner, self._disputes, self._stack, spacing=0))
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(self.sidebar)
        self._splitter.addWidget(content)
        self._splitter.setCollapsible(1, False)
        self._splitter.setSizes([224, 1056])
        self._splitter.setStretchFactor(1, 1)
        self.setCentralWidget(self._splitter)
        self._title = QLabel()
        self._title.setProperty("role", "headline")
        self._run = button("", picture="play")
        self._run.setAccessibleName(tr("The next step"))
        self._stop = button(tr("Stop"), picture="stop")
        toggle = QToolButton()
        toggle.setIcon(icon("sidebar"))
        toggle.setIconSize(QSize(20, 20))
        toggle.setAccessibleName(tr("Show or hide the sidebar"))
        toggle.setToolTip(tr("Show or hide the sidebar"))
        toggle.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        toggle.clicked.connect(self._commands["sidebar"].trigger)
        place = label(self._document.root.name, "muted")
        place.setToolTip(str(self._document.root))
        content = QWidget()
        layout = row(toggle, self._title, place, None, self._stop, self._run)
        layout.setContentsMargins(12, 9, 16, 9)
        content.setLayout(layout)
        bar = QToolBar(tr("Toolbar"))
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(content)
        bar.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]  # a tool bar has a layout
        self.addToolBar(bar)
        self._toast = Toast(self)

    def _connect(self) -> None:
        commands, document = self._commands, self._document
        self._fetcher.fetched.connect(self._on_fetched)
        for key in self._specs:
            commands.on(f"go_{key}", partial(self.go, key))
        for key in JOB_COMMANDS:
            commands.on(key, partial(self._start, key))
        for key in TAXONOMY_COMMANDS:
            commands.on(key, partial(self._give, "taxonomy", key))
        for key in REVIEW_COMMANDS:
            commands.on(key, partial(self._give, "review", key))
        for key in COMPARE_COMMANDS:
            commands.on(key, partial(self._give, "compare", key))
        for key in EXPORT_COMMANDS:
            commands.on(key, partial(self._give, "export", key))
        commands.on("stop", self._jobs.stop)
        commands.on("show_log", self._show_log)
        commands.on("reveal", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(document.root))))
        commands.on("close", self.close)
        commands.on("undo", document.take_back)
        commands.on("redo", document.do_again)
        commands.on("save", document.texts.save_all)
        commands.on("minimize", self.showMinimized)
        commands.on("zoom", lambda: self.showNormal() if self.isMaximized() else self.showMaximized())
        commands["sidebar"].setChecked(True)
        commands["sidebar"].toggled.connect(self.sidebar.setVisible)
        commands["full_screen"].toggled.connect(lambda on: self.showFullScreen() if on else self.showNormal())
        document.undo.indexChanged.connect(self._refresh_undo)
        document.leaves_changed.connect(self._refresh)
        document.status_changed.connect(self._refresh)
        document.settings_changed.connect(self._refresh)
        document.failed.connect(lambda sentence: self.tell(tr("Espalier could not do that"), sentence))
        self.sidebar.chosen.connect(self.go)
        self.sidebar.job_card.opened.connect(self.go)
        self._run.clicked.connect(self._do_next)
        self._stop.clicked.connect(self._commands["stop"].trigger)
        self._jobs.changed.connect(self._refresh)
        self._jobs.stage_ended.connect(document.refresh)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.leave_wanted.connect(partial(ask_leave, self))
        self._refresh_undo()
        self._refresh()
        self._offer_interrupted()
        if document.restored:
            self.toast(tr("Unsaved text in %n leaf(s) was put back.", document.restored))

    def _give(self, page: str, command: str) -> None:
        self.go(page)
        self._pages[page].give(command)

    def _start(self, command: str) -> None:
        if any(job.request.command == command for job in self._jobs.jobs):
            self.toast(tr("This is already running or waiting."))
            return
        self._banner.hide()
        self._document.texts.save_all()
        self._jobs.start(command)

    def _do_next(self) -> None:
        verb = next_verb(self._document).command
        if verb == "choose_models":
            self.go("overview")
        elif verb:
            self.do(verb)

    def _offer_interrupted(self) -> None:
        record = self._jobs.interrupted
        if record and record.command in JOB_COMMANDS:
            text = tr("“{command}” of {time} was cut off. What it finished is kept; resuming goes on from there.")
            name = self._commands[record.command].text()
            self._banner.offer(
                text.format(command=name, time=record.started),
                tr("Resume"),
                self._jobs.resume,
                self._jobs.forget_interrupted,
            )

    @Slot()
    def _refresh(self) -> None:
        errors = self._document.errors
        self.sidebar.set_badge("taxonomy", f"!{errors}" if errors else "", tr("%n error(s)", errors) if errors else "")
        shared = tr("published") if self._is_shared else ""
        self.sidebar.set_badge("export", shared, shared)
        job = self._jobs.current
        verb = next_verb(self._document)
        self._run.setText(verb.text)
        self._run.setToolTip(verb.sentence)
        self._run.setEnabled(bool(verb.command))
        offers = self.page.offers if self._stack.count() else frozenset(VERBS)
        self._run.setVisible(job is None and verb.command not in offers)
        self._stop.setVisible(job is not None and "stop" not in offers)
        self._stop.setText(tr("Stop Now") if job and job.state is JobState.STOPPING else tr("Stop"))
        for key in JOB_COMMANDS:
            self._commands[key].setEnabled(job is None)
        self._commands["stop"].setEnabled(job is not None)
        self._commands["show_log"].setEnabled(bool(self._jobs.latest))

    @Slot()
    def _refresh_undo(self) -> None:
        stack = self._document.undo
        for key, is_possible, text, word in (
            ("undo", stack.canUndo(), stack.undoText(), tr("Undo")),
            ("redo", stack.canRedo(), stack.redoText(), tr("Redo")),
        ):
            self._commands[key].setEnabled(is_possible)
            self._commands[key].setText(f"{word} {text}".strip())

    @Slot(object)
    def _on_job_ended(self, story: Story) -> None:
        self._document.refresh()
        if story.is_adopted:
            return  # the night's report tells it
        if story.command in (*QUESTIONS, "try", "forecast", "export", "import_adapter", "publish") or (
            story.command in ("suggest", "explain") and story.state is JobState.DONE
        ):
            return  # their pages tell it
        name = self._commands[story.command].text() if story.command in JOB_COMMANDS else stage_title(story.command)
        if story.state is JobState.DONE:
            self.toast(tr("{job}: done.").format(job=name))
        elif story.state is JobState.STOPPED:
            self.toast(tr("{job}: stopped. Finished work is kept.").format(job=name))
        else:
            sheet = Sheet(self, tr("{job} did not finish").format(job=name), story.message)
            sheet.add(tr("Show Log"), lambda: _open_file(str(story.log)))
            sheet.add(tr("OK"), is_primary=True).open()
        if not self.isActiveWindow():
            QApplication.alert(self)

    @Slot(str)
    def _on_fetched(self, name: str) -> None:
        self._document.refresh()  # it may be what was missing

    def _show_log(self) -> None:
        latest = max(self._jobs.latest.values(), key=lambda story: story.log.name, default=None)
        if latest and latest.log.exists():
            _open_file(str(latest.log))

    def _restore(self) -> None:
        stored = settings()
        stored.beginGroup(self._state_key)
        geometry, splitter = stored.value("geometry"), stored.value("splitter")
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry) and self._is_on_screen()):
            self.resize(1280, 800)
        if isinstance(splitter, QByteArray):
            self._splitter.restoreState(splitter)
        states = stored.value("pages")
        self._page_states = states if isinstance(states, dict) else {}
        page = str(stored.value("page", "overview"))
        self.go(page if page in self._specs else "overview")
        self._commands["sidebar"].setChecked(stored.value("sidebar", "true") != "false")

    def _is_on_screen(self) -> bool:
        return any(screen.availableGeometry().intersects(self.geometry()) for screen in QGuiApplication.screens())

    def _save(self) -> None:
        stored = settings()
        stored.beginGroup(self._state_key)
        stored.setValue("geometry", self.saveGeometry())
        stored.setValue("splitter", self._splitter.saveState())
        stored.setValue("page", next(key for key, page in self._pages.items() if page is self.page))
        stored.setValue("sidebar", "true" if self._commands["sidebar"].isChecked() else "false")
        stored.setValue("pages", self._page_states | {key: page.save_state() for key, page in self._pages.items()})

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if self._jobs.own_jobs and not self.property("closing"):
            event.ignore()
            sheet = Sheet(
                self,
                tr("A job is still running"),
                tr("Closing the window stops it. Finished work is kept, and Espalier offers to resume it next time."),
            )
            sheet.add_cancel().add(tr("Stop and Close"), self._close_at_once, is_primary=True).open()
            return
        self._save()
        for page in self._pages.values():
            page.closing()
        self._jobs.abandon()
        self._document.close()
        event.accept()
        self.closed.emit()
        self.deleteLater()

    def _close_at_once(self) -> None:
        self.setProperty("closing", True)
        self.close()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self._document.texts.look()  # in a large project files are not watched one by one
            self._document.refresh()
        super().changeEvent(event)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        dropped_folder(event)

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        if folder := dropped_folder(event):
            self.folder_dropped.emit(folder)


def dropped_folder(event: QDropEvent) -> str:
    """Accept the one folder that is being dropped and return it; "" when it is anything else."""
    urls = event.mimeData().urls()
    path = urls[0].toLocalFile() if len(urls) == 1 else ""
    if not path or not Path(path).is_dir():
        return ""
    event.acceptProposedAction()
    return path


def _open_file(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
