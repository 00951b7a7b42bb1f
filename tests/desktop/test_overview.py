import shutil
from collections.abc import Callable
from pathlib import Path

from desktop.lived_in import spoil
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from espalier.project import create, open_project
from espalier.status import LeafStatus, ProjectStatus
from espalier_desktop.document import Document
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.overview.model_sheet import ModelSheet
from espalier_desktop.pages.overview.page import OverviewPage
from espalier_desktop.steps import VERBS, StepState, next_verb, steps

Open = Callable[[Path], MainWindow]
LONG = 40_000


def overview(window: MainWindow) -> OverviewPage:
    window.go("overview")
    assert isinstance(window.page, OverviewPage)
    return window.page


def states(window: MainWindow) -> list[StepState]:
    return [step.state for step in steps(window.document)]


def test_a_fresh_project_begins_with_samples(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    page = overview(window)
    assert page.verb.text() == "Generate Samples"
    assert states(window)[:2] == [StepState.DONE, StepState.NEXT]
    assert "2 leaves need practice" in page.next_sentence.text()
    assert not page.scores.isVisible()


def test_a_project_that_is_done_is_to_be_compared(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    page = overview(window)
    assert page.verb.text() == "Compare Answers"
    done, optional = StepState.DONE, StepState.WAITING
    assert states(window) == [done, done, optional, done, done]  # nobody has reviewed the samples, and need not
    assert page.scores.isVisible()
    page.verb.click()
    assert window.page.accessibleName() == "Compare"


def test_errors_come_first(fresh_root: Path, open_window: Open) -> None:
    spoil(fresh_root)
    window = open_window(fresh_root)
    page = overview(window)
    assert page.verb.text() == "Show 4 Errors"
    assert states(window)[0] is StepState.BROKEN
    page.verb.click()
    assert window.page.accessibleName() == "Taxonomy"


def test_an_empty_project_wants_a_leaf(tmp_path: Path, open_window: Open) -> None:
    create(tmp_path / "p")
    assert overview(open_window(tmp_path / "p")).verb.text() == "Add a Leaf"


def test_each_thing_that_is_missing_has_its_verb(lived_in_root: Path, open_window: Open, qtbot: QtBot) -> None:
    window = open_window(lived_in_root)
    run = next((lived_in_root / "runs").iterdir())

    def verb_after(change: Callable[[], object]) -> str:
        change()
        with qtbot.waitSignal(window.document.status_changed, timeout=LONG):
            window.document.refresh()
        return next_verb(window.document).command

    assert verb_after((run / "report.json").unlink) == "evaluate"
    assert verb_after(lambda: shutil.rmtree(run / "model-4bit")) == "quantize"
    assert verb_after(lambda: shutil.rmtree(run / "adapter")) == "train"
    assert next_verb(window.document).text == "Go On Training"
    assert verb_after(lambda: shutil.rmtree(lived_in_root / "samples")) == "generate"


def test_there_is_always_one_next_verb_that_the_window_has(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    document: Document = window.document
    for leaf, status in (
        (LeafStatus("a", "skill", samples="all", rejected={"form": 3}), ProjectStatus()),
        (LeafStatus("a", "skill", samples="part", accepted=1), ProjectStatus(missing_models=("m",))),
        (LeafStatus("a", "skill", samples="all", accepted=1), ProjectStatus(run="r")),
        (LeafStatus("a"), ProjectStatus()),
    ):
        document._shown, document.status = {"a": leaf}, status
        verb = next_verb(document)
        assert verb.command in VERBS
        assert verb.command in ("", "choose_models") or window.commands[verb.command]
        assert len(steps(document)) == 5


def test_a_step_opens_its_page(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    QTest.mouseClick(overview(window).strip.tiles[3], Qt.MouseButton.LeftButton)
    assert window.page.accessibleName() == "Train"


def test_a_running_job_is_shown_and_can_be_stopped(
    fresh_root: Path, open_window: Open, fake_worker: Callable[[str], None], qtbot: QtBot
) -> None:
    fake_worker("wait")
    window = open_window(fresh_root)
    page = overview(window)
    page.everything.click()
    qtbot.waitUntil(lambda: "1 of 4 updates" in page.next_sentence.text(), timeout=LONG)
    assert page.next_line.text() == "Now: Training"
    assert page.strip.tiles[3].accessibleName() == "Train: running"
    page.verb.click()
    qtbot.waitUntil(lambda: window.jobs.current is None, timeout=LONG)
    assert page.verb.text() == "Generate Samples"


def test_a_model_is_chosen_for_a_role_and_that_can_be_undone(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    page = overview(window)
    page.models.teacher.change.click()
    [sheet] = window.findChildren(ModelSheet)
    assert sheet.models.model().rowCount() == 1
    sheet._choice.take("/models/mine")
    sheet.close()
    assert open_project(fresh_root).teacher == "/models/mine"
    assert "no model named" in page.models.teacher.state.text()
    assert window.commands["undo"].text() == "Undo Change Teacher"
    window.do("undo")
    assert page.models.teacher.name.text() == "smollm2-135m-instruct"


def test_a_critic_may_be_another_model_than_the_teacher(fresh_root: Path, open_window: Open) -> None:
    page = overview(open_window(fresh_root))
    assert (page.models.critic.name.text(), open_project(fresh_root).judge) == ("The teacher", "smollm2-135m-instruct")
    page.models.critic.change.click()
    page.window().findChildren(ModelSheet)[-1]._choice.take("/models/strict")
    project = open_project(fresh_root)
    assert (project.teacher, project.judge) == ("smollm2-135m-instruct", "/models/strict")
    assert page.models.critic.name.text() == "/models/strict"
    page.models.critic.change.click()
    sheet = page.window().findChildren(ModelSheet)[-1]
    [same] = [child for child in sheet.findChildren(QPushButton) if child.text() == "The Teacher"]
    same.click()
    assert open_project(fresh_root).critic == ""


def test_the_dial_is_a_choice_of_three(fresh_root: Path, open_window: Open) -> None:
    page = overview(open_window(fresh_root))
    page.models.dial.buttons["thorough"].click()
    assert open_project(fresh_root).dial == "thorough"


def test_the_machine_is_described(fresh_root: Path, open_window: Open) -> None:
    values = [fact.value.text() for fact in overview(open_window(fresh_root)).machine.facts]
    assert values[1].endswith(" GB")
    assert values[2].endswith("free")
    assert all(values)
