"""A new user's way from an empty project to a committed leaf, with the pointer and the keys of a real X server.

``first_leaf.py FOLDER [PICTURES]`` goes it in a folder, and writes a picture of each step when it is told where.
"""

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from made_files import pdf, prose
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget
from typing_extensions import override

from espalier.project import create
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.overview.page import OverviewPage
from espalier_desktop.pages.taxonomy.commit_sheet import CommitSheet
from espalier_desktop.pages.taxonomy.import_sheet import ImportSheet
from espalier_desktop.pages.taxonomy.new_leaf import NewLeafSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage

FACTS = (
    "The Union Canal runs from Falkirk to Edinburgh.",
    "It was opened in 1822.",
    "It is 31 miles long.",
    "Hugh Baird designed it.",
    "Eleven locks joined it to the other canal.",
)
LEAF = "knowledge/union_canal"
LEFT = Qt.MouseButton.LeftButton


class Pointer:
    """The pointer of the X server, moved by a thread of its own, since a drag has an event loop of its own."""

    def __init__(self) -> None:
        self._x, self._test = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(None))

    def drag(self, start: QPoint, end: QPoint) -> None:
        """Press, move and release, as slowly as a quick hand."""
        thread = threading.Thread(target=self._go, args=(start, end))
        thread.start()
        until(lambda: not thread.is_alive(), "the pointer gets there")

    def _go(self, start: QPoint, end: QPoint) -> None:
        self._move(start)
        self._button(1)
        for step in range(1, 21):
            self._move(start + (end - start) * (step / 20))
        time.sleep(0.3)
        self._move(end + QPoint(1, 0))
        time.sleep(0.3)
        self._button(0)

    def _move(self, to: QPoint) -> None:
        self._test.XTestFakeMotionEvent(self._display, -1, to.x(), to.y(), ctypes.c_ulong(0))
        self._x.XFlush(self._display)
        time.sleep(0.03)

    def _button(self, is_down: int) -> None:
        self._test.XTestFakeButtonEvent(self._display, 1, is_down, ctypes.c_ulong(0))
        self._x.XFlush(self._display)
        time.sleep(0.1)


class FileIcon(QLabel):
    """A file as a file manager shows it, to be dragged out of there."""

    def __init__(self, file: Path) -> None:
        super().__init__(file.name)
        self._file = file

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self._file))])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


