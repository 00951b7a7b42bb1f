"""The whole way through the real window with the real worker, from an empty project to a published adapter.

``journey.py FOLDER [PICTURES]`` goes it in a folder with the starter model, which must be in place, and writes a
picture of each step when it is told where. It needs a Hub at HF_ENDPOINT. ``journey.py FOLDER - on-and-off`` goes a
shorter way whose worker it kills; the program may then be killed itself, and started again to go on.
"""

import os
import signal
import sys
from pathlib import Path

from desktop.first_leaf import (
    FACTS,
    LEAF,
    LEFT,
    click,
    make_leaf,
    name_source,
    no_sheet,
    pick_contexts,
    picture,
    sheet,
    until,
    write,
    write_pairs,
)
from made_files import pdf, prose
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk
from espalier_desktop.jobs.job import JobState
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare.page import ComparePage
from espalier_desktop.pages.compare.scoreboard_sheet import EvaluateSheet
from espalier_desktop.pages.export.page import ExportPage
from espalier_desktop.pages.export.publish_sheet import PublishSheet
from espalier_desktop.pages.generate.page import GeneratePage
from espalier_desktop.pages.generate.plan_sheet import PlanSheet
from espalier_desktop.pages.quantize.page import QuantizePage
from espalier_desktop.pages.review.page import ReviewPage
from espalier_desktop.pages.taxonomy.import_sheet import ImportSheet
from espalier_desktop.pages.train.page import TrainPage
from espalier_desktop.sidebar import KeyRole
from espalier_desktop.widgets.sheet import Sheet

PAIRS = (
    ("Where does the Union Canal run?", "It runs from Falkirk to Edinburgh."),
    ("Which two towns does the Union Canal join?", "Falkirk and Edinburgh."),
    ("Where does the Union Canal end?", "It ends in Edinburgh."),
    ("When was the Union Canal opened?", "It was opened in 1822."),
    ("In which year did the first boats use the Union Canal?", "In 1822."),
    ("How old is the Union Canal?", "It was opened in 1822."),
    ("How long is the Union Canal?", "It is 31 miles long."),
    ("What is the length of the Union Canal?", "31 miles."),
    ("How many miles does the Union Canal run?", "It runs 31 miles."),
    ("Who designed the Union Canal?", "Hugh Baird designed it."),
    ("Which engineer planned the Union Canal?", "Hugh Baird."),
    ("Whose design is the Union Canal?", "It is Hugh Baird's design."),
    ("How many locks joined the Union Canal to the other canal?", "Eleven locks."),
    ("What joined the Union Canal to the other canal?", "Eleven locks joined them."),
    ("How did boats get from the Union Canal to the other canal?", "Through eleven locks."),
)
UPDATES = 16
QUESTION = "Who designed the Union Canal?"


def work(window: MainWindow, command: str, seconds: float = 900) -> None:
    """Wait until the job that was begun is done."""
    until(lambda: window.jobs.current is not None, f"{command} begins")
    until(lambda: window.jobs.current is None, f"{command} ends", seconds)
    story = window.jobs.latest[command]
    assert story.state is JobState.DONE, story.message
    until(lambda: window.document.status is not None, "the project is looked through")


def begin(desk: Desk, folder: Path) -> MainWindow:
    """Make an empty project from the welcome window."""
    desk.show_welcome()
    welcome = desk.others["welcome"]
    picture(welcome, "00-welcome")
    root = folder / "Canals"
    answer_dialog("getSaveFileName", root)
    QTest.mouseClick(welcome.new, LEFT)  # type: ignore[attr-defined]
    until(lambda: desk.windows, "the project is open")
    window = next(iter(desk.windows.values()))
    window.resize(1280, 800)
    window.activateWindow()
    until(window.isActiveWindow, "the window is active")
    until(lambda: window.document.status is not None, "the survey is done")
    return window


def answer_dialog(name: str, path: Path) -> None:
    """Let the system's own dialog, which no test can drive, return a path."""
    setattr(QFileDialog, name, staticmethod(lambda *_, **__: (str(path), "")))


