import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from comparisons import RUN, make_compared, write_trained
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget
from pytestqt.qtbot import QtBot

from espalier.comparison import chats
from espalier.comparison.votes import CHOICES, read_votes
from espalier.files import read_lines
from espalier.taxonomy.checker import examine
from espalier.training.run import all_runs
from espalier_desktop.jobs import process
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.compare.answer_settings import AnswerSettings, SettingsPopover
from espalier_desktop.pages.compare.chats_sheet import save_chat
from espalier_desktop.pages.compare.choosing import checkpoints, run_folder
from espalier_desktop.pages.compare.correct_sheet import CorrectAnswerSheet
from espalier_desktop.pages.compare.page import ComparePage
from espalier_desktop.pages.compare.presets import PresetsPopover
from espalier_desktop.pages.compare.serving import ServeSheet
from espalier_desktop.pages.compare.session import SessionState
from espalier_desktop.pages.compare.why_sheet import WhySheet
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Show = Callable[[str], ComparePage]
FAKE = Path(__file__).with_name("fake_session.py")
WHEEL = "knowledge/engineering/falkirk_wheel"


@pytest.fixture
def show(lived_in_root: Path, open_window: Open, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Return a function that shows the page with a worker that behaves as a word says."""

    def show(manner: str) -> ComparePage:
        monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE), manner])
        window = open_window(lived_in_root)
        window.go("compare")
        assert isinstance(window.page, ComparePage)
        return window.page

    return show


def ask(page: ComparePage, question: str) -> None:
    page.talk.composer.setPlainText(question)
    QTest.keyClick(page.talk.composer, Qt.Key.Key_Return)


def wait_for_answers(page: ComparePage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.comparison.turn is not None and not page.comparison.session.is_busy)
    page.talk.finish()


def texts(page: ComparePage) -> list[str]:
    return [pane.transcript.toPlainText() for pane in page.talk.panes]


def test_both_answers_stream_in_with_proof_and_figures(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    ask(page, "How high?")
    assert page.talk.composer.words == ""
    wait_for_answers(page, qtbot)
    assert texts(page) == [
        "How high?\nbase heard 1: How high? (seed 0)",
        "How high?\ntuned heard 1: How high? (seed 0)",
    ]
    left, right = page.talk.panes
    assert left.proof.text() == "SmolLM2 · float32 · one copy of the weights"
    assert right.proof.text() == "SmolLM2 · adapter 3fa9c1d2 · float32 · one copy of the weights"
    assert right.figures.text() == "24 tokens · first after 0.31 s · 41.5 tokens/s · 612 MB"
    assert (right.gauge.value(), right.gauge.maximum()) == (96, 2048)
    assert page.talk.send.text() == "Ask Both"


def test_each_pane_keeps_its_own_history_and_the_worker_stays(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    ask(page, "One?")
    wait_for_answers(page, qtbot)
    worker = page.comparison.session.pid
    ask(page, "Two?")
    wait_for_answers(page, qtbot)
    assert page.comparison.session.pid == worker
    assert texts(page)[1].endswith("tuned heard 3: Two? (seed 0)")
    [kept] = chats.list_chats(page.shell.document.project)
    assert [turn.question for turn in kept.turns] == ["One?", "Two?"]
    assert kept.turns[1].answers["tuned"].figures["tokens"] == 24


def test_an_answer_that_is_stopped_stays_and_the_conversation_goes_on(show: Show, qtbot: QtBot) -> None:
    page = show("slow")
    ask(page, "Go on")
    qtbot.waitUntil(lambda: "word3" in page.comparison.chat.turns[0].answers["base"].text)
    assert page.talk.send.text() == "Stop"
    page.talk.send.click()
    wait_for_answers(page, qtbot)
    assert page.comparison.chat.turns[0].answers["tuned"].ended == "stopped"
    assert texts(page)[0].endswith("Stopped. What was written is kept.")
    ask(page, "And now?")
    qtbot.waitUntil(lambda: "word1" in page.comparison.chat.turns[1].answers["base"].text)
    page.shell.do("stop")
    wait_for_answers(page, qtbot)
    assert [message["role"] for message in page.comparison.chat.conversation("base", 1)] == [
        "user",
        "assistant",
        "user",
    ]


def test_a_worker_that_is_killed_leaves_what_was_written_and_one_click_goes_on(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = show("slow")
    ask(page, "Go on")
    qtbot.waitUntil(lambda: "word3" in page.comparison.chat.turns[0].answers["tuned"].text)
    os.kill(page.comparison.session.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: page.comparison.session.state is SessionState.DEAD)
    page.talk.finish()
    assert "word3" in texts(page)[1]
    assert page.talk.banner.isVisible()
    assert "memory" in page.talk.banner.text.text()
    assert "word3" in chats.list_chats(page.shell.document.project)[0].turns[0].answers["tuned"].text
    monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE), "answer"])
    page.talk.banner.accept.click()
    qtbot.waitUntil(lambda: page.comparison.session.state is SessionState.READY)
    assert not page.talk.banner.isVisible()
    assert "word3" in texts(page)[1]
    ask(page, "Still there?")
    wait_for_answers(page, qtbot)
    assert texts(page)[0].endswith("base heard 3: Still there? (seed 0)")


def test_models_that_cannot_be_loaded_say_why_and_the_question_is_asked_again(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = show("broken")
    ask(page, "How high?")
    qtbot.waitUntil(lambda: page.comparison.session.state is SessionState.DEAD)
    assert page.talk.banner.text.text() == "The student is not on this Mac. Choose another."
    monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE), "answer"])
    page.talk.banner.accept.click()
    wait_for_answers(page, qtbot)
    assert texts(page)[0] == "How high?\nbase heard 1: How high? (seed 0)"


def test_a_question_that_is_refused_says_why_in_its_place(show: Show, qtbot: QtBot) -> None:
    page = show("refuse")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    assert texts(page)[0] == "How high?\nAn answer is being written. Stop it, or wait for its end."


def test_a_proof_that_failed_is_loud(show: Show, qtbot: QtBot) -> None:
    page = show("same")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    assert page.talk.panes[1].alarm.isVisible()
    assert not page.talk.panes[0].alarm.isVisible()


def test_one_side_is_answered_again_with_another_seed(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.comparison.settings = AnswerSettings(temperature=0.7, seed=5)
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    before = texts(page)
    assert before[1].endswith("(seed 5)")
    page.talk.panes[1].again.click()
    wait_for_answers(page, qtbot)
    assert texts(page)[0] == before[0]
    assert texts(page)[1] != before[1]
    assert texts(page)[1].startswith("How high?\ntuned heard 1: How high? (seed ")


def test_the_last_question_is_taken_back_and_earlier_ones_come_with_the_arrow(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    for question in ("One?", "Two?"):
        ask(page, question)
        wait_for_answers(page, qtbot)
    page.talk.edit.click()
    assert page.talk.composer.words == "Two?"
    assert "Two?" not in texts(page)[0]
    assert [turn.question for turn in chats.list_chats(page.shell.document.project)[0].turns] == ["One?"]
    page.talk.composer.setPlainText("")
    for expected in ("Two?", "One?"):
        QTest.keyClick(page.talk.composer, Qt.Key.Key_Up)
        assert page.talk.composer.words == expected
    QTest.keyClick(page.talk.composer, Qt.Key.Key_Down)
    QTest.keyClick(page.talk.composer, Qt.Key.Key_Down)
    assert page.talk.composer.words == ""


def test_an_earlier_question_is_edited_and_an_answer_copied_from_the_menu_over_it(
    show: Show, qtbot: QtBot, qapp: QApplication
) -> None:
    page = show("answer")
    for question in ("One?", "Two?", "Three?"):
        ask(page, question)
        wait_for_answers(page, qtbot)
    view = page.talk.panes[1].transcript
    number = view.turn_at(view.toPlainText().index("tuned heard 3"))
    assert number == 1
    copy, edit = view.menu_for(number).actions()[-2:]
    copy.trigger()
    assert qapp.clipboard().text() == page.comparison.chat.turns[1].answers["tuned"].text
    edit.trigger()
    assert page.talk.composer.words == "Two?"
    assert [turn.question for turn in page.comparison.chat.turns] == ["One?"]
    assert "Two?" not in texts(page)[0]


def test_shift_return_begins_a_line(show: Show) -> None:
    page = show("answer")
    page.talk.composer.setPlainText("")
    for key, shift in ((Qt.Key.Key_A, False), (Qt.Key.Key_Return, True), (Qt.Key.Key_B, False)):
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(page.talk.composer, key, modifier)
    assert page.talk.composer.words.splitlines() == ["a", "b"]
    assert not page.comparison.chat.turns


def test_a_blind_vote_is_taken_by_key_and_then_revealed(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.talk.blind.setChecked(True)
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    left, right = page.talk.panes
    assert not left.picker.isVisible()
    assert left.proof.text() == right.proof.text() == "Hidden until you vote"
    assert left.figures.text() == ""
    assert page.comparison.is_vote_due
    keys = {choice: page.shell.commands[f"vote_{choice}"].shortcut().toString() for choice in CHOICES}
    assert keys == {"left": "1", "right": "2", "both": "0", "neither": "X"}
    qtbot.waitUntil(lambda: page.shell.commands["vote_right"].isEnabled())
    page.shell.commands["vote_right"].trigger()
    page.talk.finish()
    [vote] = read_votes(page.shell.document.project)
    assert vote.choice == "right"
    assert vote.question == "How high?"
    sides = page.comparison.chat.turns[0].sides
    assert vote.sides == sides
    assert vote.models["tuned"]["fingerprint"] == "3fa9c1d2"
    tuned = page.talk.panes[sides.index("tuned")]
    assert "Answered by SmolLM2 · 3fa9c1d2" in tuned.transcript.toPlainText()
    assert "3fa9c1d2" in page.talk.votes.asks.text()
    assert page.talk.votes.tally.text()
    assert not page.comparison.is_vote_due


def test_blind_turns_are_shuffled_and_each_side_shows_its_own_answer(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.comparison._chance.seed(1)
    page.talk.blind.setChecked(True)
    for number in range(6):
        ask(page, f"Question {number}?")
        wait_for_answers(page, qtbot)
    turns = page.comparison.chat.turns
    assert {turn.sides for turn in turns} == {("base", "tuned"), ("tuned", "base")}
    for side, text in enumerate(texts(page)):
        for turn in turns:
            assert f"{turn.sides[side]} heard" in text
    assert all(f"heard {2 * number + 1}:" in texts(page)[0] for number in range(6)), "each pane has its own history"


def test_votes_are_no_letters_while_one_writes(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.talk.blind.setChecked(True)
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    page.talk.composer.setFocus()
    QTest.keyClicks(page.talk.composer, "12x")
    assert page.talk.composer.words == "12x"
    assert not read_votes(page.shell.document.project)


def test_a_set_of_questions_is_asked_one_by_one_and_can_be_cancelled(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page._show_presets()
    popover = QApplication.activePopupWidget()
    assert isinstance(popover, PresetsPopover)
    count = len(popover.shown)
    popover.findChild(QLineEdit).setText("metres")  # type: ignore[union-attr]  # it has one
    chosen = popover.shown
    assert 0 < len(chosen) < count
    popover.run.click()
    qtbot.waitUntil(lambda: len(page.comparison.chat.turns) == len(chosen) and page.comparison.asked_of == 0)
    wait_for_answers(page, qtbot)
    assert page.comparison.chat.is_set
    assert all("heard 1:" in turn.answers["tuned"].text for turn in page.comparison.chat.turns)
    assert page.comparison.chat.turns[0].leaf
    page.comparison.ask_set([("a", ""), ("b", ""), ("c", "")])
    assert page.talk.set_bar.isVisible()
    assert page.talk.progress.text() == "Question 1 of 3"
    page.talk.cancel.click()
    qtbot.waitUntil(lambda: not page.comparison.session.is_busy)
    assert len(page.comparison.chat.turns) == 1
    assert not page.talk.set_bar.isVisible()


def test_a_preset_goes_to_the_composer_with_its_leaf(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page._show_presets()
    popover = QApplication.activePopupWidget()
    assert isinstance(popover, PresetsPopover)
    preset = popover.shown[0]
    popover.chosen.emit(preset)
    popover.close()
    assert page.talk.composer.words == preset.question
    page.talk.ask_or_stop()
    wait_for_answers(page, qtbot)
    assert page.comparison.chat.turns[0].leaf == preset.leaf != ""


def test_a_corrected_answer_becomes_a_seed_that_validates_and_can_be_undone(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    document = page.shell.document
    page.comparison.ask("By how many metres does a boat rise?", WHEEL)
    wait_for_answers(page, qtbot)
    page.talk.panes[1].correct.click()
    sheet = page.window().findChild(CorrectAnswerSheet)
    assert sheet
    assert sheet.leaf.currentData() == WHEEL
    assert sheet.answer.words == "**tuned** heard 1: By how many metres does a boat rise? (seed 0)"
    sheet.answer.setPlainText("A boat rises by 24 metres.")
    sheet.save.click()
    file = document.project.taxonomy / WHEEL / "qna.yaml"
    assert "A boat rises by 24 metres." in file.read_text()
    assert not [problem for problem in examine(file).problems if problem.is_error]
    document.take_back()
    document.texts.save_all()
    assert "A boat rises by 24 metres." not in file.read_text()


def test_a_corrected_answer_can_be_a_training_row(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.comparison.ask("Which bird nests at the wheel?", WHEEL)
    wait_for_answers(page, qtbot)
    page.talk.panes[1].correct.click()
    sheet = page.window().findChild(CorrectAnswerSheet)
    assert sheet
    sheet.kind.buttons["row"].click()
    sheet.answer.setPlainText("A heron nests at the wheel.")
    with qtbot.waitSignal(sheet.brought) as brought:
        sheet.save.click()
    assert brought.args == ["1 row imported: 1 in training."]
    [row] = read_lines(page.shell.document.project.imports / WHEEL / "imported.jsonl")
    assert row["answer"] == "A heron nests at the wheel."


def test_why_shows_the_nearest_rows_and_their_leaf(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.comparison.choose("tuned", {"kind": "tuned", "run": "2026-11-20T18-42-07"})
    page.comparison.ask("Which two canals does the Falkirk Wheel join?", WHEEL)
    wait_for_answers(page, qtbot)
    assert not page.talk.panes[0].why.isEnabled()
    page.talk.panes[1].why.click()
    sheet = page.window().findChild(WhySheet)
    assert sheet
    sheet.leaf_wanted.emit(WHEEL)
    assert page.window().page.accessibleName() == "Taxonomy"  # type: ignore[attr-defined]  # it is the main window


def test_documents_in_view_are_asked_for_and_shown(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.talk.panes[0].documents.click()
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    assert "Documents in view:\nwheel.md: “It lifts boats by 24 metres.”" in texts(page)[0]
    assert "wheel.md" not in texts(page)[1]


def test_another_model_is_put_into_a_pane_while_the_worker_is_warm(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    page.comparison.choose("tuned", {"kind": "model", "model": "other-1b"})
    qtbot.waitUntil(lambda: page.comparison.session.state is SessionState.READY)
    assert page.talk.panes[1].proof.text().startswith("other-1b")
    assert page.talk.panes[1].picker.isEnabled()


def test_an_endpoint_is_asked_for_leave_before_anything_is_sent(show: Show) -> None:
    page = show("answer")
    page.choosing.take_endpoint("tuned", "https://llm.example/v1#big")
    assert page.comparison.choices["tuned"] == {"kind": "tuned"}
    sheet = page.findChild(Sheet)
    assert sheet
    assert "llm.example" in sheet.sentence.text()
    sheet.accept()
    page.choosing.take_endpoint("tuned", "http://127.0.0.1:8080/v1#near")
    assert page.comparison.choices["tuned"]["endpoint"] == "http://127.0.0.1:8080/v1#near"


def test_conversations_are_opened_again_with_the_project_and_from_the_list(
    show: Show, qtbot: QtBot, lived_in_root: Path, open_window: Open, qapp: QApplication
) -> None:
    page = show("answer")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    before = texts(page)
    page.window().close()
    qapp.processEvents()
    window = open_window(lived_in_root)
    window.go("compare")
    again = window.page
    assert isinstance(again, ComparePage)
    again.talk.finish()
    assert texts(again) == before
    again.give("new_conversation")
    assert texts(again) == ["", ""]
    again.give("open_conversation")
    rows = again.findChild(QListWidget)
    assert rows
    rows.itemActivated.emit(rows.item(0))
    again.talk.finish()
    assert texts(again) == before
    ask(again, "And?")
    wait_for_answers(again, qtbot)
    assert "heard 3: And?" in texts(again)[0]


def test_a_conversation_is_exported_and_a_full_disk_says_so(show: Show, qtbot: QtBot, tmp_path: Path) -> None:
    page = show("answer")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    told: list[str] = []
    project = page.shell.document.project
    save_chat(project, page.comparison.chat, tmp_path / "a.md", "markdown", told.append, told.append)
    assert "> How high?" in (tmp_path / "a.md").read_text()
    (tmp_path / "file").write_text("")
    save_chat(project, page.comparison.chat, tmp_path / "file" / "b.md", "markdown", told.append, told.append)
    assert "cannot be written" in told[-1]


def test_settings_are_the_same_for_both_and_found_again(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page._show_settings()
    popover = page.findChild(SettingsPopover)
    assert popover
    popover.temperature.setValue(0.8)
    popover.strength.setValue(10)
    popover.seed.setValue(11)
    popover.system.setPlainText("Be brief.")
    popover.close()
    assert page.save_state()["settings"] == {
        "system": "Be brief.",
        "temperature": 0.8,
        "top_p": 1.0,
        "seed": 11,
        "max_tokens": 512,
        "strength": 0.5,
    }
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    assert all(text.endswith("(seed 11)") for text in texts(page))
    page.restore_state({"settings": {"temperature": "hot"}, "choices": 3, "chat": "../x", "history": "no"})
    assert page.comparison.settings == AnswerSettings()


def test_differences_are_marked_once_both_have_answered(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    page.talk.differences.setChecked(True)
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    for pane, word in zip(page.talk.panes, ("base", "tuned"), strict=True):
        marked = pane.transcript.extraSelections()
        assert [each.cursor.selectedText() for each in marked] == [word]
    page.talk.differences.setChecked(False)
    assert not page.talk.panes[0].transcript.extraSelections()


def test_a_job_gets_the_memory_of_a_worker_that_is_idle(show: Show, qtbot: QtBot) -> None:
    page = show("answer")
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    worker = page.comparison.session.pid
    page.shell.jobs.start("probe", questions=[])
    assert page.comparison.session.state is SessionState.OFF
    assert worker
    assert page.comparison.session.pid == 0


def test_nothing_trained_yet_leads_to_training(fresh_root: Path, open_window: Open) -> None:
    window = open_window(fresh_root)
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    assert page.train.isVisible()
    assert not window.commands["ask_preset"].isEnabled()
    page.train.click()
    assert window.page.accessibleName() == "Train"


def test_the_model_is_served_until_it_is_switched_off(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    page = show("answer")
    page.serve.click()
    sheet = page.window().findChild(ServeSheet)
    assert sheet
    sheet.kind.buttons["base"].click()
    sheet.port.setValue(18080)
    sheet.switch.click()
    qtbot.waitUntil(lambda: page.server.serving is not None)
    assert sheet.state.text() == "SmolLM2 base answers at http://127.0.0.1:18080/v1"
    sheet.copy.click()
    assert qapp.clipboard().text() == "curl http://127.0.0.1:18080/v1"
    sheet.switch.click()
    assert not page.server.is_on
    assert sheet.state.text() == "Off"
    monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE), "broken"])
    sheet.switch.click()
    qtbot.waitUntil(lambda: not page.server.is_on)
    assert sheet.state.text() == "It is taken."


def test_the_real_worker_answers_in_both_panes(
    tmp_path: Path, tiny_folder: Path, open_window: Open, qtbot: QtBot
) -> None:
    project = make_compared(tmp_path / "Compared", tiny_folder)
    window = open_window(project.root)
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    page.comparison.settings = AnswerSettings(max_tokens=8)
    ask(page, "How high?")
    wait_for_answers(page, qtbot)
    answers = page.comparison.chat.turns[0].answers
    assert {answers[pane].ended for pane in ("base", "tuned")} <= {"length", "end"}
    assert answers["base"].text != answers["tuned"].text
    assert page.comparison.held["tuned"].fingerprint
    assert page.comparison.held["base"].is_paired
    assert not any(pane.alarm.isVisible() for pane in page.talk.panes)
    page.comparison.choose("tuned", {"kind": "base"})
    qtbot.waitUntil(lambda: page.comparison.session.state is SessionState.READY)
    assert page.comparison.held["tuned"].fingerprint == ""
    assert any(pane.alarm.isVisible() for pane in page.talk.panes), "both sides are the same model"


def test_the_checkpoints_of_a_run_are_offered_its_result_last(tmp_path: Path, tiny_folder: Path) -> None:
    project = make_compared(tmp_path / "Compared", tiny_folder)
    [run] = all_runs(project)
    write_trained(run.folder / "best", tiny_folder)
    found = checkpoints(project, {"kind": "tuned"})
    assert [pane for pane, _ in found] == [{"kind": "tuned", "run": RUN, "checkpoint": "best"}, {"kind": "tuned"}]
    assert checkpoints(project, {"kind": "base"}) == []
    assert run_folder(project, {"kind": "tuned"}) == run_folder(project, {"kind": "tuned", "run": RUN}) == run.folder
    assert run_folder(project, {"kind": "tuned", "run": "gone"}) is None
