import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare.scoreboard import Scoreboard
from espalier_desktop.pages.compare.scoreboard_leaves import LeafScores
from espalier_desktop.pages.compare.scoreboard_sheet import EvaluateSheet
from espalier_desktop.pages.generate.page import GeneratePage
from espalier_desktop.pages.taxonomy.page import TaxonomyPage
from espalier_desktop.pages.taxonomy.tree_model import BadgeRole
from espalier_desktop.widgets.share import grade

Open = Callable[[Path], MainWindow]
KNOWLEDGE, SKILL = "knowledge/engineering/falkirk_wheel", "compositional_skills/writing/support_triage"
LONG = 40_000


@pytest.fixture
def board(lived_in_root: Path, open_window: Open, qtbot: QtBot) -> Scoreboard:
    """The scoreboard of the example after a whole loop, in a window that is shown."""
    window = open_window(lived_in_root)
    made = Scoreboard(window)
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    return made


def report_file(board: Scoreboard) -> Path:
    found: Path = next(board.shell.document.project.runs.glob("*/report.json"))
    return found


def spoken(leaves: LeafScores) -> list[str]:
    model = leaves.model()
    return [
        str(model.index(place, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        for place in range(model.rowCount(QModelIndex()))
    ]


def test_the_scoreboard_says_what_was_learned(board: Scoreboard) -> None:
    assert board.headline.text() == "33 of 40 held-out questions are right; before training it was 5"
    assert "more than chance explains" in board.verdict.text()
    assert "1 question left out" in board.verdict.text()
    words = spoken(board.leaves)
    assert words[0] == "All leaves: Before: 5 of 40 right; After: 33 of 40 right; 4 bits: 32 of 40 right"
    assert words[1].startswith("Support triage: ")  # the weaker of the two
    assert board._cards.count() == 4


def test_answers_stand_side_by_side_and_follow_leaf_and_list(board: Scoreboard) -> None:
    answers = board.answers
    counts = {change: made.text() for change, made in answers.changes.buttons.items()}
    rows = [each["change"] for each in board.report["questions"]]
    assert counts["improved"] == f"Improved {rows.count('improved')}"
    answers.changes.buttons["regressed"].click()
    lost = next(each for each in board.report["questions"] if each["change"] == "regressed")
    assert answers.sides["base"].text.toPlainText() == lost["answers"]["base"]
    assert answers.sides["tuned"].text.toPlainText() == "I do not know."
    assert answers.sides["tuned"].text.accessibleName() == "After, wrong"
    assert lost["reference"] in answers.reference.text()
    assert "a text that a right answer holds" in answers.judged.text()
    board.leaves.choose(SKILL)
    answers.changes.buttons["improved"].click()
    assert {each["leaf"] for each in answers.shown} == {SKILL}
    board.leaves.choose("")
    assert len(answers.shown) == rows.count("improved")


def test_a_weak_leaf_leads_to_generate_with_its_tick(board: Scoreboard) -> None:
    assert not board.more.isEnabled()
    board.leaves.choose(KNOWLEDGE)
    board.more.click()
    page = board.shell.page  # type: ignore[attr-defined]
    assert isinstance(page, GeneratePage)
    assert page.model.chosen == [KNOWLEDGE]
    assert page.leaves.path == KNOWLEDGE


def test_hostile_answers_are_shown_as_they_are(board: Scoreboard, qtbot: QtBot) -> None:
    hostile = "<img src='file:///etc/passwd'><script>x</script> **bold**\n# h"
    file = report_file(board)
    report = json.loads(file.read_text())
    report["questions"] = [{**report["questions"][0], "question": hostile, "reference": hostile, "change": "same"}]
    report["questions"][0]["answers"] = dict.fromkeys(("base", "tuned", "4-bit"), hostile)
    file.write_text(json.dumps(report))
    board.refresh()
    assert board.answers.sides["tuned"].text.toPlainText() == hostile
    assert board.answers.reference.textFormat() == Qt.TextFormat.PlainText
    assert hostile in board.answers.reference.text()


def test_the_report_is_exported(board: Scoreboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ending in (".md", ".html", ".csv"):
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_, e=ending: (str(tmp_path / "mine"), f"Any (*{e})")
        )
        board.export.click()
        assert "Falkirk" in (tmp_path / f"mine{ending}").read_text()
    rows = list(csv.DictReader((tmp_path / "mine.csv").read_text().splitlines()))
    assert sum(row["part"] == "held-out" for row in rows) == 40
    assert {row["part"] for row in rows} >= {"forgetting", "multiple choice"}
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no folder" / "mine.md"), ""))
    (tmp_path / "no folder").write_text("in the way")
    told: list[str] = []
    monkeypatch.setattr(board.shell, "tell", lambda line, sentence: told.append(line))
    board.export.click()
    assert told == ["The report could not be written"]


def test_an_evaluation_is_asked_for_with_its_parts(
    board: Scoreboard, fake_worker: Callable[[str], None], qtbot: QtBot
) -> None:
    fake_worker("finish")
    started: list[tuple[str, dict[str, Any]]] = []
    board.shell.jobs.start = lambda command, **more: started.append((command, more))  # type: ignore[method-assign]
    board.evaluate.click()
    sheet = next(each for each in QApplication.topLevelWidgets() if isinstance(each, EvaluateSheet))
    assert not sheet.boxes["mcq"].isEnabled()  # it is in the report already
    sheet.boxes["grades"].click()
    sheet.accept()
    sheet.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not started
    EvaluateSheet(board, (), True, board._start).boxes["grades"].click()
    board._start(["grades"])
    assert started == [("evaluate", {"parts": ["grades"]})]


def test_without_a_run_the_button_says_why(fresh_root: Path, open_window: Open, qtbot: QtBot) -> None:
    board = Scoreboard(open_window(fresh_root))
    qtbot.addWidget(board)
    board.show()
    assert not board.evaluate.isEnabled()
    assert board.evaluate.toolTip() == "Train first."
    assert board.train.isVisible()
    assert "never saw in training" in board.empty.sentence.text()
    board.train.click()
    assert board.shell.page.accessibleName() == "Train"  # type: ignore[attr-defined]


def test_a_report_of_an_older_version_is_shown(board: Scoreboard) -> None:
    leaves = {KNOWLEDGE: {"questions": 4, "base": 1, "tuned": 2}}
    report_file(board).write_text(json.dumps({"questions": [], "leaves": leaves}))
    board.refresh()
    assert board.headline.text().startswith("2 of 4 held-out questions")
    assert "weak" in spoken(board.leaves)[1]
    assert "Evaluate again" in board.answers.nothing.text()
    assert not board.export.isEnabled()


def test_the_tree_is_painted_and_can_be_plain(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    index = page.model.index_of(KNOWLEDGE)
    badge = index.data(BadgeRole)
    assert (badge.asked, badge.right) == (24, 20)
    assert "20 of 24 held-out questions right" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    above = page.model.index_of("knowledge").data(BadgeRole)
    assert (above.asked, above.right) == (24, 20)
    page.tree.grab()
    page.scores.click()
    assert page.model.index_of(KNOWLEDGE).data(BadgeRole).asked == 0
    assert page.save_state()["scores"] is False
    page.tree.choose(KNOWLEDGE)
    page.more.trigger()
    assert isinstance(window.page, GeneratePage)
    assert window.page.model.chosen == [KNOWLEDGE]


def test_shares_have_grades() -> None:
    assert [grade(share) for share in (1, 0.8, 0.7, 0.6, 0.5, 0)] == [
        "good",
        "good",
        "warning",
        "warning",
        "error",
        "error",
    ]
