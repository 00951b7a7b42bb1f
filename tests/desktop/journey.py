"""The whole way through the real window with the real worker, from an empty project to a published adapter.

``journey.py FOLDER [PICTURES]`` goes it in a folder with the starter model, which must be in place, and writes a
picture of each step when it is told where. It needs a Hub at HF_ENDPOINT. ``journey.py FOLDER - on-and-off`` goes a
shorter way whose worker it kills; the program may then be killed itself, and started again to go on.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from desktop.first_leaf import (
    FACTS,
    LEFT,
    click,
    make_leaf,
    name_source,
    no_sheet,
    picture,
    pick_contexts,
    sheet,
    until,
    write,
    write_pairs,
)
from made_files import pdf, prose
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from espalier.project import Project, create, write_settings
from espalier.training.run import all_runs
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk
from espalier_desktop.jobs.job import JobState
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare.page import ComparePage
from espalier_desktop.pages.compare.scoreboard_sheet import EvaluateSheet
from espalier_desktop.pages.generate.page import GeneratePage
from espalier_desktop.pages.generate.plan_sheet import PlanSheet
from espalier_desktop.pages.quantize.page import QuantizePage
from espalier_desktop.pages.review.page import ReviewPage
from espalier_desktop.pages.taxonomy.import_sheet import ImportSheet
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.pages.train.page import TrainPage
from espalier_desktop.sidebar import KeyRole

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
    until(lambda: window.document.status is not None, "the survey is done")
    return window


def answer_dialog(name: str, path: Path) -> None:
    """Let the system's own dialog, which no test can drive, return a path."""
    setattr(QFileDialog, name, staticmethod(lambda *_, **__: (str(path), "")))


def teach(window: MainWindow, folder: Path) -> None:
    """Write the first leaf: a document, its contexts, the pairs, and whose work it is."""
    page = make_leaf(window)
    file = folder / "canal.pdf"
    file.write_bytes(pdf([prose(list(FACTS))]))
    setattr(QFileDialog, "getOpenFileNames", staticmethod(lambda *_, **__: ([str(file)], "")))
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


def go(window: MainWindow, key: str) -> None:
    """Choose a page in the sidebar with the mouse."""
    view = window.sidebar.pages
    rows = [view.model().index(row, 0) for row in range(view.model().rowCount())]
    index = next(row for row in rows if row.data(KeyRole) == key)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    until(lambda: view.currentIndex() == index, f"{key} is shown")


def main() -> None:
    """Go all the way."""
    folder = Path(sys.argv[1])
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    desk = Desk(application)
    window = begin(desk, folder)
    teach(window, folder)
    generate(window)
    review(window)
    train(window)
    quantize(window)
    compare(window)
    window.close()
    print("all is well")


if __name__ == "__main__":
    main()