def teach(window: MainWindow, folder: Path) -> None:
    """Write the first leaf: a document, its contexts, the pairs, and whose work it is."""
    page = make_leaf(window)
    attribution = window.document.project.taxonomy / LEAF / "attribution.txt"
    file = folder / "canal.pdf"
    file.write_bytes(pdf([prose(list(FACTS))]))
    QFileDialog.getOpenFileNames = staticmethod(lambda *_, **__: ([str(file)], ""))  # type: ignore[method-assign]
    page.editor.set_mode("documents")
    QTest.mouseClick(page.editor.documents.add, LEFT)
    asked = sheet()
    assert isinstance(asked, ImportSheet)
    until(lambda: asked.is_ready, "the document is read")
    picture(asked, "3-import")
    QTest.mouseClick(asked.save, LEFT)
    no_sheet()
    pick_contexts(page)
    write_pairs(page, lambda number: PAIRS[3 * number : 3 * number + 3])
    name_source(page)
    window.do("save")
    until(lambda: "CC-BY-4.0" in attribution.read_text(), "the source is on disk")


def generate(window: MainWindow) -> None:
    """Let the teacher write the samples."""
    go(window, "generate")
    page = window.page
    assert isinstance(page, GeneratePage)
    until(lambda: page.head.plan.isEnabled(), "the leaf can be written")
    picture(window, "20-generate")
    QTest.mouseClick(page.head.plan, LEFT)
    asked = sheet()
    assert isinstance(asked, PlanSheet)
    until(lambda: asked.figures["rows"].text() != "–", "the work is foretold")
    picture(asked, "21-plan")
    QTest.mouseClick(asked.go, LEFT)
    no_sheet()
    until(lambda: page.pane.rows.rows.rowCount(), "the first rows are seen", 300)
    picture(window, "22-generating")
    work(window, "generate")
    until(lambda: page.model.index(0, 1).data() != "Not written yet", "the leaf is written")
    picture(window, "23-generated")


def review(window: MainWindow) -> None:
    """Drop one sample that the critic let through, and keep it again."""
    go(window, "review")
    page = window.page
    assert isinstance(page, ReviewPage)
    until(lambda: page.list.model.rowCount(), "the samples are listed")
    page.list.table.setFocus()
    page.list.table.selectRow(0)
    QTest.mouseClick(page.reader.drop, LEFT)
    decided = window.document.root / "reviews.jsonl"
    until(lambda: decided.exists() and "drop" in decided.read_text(), "the decision is on disk")
    picture(window, "30-review")
    window.do("undo")


def train(window: MainWindow) -> None:
    """Train for a few updates."""
    go(window, "train")
    page = window.page
    assert isinstance(page, TrainPage)
    page.show_pane("settings")
    page.settings.fold.setChecked(True)
    field = page.settings.values.fields["updates"].field
    assert isinstance(field, QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, str(UPDATES))
    QTest.keyClick(field, Qt.Key.Key_Return)
    until(lambda: window.document.project.training.get("updates") == UPDATES, "the value is taken")
    picture(window, "40-train settings")
    page.show_pane("progress")
    until(lambda: "train" in page.head.buttons and page.head.buttons["train"].isEnabled(), "training can begin")
    QTest.mouseClick(page.head.buttons["train"], LEFT)
    until(lambda: len(page.feed.curves.steps) > 3, "the loss is drawn", 300)
    picture(window, "41-training")
    work(window, "train")
    until(lambda: page.head.line.text() == "The student is trained", "the page says so")
    picture(window, "42-trained")


def quantize(window: MainWindow) -> None:
    """Make the student small."""
    go(window, "quantize")
    page = window.page
    assert isinstance(page, QuantizePage)
    until(page.picker.make.isEnabled, "it can be made")
    picture(window, "50-quantize")
    QTest.mouseClick(page.picker.make, LEFT)
    work(window, "quantize")
    until(lambda: page.cards, "the small student is shown")
    picture(window, "51-quantized")


def compare(window: MainWindow) -> None:
    """Ask both, vote, and evaluate."""
    go(window, "compare")
    page = window.page
    assert isinstance(page, ComparePage)
    talk = page.talk
    until(talk.send.isVisible, "one can ask")
    talk.blind.click()
    write(talk.composer, QUESTION)
    QTest.keyClick(talk.composer, Qt.Key.Key_Return)
    until(lambda: talk.votes.buttons["left"].isEnabled(), "both have answered", 300)
    picture(window, "60-blind")
    QTest.mouseClick(talk.votes.buttons["left"], LEFT)
    until(lambda: not talk.votes.buttons["left"].isEnabled(), "the vote is counted")
    picture(window, "61-voted")
    QTest.mouseClick(page.tabs.buttons["scores"], LEFT)
    board = page.scoreboard
    until(lambda: board.first.isVisible() and board.first.isEnabled(), "it can be evaluated")
    QTest.mouseClick(board.first, LEFT)
    asked = sheet()
    assert isinstance(asked, EvaluateSheet)
    picture(asked, "62-evaluate")
    click(asked, "Evaluate")
    work(window, "evaluate")
    until(lambda: board.report, "the scoreboard is there")
    picture(window, "63-scoreboard")


