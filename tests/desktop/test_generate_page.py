"""The Generate page as a person uses it: ticks, a plan, a try, a run that is watched, paused and gone on with."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from espalier.project import open_project, write_settings
from espalier.status import LeafStatus
from espalier.synthesis.pace import Pace, read_pace, remember_pace
from espalier.taxonomy.problems import Problem
from espalier_desktop.jobs.job import JobState
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.generate.leaves import LeavesModel
from espalier_desktop.pages.generate.page import GeneratePage
from espalier_desktop.pages.generate.plan_sheet import PlanSheet
from espalier_desktop.pages.generate.rows import RowsModel
from espalier_desktop.pages.generate.try_sheet import TrySheet
from espalier_desktop.pages.generate.wording import changed_words, durations, span
from espalier_desktop.pages.review.page import ReviewPage
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LONG = 60_000
WHEEL, TRIAGE = "knowledge/engineering/falkirk_wheel", "compositional_skills/writing/support_triage"
PACE = Pace(rows=50, seconds=1.0, calls=3.0, accepted=0.5, bytes=1000)


def generate_page(window: MainWindow) -> GeneratePage:
    window.go("generate")
    assert isinstance(window.page, GeneratePage)
    return window.page


def open_plan(window: MainWindow, qtbot: QtBot) -> PlanSheet:
    generate_page(window).head.plan.click()
    [sheet] = [each for each in window.findChildren(PlanSheet) if each.isVisible()]
    qtbot.waitUntil(lambda: not sheet.forecaster.is_asking, timeout=LONG)
    return sheet


def cell(page: GeneratePage, path: str, column: int) -> str:
    return str(page.model.index(page.model.row_of(path), column).data())


def test_leaves_are_ticked_that_need_writing_until_the_person_says_otherwise(
    lived_in_root: Path, open_window: Open, qtbot: QtBot
) -> None:
    page = generate_page(window := open_window(lived_in_root))
    assert page.model.chosen == []
    assert page.head.line.text() == "0 of 2 leaves chosen"
    assert not page.head.plan.isEnabled()
    assert (cell(page, WHEEL, 0), cell(page, WHEEL, 1)) == ("Falkirk wheel", "Up to date")
    page.every.click()
    assert page.model.chosen == [TRIAGE, WHEEL]
    qtbot.waitUntil(page.head.plan.isEnabled, timeout=LONG)
    page.leaves.choose(WHEEL)
    QTest.keyClick(page.leaves, Qt.Key.Key_Space)
    assert page.model.chosen == [TRIAGE]
    page.none.click()
    assert page.model.chosen == []
    page.needed.click()
    leaf = lived_in_root / "taxonomy" / WHEEL / "qna.yaml"
    leaf.write_text(leaf.read_text(encoding="utf-8").replace("domain: engineering", "domain: canals"), encoding="utf-8")
    window.document.refresh()
    qtbot.waitUntil(lambda: page.model.chosen == [WHEEL], timeout=LONG)
    assert cell(page, WHEEL, 1) == "Not written yet"  # this project was made before origins were noted


def test_why_samples_are_out_of_date_is_said(lived_in_root: Path, open_window: Open, qtbot: QtBot) -> None:
    parts = {"leaf": "another", "documents": "", "pipeline": "", "teacher": "", "prompts": ""}
    (lived_in_root / "origins.jsonl").write_text(json.dumps({"leaf": WHEEL, "parts": parts}) + "\n")
    for journal in (lived_in_root / "samples").glob("*.jsonl"):
        journal.unlink()
    page = generate_page(open_window(lived_in_root))
    page.leaves.choose(WHEEL)
    assert cell(page, WHEEL, 1) == "Out of date"
    assert page.pane.why.text().startswith("Another pipeline was chosen. The old samples are kept on disk;")
    page.leaves.choose(TRIAGE)
    assert page.pane.why.text() == "The teacher has not written for this leaf yet."
    assert changed_words(["leaf", "documents"]) == "The leaf was edited and its documents have changed"
    assert changed_words(["teacher", "critic"]) == "Another teacher was chosen"
    assert changed_words(["prompts"]) == "The pipeline’s prompts have changed"


def test_the_plan_follows_pipeline_and_target(fresh_root: Path, open_window: Open, qtbot: QtBot) -> None:
    window = open_window(fresh_root)
    plan = open_plan(window, qtbot)
    assert plan.figures["rows"].text() == "270–540"
    assert plan.figures["time"].text() == "not measured"
    assert "Skill, Knowledge. Try 5 measures it." in plan.note.text()
    plan.reject()
    for kind in ("skill", "knowledge"):
        remember_pace(window.document.project, kind, PACE)
    plan = open_plan(window, qtbot)
    assert plan.figures["accepted"].text() == "140–270"
    assert plan.figures["time"].text() == "5–9 min"
    plan.target.setValue(500)
    rows = plan.figures["rows"].text()
    assert rows == "2,000"
    assert plan.figures["calls"].text() == "5,900"
    plan.pipeline.setCurrentIndex(plan.pipeline.findData("simple"))
    assert plan.figures["rows"].text() == "–"
    qtbot.waitUntil(lambda: "The tokenizer of" in plan.note.text(), timeout=LONG)
    assert plan.note.text().endswith("cannot be read. Get the model again, or choose another.")  # it is a made-up one
    assert not plan.go.isEnabled()
    plan.pipeline.setCurrentIndex(plan.pipeline.findData("mcq"))
    qtbot.waitUntil(lambda: "mcq has no freeform_skills.yaml" in plan.note.text(), timeout=LONG)
    assert not plan.go.isEnabled()
    plan.reject()


def test_what_was_planned_is_started(fresh_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot) -> None:
    window = open_window(fresh_root)
    page = generate_page(window)
    page.model.choose([WHEEL])
    plan = open_plan(window, qtbot)
    plan.target.setValue(40)
    fake_worker("writing")
    plan.go.click()
    job = window.jobs.current
    assert job
    assert job.request.arguments["leaves"] == [WHEEL]
    assert job.request.arguments["per_leaf"] == 40
    assert open_project(fresh_root).pipeline == "compact"
    story = window.jobs.story(job)
    qtbot.waitUntil(lambda: story.progress is not None, timeout=LONG)
    qtbot.waitUntil(lambda: page.head.sentence.text() == "16 of 24 facts", timeout=LONG)
    assert page.head.line.text() == "Writing samples: Falkirk wheel"
    figures = {key: figure.value.text() for key, figure in page.head.figures.items()}
    assert (figures["drawn"], figures["accepted"], figures["speed"]) == ("30", "18", "182")
    assert page.pane.rows.rows.rowCount() == 30
    assert str(page.pane.rows.rows.index(0, 0).data()) == "How much water is in a gondola?"
    assert page.pane.counts.text() == "18 of 30 accepted"
    assert cell(page, WHEEL, 1) == "Being written"
    page.pane.panes.buttons["funnel"].click()
    bars = page.pane.funnel.bars.model()
    words = [str(bars.index(row, 0).data()) for row in range(bars.rowCount())]
    assert words == ["Drawn", "Stands alone", "Round trip", "Accepted"]
    assert not window._stop.isVisible()  # the page has a button of its own
    page.head.pause.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.head.line.text() == "Paused"
    assert page.head.go_on.isVisible()
    page.head.go_on.click()
    again = window.jobs.current
    assert again
    assert again.request.arguments == job.request.arguments
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)


def test_a_run_that_fails_says_why_and_is_tried_again(
    fresh_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    window = open_window(fresh_root)
    page = generate_page(window)
    fake_worker("unwritten")
    window.do("generate")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.head.line.text() == "Generating did not finish"
    assert page.head.sentence.text() == "The system refused at /x: Broken pipe. Run the same command again."
    assert page.head.go_on.text() == "Try Again"
    for sheet in window.findChildren(Sheet):
        sheet.close()
    fake_worker("writing")
    page.head.go_on.click()
    qtbot.waitUntil(lambda: page.pane.rows.rows.rowCount() == 30, timeout=LONG)
    window.do("stop")
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)


def test_five_rows_are_tried_and_lead_to_the_plan(
    fresh_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    window = open_window(fresh_root)
    page = generate_page(window)
    qtbot.waitUntil(page.head.few.isEnabled, timeout=LONG)
    qtbot.waitUntil(lambda: not page.forecaster.is_asking, timeout=LONG)
    fake_worker("rows")
    page.head.few.click()
    [sheet] = window.findChildren(TrySheet)
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert sheet.table.rows.rowCount() == 5
    assert str(sheet.table.rows.index(0, 0).data()).startswith("Which two canals")
    assert sheet.state.text().startswith("3 of 5 accepted.")
    assert not window._toast.isVisible()
    sheet.go.click()
    [plan] = [each for each in window.findChildren(PlanSheet) if each.isVisible()]
    assert plan.chosen == "compact"
    plan.reject()


def test_closing_the_try_stops_the_teacher(
    fresh_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    window = open_window(fresh_root)
    page = generate_page(window)
    qtbot.waitUntil(page.head.few.isEnabled, timeout=LONG)
    fake_worker("wait")
    page.head.few.click()
    [sheet] = window.findChildren(TrySheet)
    sheet.reject()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert window.jobs.latest["try"].state is JobState.STOPPED
    assert window.jobs.interrupted is None


def test_a_row_opens_in_review(lived_in_root: Path, open_window: Open, qtbot: QtBot) -> None:
    window = open_window(lived_in_root)
    page = generate_page(window)
    page.leaves.choose(WHEEL)
    row = page.pane.rows.rows.index(1, 0)
    question = str(row.data())
    page.pane.rows.setCurrentIndex(row)
    QTest.keyClick(page.pane.rows, Qt.Key.Key_Return)
    review = window.page
    assert isinstance(review, ReviewPage)
    qtbot.waitUntil(lambda: 1 <= review.model.rowCount() <= 2, timeout=LONG)  # two rounds asked the same here
    assert review.filter.wanted.leaf == WHEEL
    assert review.filter.wanted.text == question
    page = generate_page(window)
    page.pane.show_pane("funnel")
    model = page.pane.funnel.bars.model()
    page.pane.funnel.bars.setCurrentIndex(model.index(1, 0))
    assert "turned away" in page.pane.funnel.show_rows.text()
    page.pane.funnel.show_rows.click()
    qtbot.waitUntil(lambda: review.model.rowCount() > 1, timeout=LONG)
    assert review.filter.wanted.kind == "rejected"
    assert review.filter.wanted.check


def test_a_remote_teacher_is_marked(fresh_root: Path, open_window: Open) -> None:
    write_settings(replace(open_project(fresh_root), teacher="https://api.example.invalid/v1#big"))
    page = generate_page(open_window(fresh_root))
    assert "big · Not allowed yet: nothing is sent to api.example.invalid" in page.head.teacher.text()
    assert page.head.teacher.property("role") == "warning"


def test_the_real_worker_tries_measures_and_writes(
    fresh_root: Path, tiny_folder: Path, open_window: Open, qtbot: QtBot
) -> None:
    write_settings(replace(open_project(fresh_root), teacher=str(tiny_folder), student=str(tiny_folder), dial="quick"))
    document = next((fresh_root / "documents").rglob("*.md"))
    document.write_text("\n".join(document.read_text(encoding="utf-8").splitlines()[:14]), encoding="utf-8")
    window = open_window(fresh_root)
    page = generate_page(window)
    page.model.choose([WHEEL])
    qtbot.waitUntil(page.head.few.isEnabled, timeout=LONG)
    page.head.few.click()
    [sheet] = window.findChildren(TrySheet)
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert sheet.state.text().endswith("tells the time.")
    assert sheet.table.rows.rowCount() == 5
    assert read_pace(window.document.project, "knowledge")
    sheet.go.click()
    [plan] = [each for each in window.findChildren(PlanSheet) if each.isVisible()]
    qtbot.waitUntil(lambda: not plan.forecaster.is_asking, timeout=LONG)
    assert plan.note.text() == "Measured on this machine with this teacher and pipeline."
    assert plan.figures["time"].text()[0].isdigit()
    plan.go.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    story = window.jobs.latest["generate"]
    assert story.drawn  # random weights: the critic rejects everything, which ends the run with one sentence
    assert page.head.line.text() == "Generating did not finish"
    assert "The critic rejected all" in page.head.sentence.text()
    qtbot.waitUntil(lambda: not window.document.is_surveying, timeout=LONG)
    page.leaves.choose(next(iter(story.drawn)))
    assert page.pane.rows.rows.rowCount() > 0
    for other in window.findChildren(Sheet):
        other.close()


def test_the_models_keep_qts_rules(qapp: QApplication) -> None:
    leaves, rows = LeavesModel(), RowsModel()
    testers = [
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal) for model in (leaves, rows)
    ]
    broken = LeafStatus("knowledge/b", problems=(Problem("b", 1, 1, "error", "x", "Wrong."),))
    leaves.show_leaves([LeafStatus("knowledge/a", "knowledge", 5), broken])
    leaves.toggle(1)
    assert leaves.chosen == ["knowledge/a"]
    leaves.setData(leaves.index(0, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert leaves.chosen == []
    leaves.show_leaves([LeafStatus("knowledge/a", "knowledge", 5, samples="all")])
    made = [{"leaf": "a", "question": str(n), "answer": "", "accepted": n % 2 == 0, "reason": "No."} for n in range(6)]
    for count in (0, 2, 6, 3, 0):
        rows.show_rows(made[:count])
        assert rows.rowCount() == count
    assert testers


def test_counts_and_times_are_round() -> None:
    assert (span(3, 3), span(104, 340), span(1_240, 1_240)) == ("3", "100–340", "1,200")
    assert (durations((60, 60)), durations((60, 240)), durations((20, 240))) == ("1 min", "1–4 min", "20 s – 4 min")


def test_the_sheets_can_be_used_with_keys_alone(fresh_root: Path, open_window: Open, qtbot: QtBot) -> None:
    window = open_window(fresh_root)
    plan = open_plan(window, qtbot)
    names = [button.text() for button in plan.findChildren(QPushButton)]
    assert names == ["Cancel", "Try 5 First", "Generate"]
    assert plan.go.isDefault()
    for field in (plan.pipeline, plan.target):
        assert field.accessibleName()
        assert field.focusPolicy() & Qt.FocusPolicy.TabFocus
    QTest.keyClick(plan, Qt.Key.Key_Escape)
    assert not plan.isVisible()
    assert window.jobs.current is None