def until(is_true: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Let the window live until something is true."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, what
        QTest.qWait(20)


def picture(widget: QWidget, name: str) -> None:
    """Write a picture, when it is told where."""
    if len(sys.argv) > 2:
        QTest.qWait(300)
        widget.grab().save(f"{sys.argv[2]}/{name}.png")


def click(within: QWidget, text: str) -> None:
    """Press the button of this text with the mouse."""
    found = [each for each in within.findChildren(QPushButton) if each.text() == text and each.isVisible()]
    assert found, f"there is a button {text}"
    QTest.mouseClick(found[0], LEFT)


def write(edit: QWidget, words: str) -> None:
    """Click into a field and type."""
    QTest.mouseClick(edit.viewport() if isinstance(edit, QPlainTextEdit) else edit, LEFT)
    QTest.keyClicks(edit, words)


def sheet() -> QWidget:
    """Return the sheet over the window, once it is there."""
    until(QApplication.activeModalWidget, "a sheet opens")
    found = QApplication.activeModalWidget()
    assert found
    return found


def no_sheet() -> None:
    """Wait until the sheet has closed."""
    until(lambda: QApplication.activeModalWidget() is None, "the sheet closes")


def make_leaf(window: MainWindow) -> TaxonomyPage:
    """Go from the overview to a new knowledge leaf."""
    assert isinstance(window.page, OverviewPage)
    picture(window, "1-overview")
    QTest.mouseClick(window.page.verb, LEFT)
    page = window.page
    assert isinstance(page, TaxonomyPage)
    click(page, "New Leaf")
    asked = sheet()
    assert isinstance(asked, NewLeafSheet)
    click(asked, "Knowledge")
    write(asked.name, "Union canal")
    write(asked.description, "The Union Canal, its course and its locks")
    write(asked.domain, "engineering")
    QTest.keyClick(asked.domain, Qt.Key.Key_Return)
    no_sheet()
    until(lambda: page.chosen == LEAF, "the new leaf is shown")
    picture(window, "2-new leaf")
    return page


def add_document(page: TaxonomyPage, folder: Path, pointer: Pointer) -> None:
    """Drag a file out of another window onto the form and save it."""
    file = folder / "canal.pdf"
    file.write_bytes(pdf([prose(list(FACTS))]))
    icon = FileIcon(file)
    icon.setGeometry(20, 300, 150, 60)
    icon.show()
    assert QTest.qWaitForWindowExposed(icon)
    QTest.qWait(300)
    form = page.editor.form
    pointer.drag(icon.mapToGlobal(icon.rect().center()), form.mapToGlobal(form.rect().center()))
    icon.close()
    asked = sheet()
    assert isinstance(asked, ImportSheet)
    until(lambda: asked.is_ready, "the document is read")
    picture(asked, "3-import")
    QTest.mouseClick(asked.save, LEFT)
    no_sheet()


def pick_contexts(page: TaxonomyPage) -> None:
    """Make each fact the context of a seed example, selected with the mouse."""
    documents = page.editor.documents
    reader = documents.reader
    for fact in FACTS:
        caret = reader.textCursor()
        caret.setPosition(reader.toPlainText().index(fact) + len(fact))
        end = reader.cursorRect(caret).center()
        caret.setPosition(reader.toPlainText().index(fact))
        start = reader.cursorRect(caret).center()
        QTest.mousePress(reader.viewport(), LEFT, pos=start)
        QTest.mouseMove(reader.viewport(), end)
        QTest.mouseRelease(reader.viewport(), LEFT, pos=end)
        assert reader.textCursor().selectedText() == fact
        QTest.mouseClick(documents.context.use, LEFT)
    picture(page.window(), "4-contexts")
    until(lambda: _contexts(page) == list(FACTS), "each fact is a context")


def _contexts(page: TaxonomyPage) -> list[str]:
    return [seed["context"].strip() for seed in page.editor.view.seeds] if page.editor.view else []


def nonsense(number: int) -> list[tuple[str, str]]:
    """Return three pairs that are only there to be written."""
    return [
        (f"{ask} is it {number}?", f"{say} it is {number}.") for ask, say in (("Where", "There"), ("Who", "She"))
    ] + [(f"When is it {number}?", f"Then it is {number}.")]


def write_pairs(page: TaxonomyPage, pairs: Callable[[int], Sequence[tuple[str, str]]] = nonsense) -> None:
    """Fill in what is missing until there is no error."""
    click(page.editor, "Form")
    form = page.editor.form
    for number in range(len(FACTS)):
        form.go_to(("seed_examples", number))
        for place, pair in enumerate(pairs(number)):
            where = ("seed_examples", number, "questions_and_answers", place)
            for key, words in zip(("question", "answer"), pair, strict=True):
                edit = form.fields[(*where, key)].edit
                edit.setFocus()
                QTest.keyClicks(edit, words)
    until(lambda: page.editor.view and not page.editor.view.errors, "no error is left")
    picture(page.window(), "5-pairs")


def name_source(page: TaxonomyPage) -> None:
    """Say whose work it is."""
    attribution = page.editor.attribution
    page.editor.form.ensureWidgetVisible(attribution.add)
    QTest.mouseClick(attribution.add, LEFT)
    title = attribution.blocks[0].fields["title"].edit
    until(lambda: not title.visibleRegion().isEmpty(), "a new source is brought into view")
    values = {"title": "Notes", "link": "-", "revision": "-", "license": "CC-BY-4.0", "creators": "Ada Lovelace"}
    for name, words in values.items():
        edit = attribution.blocks[0].fields[name].edit
        edit.setFocus()
        QTest.keyClicks(edit, words)
    page.tree.setFocus()
    picture(page.window(), "6-source")


def commit(window: MainWindow, page: TaxonomyPage) -> None:
    """Keep the history and commit the leaf."""
    QTest.mouseClick(page.git.keep, LEFT)
    until(lambda: page.git.commit.isVisible() and page.git.commit.isEnabled(), "Git keeps the taxonomy")
    QTest.mouseClick(page.git.commit, LEFT)
    asked = sheet()
    assert isinstance(asked, CommitSheet)
    until(asked.confirm.isEnabled, "the leaf can be committed")
    picture(asked, "7-commit")
    QTest.mouseClick(asked.confirm, LEFT)
    no_sheet()
    until(lambda: not page.git.commit.isEnabled(), "everything is committed")
    assert (window.document.project.taxonomy / LEAF / "attribution.txt").is_file()


def move_leaf(window: MainWindow, page: TaxonomyPage, pointer: Pointer) -> None:
    """Drag the leaf into a branch, and take that back."""
    window.document.create_branch("knowledge/engineering")
    page.tree.choose(LEAF)
    QTest.qWait(300)

    def place(path: str) -> QPoint:
        view = page.tree
        return view.viewport().mapToGlobal(view.visualRect(page.model.index_of(path)).center())

    moved = "knowledge/engineering/union_canal"
    pointer.drag(place(LEAF), place("knowledge/engineering"))
    until(lambda: moved in window.document.leaves, "the leaf is in the branch")
    until(lambda: page.tree.visualRect(page.model.index_of(moved)).isValid(), "the branch has opened")
    assert page.chosen == moved
    assert (window.document.project.documents / moved / "canal.md").is_file(), "its document has moved with it"
    picture(window, "8-moved")
    QTest.keyClick(page.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    until(lambda: LEAF in window.document.leaves, "the leaf is back")


def main() -> None:
    """Go all the way."""
    folder = Path(sys.argv[1])
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    assert application.platformName() == "xcb"
    root = folder / "Canals"
    create(root)
    window = Desk(application).open(root)
    assert window
    assert QTest.qWaitForWindowActive(window, 20_000)
    window.setGeometry(250, 80, 1280, 800)
    until(lambda: window.document.status is not None, "the survey is done")
    pointer = Pointer()
    page = make_leaf(window)
    add_document(page, folder, pointer)
    pick_contexts(page)
    write_pairs(page)
    name_source(page)
    commit(window, page)
    move_leaf(window, page, pointer)
    window.close()
    print("all is well")


if __name__ == "__main__":
    main()