def publish(window: MainWindow) -> None:
    """Save the adapter in PEFT's form, sign in, and publish."""
    go(window, "export")
    page = window.page
    assert isinstance(page, ExportPage)
    until(lambda: "peft" in page.cards and not page.survey.is_asking, "the forms are shown")
    picture(window, "70-export")
    QTest.mouseClick(page.cards["peft"].make, LEFT)
    work(window, "export")
    until(lambda: page.cards["peft"].show_folder.isVisible(), "the form is made")
    picture(window, "71-exported")
    QTest.mouseClick(page.publish, LEFT)
    asked = sheet()
    assert isinstance(asked, PublishSheet)
    account, destination = asked.setup.account, asked.setup.destination
    until(lambda: not asked.account.is_asking and not asked.plan.is_asking, "the plan is there", 120)
    account.token.setFocus()
    QTest.keyClicks(account.token, os.environ["HUB_TOKEN"])
    QTest.keyClick(account.token, Qt.Key.Key_Return)
    until(lambda: destination.repo.startswith("alice/"), "the account is known")
    destination.name.selectAll()
    QTest.keyClicks(destination.name, "union-canal")
    until(lambda: asked.confirm.isEnabled() and not asked.plan.is_asking, "it can be published", 120)
    picture(asked, "72-publish")
    QTest.mouseClick(asked.confirm, LEFT)
    until(lambda: asked.transfer.open_page.isVisible(), "it is published", 600)
    picture(asked, "73-published")
    QTest.mouseClick(asked.confirm, LEFT)
    no_sheet()
    until(lambda: not page.survey.is_asking, "the history is read")
    picture(window, "74-history")
    go(window, "overview")
    until(lambda: window.document.status is not None, "the overview is up to date")
    picture(window, "80-overview")


def go(window: MainWindow, key: str) -> None:
    """Choose a page in the sidebar with the mouse."""
    view = window.sidebar.pages
    rows = [view.model().index(row, 0) for row in range(view.model().rowCount())]
    index = next(row for row in rows if row.data(KeyRole) == key)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    until(lambda: view.currentIndex() == index, f"{key} is shown")


def on_and_off(desk: Desk, root: Path) -> None:
    """Open a project whose steps are run to their end, whatever happens to the worker; say when training goes on.

    The first worker is killed while it writes samples. What was cut off is gone on with, in this window or the next.
    """
    window = desk.open(root)
    assert window
    until(lambda: window.document.status is not None, "the survey is done")
    if window._banner.isVisible():
        print(window._banner.text.text(), flush=True)
        QTest.mouseClick(window._banner.accept, LEFT)
    else:
        window.do("tune")
        until(lambda: any((root / "samples").glob("*.jsonl")), "a portion is written", 300)
        job = window.jobs.current
        assert job
        os.kill(job.pid, signal.SIGKILL)
        until(lambda: window.jobs.current is None, "the window has seen it")
        told = sheet()
        assert isinstance(told, Sheet)
        print(told.sentence.text(), flush=True)
        picture(told, "90-killed")
        click(told, "OK")
        no_sheet()
        window.do("tune")
    until(lambda: window.jobs.current is not None, "it goes on")
    story = window.jobs.story(window.jobs.current)  # type: ignore[arg-type]
    until(lambda: any((root / "runs").glob("*/checkpoint*")), "training has begun", 600)
    print("training", flush=True)
    until(lambda: window.jobs.current is None, "all steps are done", 900)
    assert story.state is JobState.DONE, story.message


def main() -> None:
    """Go all the way."""
    folder = Path(sys.argv[1])
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    if "Inter" in QFontDatabase.families():  # for the pictures: its widths are close to those of the Mac's own
        application.setFont(QFont("Inter"))
    desk = Desk(application)
    if "on-and-off" in sys.argv:
        on_and_off(desk, folder)
    else:
        window = begin(desk, folder)
        teach(window, folder)
        for step in (generate, review, train, quantize, compare, publish):
            step(window)
        window.close()
    print("all is well")


if __name__ == "__main__":
    main()
