import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from espalier.demo import create_example
from espalier.evaluation.probe import seed_prompt, verdict
from espalier.messages import Finished, Request, decode, encode
from espalier.project import open_project, write_settings

QUESTION = "By how many metres does the Falkirk Wheel lift boats?"


@pytest.mark.parametrize(
    ("answer", "expected", "wanted"),
    [
        ("It lifts them by 24 metres.", "24 metres", "same"),
        ("The Falkirk Wheel lifts boats by 24 metres.", "By 24 metres.", "same"),
        ("The Falkirk Wheel lifts boats by many metres.", "By 24 metres.", "other"),
        ("I do not know.", "24", "other"),
        ("24 or so, between two canals in Scotland", "24, between the Union Canal and the Forth Canal", "part"),
        ("", "24", "other"),
    ],
)
def test_an_answer_is_compared_by_what_the_question_does_not_say(answer: str, expected: str, wanted: str) -> None:
    assert verdict(QUESTION, answer, expected)[0] == wanted


@pytest.mark.parametrize(
    ("answer", "wanted"), [("No, it is not.", "same"), ("Yes.", "other"), ("Nobody knows", "other")]
)
def test_an_expected_answer_without_content_is_what_the_answer_begins_with(answer: str, wanted: str) -> None:
    assert verdict("Is it a lake?", answer, "No.")[0] == wanted


def test_where_the_question_names_the_answer_its_words_count() -> None:
    assert verdict("Is a sunset red or blue?", "It is red.", "Red") == ("same", 1.0)
    assert verdict("Is a sunset red or blue?", "It is blue.", "Red") == ("other", 0.0)


def test_a_context_comes_before_the_question() -> None:
    assert seed_prompt("Why?", " A passage.\n").messages[0].content == "A passage.\n\nWhy?"
    assert seed_prompt("Why?").messages[0].content == "Why?"


def test_the_worker_asks_the_untaught_student(tmp_path: Path, tiny_folder: Path) -> None:
    root = tmp_path / "project"
    create_example(root)
    write_settings(replace(open_project(root), student=str(tiny_folder)))
    arguments = {"project": str(root), "questions": [[QUESTION, ""], ["What is it?", "A boat lift."]]}
    worker = subprocess.Popen([sys.executable, "-m", "espalier.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin
    assert worker.stdout
    with worker:
        worker.stdin.write(encode(Request("probe", arguments)))
        worker.stdin.flush()
        events = [decode(line) for line in worker.stdout]
    assert isinstance(events[-1], Finished), events[-1]
    answers = events[-1].result["answers"]
    assert len(answers) == 2
    assert all(isinstance(answer, str) for answer in answers)
