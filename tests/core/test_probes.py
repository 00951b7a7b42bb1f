"""Which questions a run asks at its checkpoints, what is kept of them, and when an answer is right."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from desktop.lived_in import write_samples

import espalier.metal  # first: it prepares the process for MLX
from espalier import tasks
from espalier.errors import EspalierError
from espalier.evaluation.questions import Question, read_questions
from espalier.metal.backend import MlxBackend
from espalier.project import Project, open_project, write_settings
from espalier.stages import train
from espalier.synthesis.on_disk import read_practice
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.curves import read_curves
from espalier.training.methods import refusal, refusals
from espalier.training.mixture import Row
from espalier.training.probes import COUNT, candidates, chosen, is_right, keep_probes, read_probes, run_probes
from espalier.training.progress import forget_pause, take_wish, wish
from espalier.training.settings import METHODS

assert espalier.metal
KEPT = Row("knowledge/mine", "What is kept aside?", "A row that is never trained on.", "sample")


def test_questions_are_chosen_from_every_leaf_in_turn(example: Path) -> None:
    project = open_project(example)
    asked = chosen(project, [KEPT])
    assert len(asked) == COUNT
    leaves = {question.leaf for question in read_questions(project.questions)}
    assert {question.leaf for question in asked} == leaves | {KEPT.leaf}
    assert KEPT.question in [question.question for question in candidates(project, [KEPT])]
    project.questions.unlink()
    assert [question.question for question in chosen(project, [KEPT])] == [KEPT.question]


def test_a_person_may_choose_and_want_none(example: Path) -> None:
    project = open_project(example)
    wanted = [question.question for question in read_questions(project.questions)][3:5]
    write_settings(replace(project, probes=(*wanted, "What is no question any more?")))
    assert [question.question for question in chosen(open_project(example), [])] == wanted
    write_settings(replace(project, probes=()))
    assert chosen(open_project(example), [KEPT]) == []
    text = (example / "project.yaml").read_text()
    (example / "project.yaml").write_text(text.replace("probes: []", "probes: yes"))
    with pytest.raises(EspalierError, match="probes must be a list"):
        open_project(example)


def test_a_run_goes_on_with_the_questions_that_it_began_with(example: Path, tmp_path: Path) -> None:
    first = [Question("Who?", "Ada.", ("Ada",)), Question("When?", "1843", ("1843",))]
    assert keep_probes(tmp_path, first) == first == read_probes(tmp_path)
    assert keep_probes(tmp_path, first[:1]) == first
    assert keep_probes(tmp_path, []) == []
    assert read_probes(tmp_path) == first
    project = open_project(example)
    project.questions.write_text("no JSON")
    assert run_probes(project, tmp_path, [KEPT]) == []  # no reason not to train


def test_an_answer_is_right_by_its_accepted_texts_or_by_what_it_says() -> None:
    assert is_right(Question("When?", "In 1843.", ("1843",)), "It was in 1843, I think.")
    assert not is_right(Question("When?", "In 1843.", ("1843",)), "It was in 1842.")
    wheel = Question("How high?", "The wheel lifts boats by 24 metres.", ())
    assert is_right(wheel, "It lifts boats 24 metres with its wheel.")
    assert not is_right(wheel, "It is a famous landmark.")


def test_what_a_student_refuses_is_said_before_it_is_loaded() -> None:
    assert [method for method in METHODS if refusal(method, frozenset())] == []
    assert [method for method in METHODS if refusal(method, frozenset({4}))] == ["full"]
    assert [method for method in METHODS if refusal(method, frozenset({4, 6}))] == ["dora", "full"]
    assert refusals("there is no such model") == {}


def test_a_pause_that_nobody_heeded_is_forgotten_and_a_wish_to_finish_is_not(tmp_path: Path) -> None:
    for asked, left in (("pause", ""), ("finish", "finish")):
        wish(tmp_path, asked)
        forget_pause(tmp_path)
        assert take_wish(tmp_path) == left


@pytest.fixture
def project(example: Path, tiny_folder: Path) -> Project:
    values = {"updates": 2, "lora.rank": 2, "batch_rows": 2, "save_every": 1}
    made = replace(open_project(example), student=str(tiny_folder), teacher=str(tiny_folder), training=values)
    write_settings(made)
    for leaf in read_taxonomy(made.taxonomy):
        write_samples(made, leaf)
    return made


def test_a_run_answers_its_questions_and_shows_what_a_preview_showed(project: Project) -> None:
    shown = tasks.run("preview", {"project": str(project.root)}, MlxBackend(), lambda _: None)
    run = train(project, MlxBackend(), lambda _: None, read_practice(project))
    assert json.loads((run.folder / "first_batch.json").read_text()) == json.loads(json.dumps(shown))
    assert len(shown["lengths"]) == len(run.rows("train"))
    curves = read_curves(run)
    assert [step for step, _ in curves.probed] == [0, 1, 2]
    assert all(len(answers) == len(read_probes(run.folder)) == COUNT for _, answers in curves.probed)
    assert curves.steps == [1, 2]
