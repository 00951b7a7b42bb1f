"""Training as a stage of a project: which run it is, what its request records, and what the command line can ask."""

import json
from pathlib import Path
from typing import Any

import pytest

import espalier.metal  # first: it prepares the process for MLX
from espalier import cli, stages
from espalier.errors import EspalierError
from espalier.messages import Event, Note, Progress, Stage
from espalier.metal.backend import MlxBackend
from espalier.project import Project, open_project
from espalier.synthesis.practice import Practice, practice_of
from espalier.synthesis.sample import Check, Sample
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.run import Run, all_runs
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
SMALL: dict[str, Any] = {"lora.rank": 2, "lora.layers": 1, "epochs": 1, "batch_rows": 8, "save_every": 3}


@pytest.fixture
def project(example: Path, tiny_folder: Path) -> Project:
    (example / "project.yaml").write_text(f"version: 1\ndial: quick\nmodels: {{student: {tiny_folder}}}\n")
    (example / "questions.jsonl").unlink()
    return open_project(example)


@pytest.fixture
def practice(project: Project) -> list[Practice]:
    good = (Check("form", True, "It is one question."),)
    leaf = read_taxonomy(project.taxonomy)[0]
    samples = [Sample(f"1-{n}", leaf.path, f"What is {n}?", f"It is {n * n}.", str(n % 9), good) for n in range(60)]
    return [practice_of(project, leaf, samples)]


class Stopped(BaseException):
    """The machine went dark."""


def train(project: Project, practice: list[Practice], values: dict[str, Any], stop: int = 0) -> tuple[Run, list[Event]]:
    heard: list[Event] = []

    def emit(event: Event) -> None:
        heard.append(event)
        if stop and isinstance(event, Progress) and event.done >= stop:
            raise Stopped

    return stages.train(project, MlxBackend(), emit, practice, {**SMALL, **values}), heard


def test_the_request_records_everything_and_the_same_wish_is_the_same_run(
    project: Project, practice: list[Practice]
) -> None:
    run, heard = train(project, practice, {"lora.dropout": "0.1", "schedule": "linear"})
    request = json.loads((run.folder / "request.json").read_text())
    assert run.settings == TrainSettings(
        lora=LoraSettings(rank=2, layers=1, dropout=0.1), epochs=1, schedule="linear", save_every=3
    )
    assert request["settings"]["lora"]["dropout"] == 0.1
    assert request["alpha"] == 4.0
    assert request["versions"]["mlx-lm"]
    told = [event for event in heard if isinstance(event, Progress)]
    assert {"loss", "learning_rate", "tokens_per_second", "memory"} <= set(told[-1].figures)
    assert "held_out_loss" in told[-1].figures
    assert any(isinstance(event, Note) and event.text.startswith("Rows") for event in heard)
    again, heard = train(project, practice, {"lora.dropout": 0.1, "schedule": "linear"})
    assert again.folder == run.folder
    assert [event.is_fresh for event in heard if isinstance(event, Stage)] == [True]
    other, _ = train(project, practice, {"method": "full"})
    assert other.folder != run.folder
    assert run.best


def test_a_run_is_extended_and_an_extension_that_was_cut_off_goes_on(
    project: Project, practice: list[Practice]
) -> None:
    with pytest.raises(EspalierError, match="no finished training to go on from"):
        stages.extend(project, MlxBackend(), lambda event: None, 5)
    run, _ = train(project, practice, {})

    def go_dark(event: Event) -> None:
        if isinstance(event, Progress) and event.done >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        stages.extend(project, MlxBackend(), go_dark, 5)
    more = stages.extend(project, MlxBackend(), lambda event: None, 5)
    assert [found.folder for found in all_runs(project)] == [run.folder, more.folder]
    assert more.request["extends"] == run.folder.name
    assert json.loads((more.folder / "adapter" / "made.json").read_text())["updates"] == 5
    assert more.rows("train") == run.rows("train")
    further = stages.extend(project, MlxBackend(), lambda event: None, 5)
    assert further.request["extends"] == more.folder.name


def test_a_stopped_run_is_finished_with_what_it_has_learned(project: Project, practice: list[Practice]) -> None:
    with pytest.raises(EspalierError, match="no training that was stopped"):
        stages.finish(project, MlxBackend(), lambda event: None)
    with pytest.raises(Stopped):
        train(project, practice, {"epochs": 3}, stop=5)
    run = stages.finish(project, MlxBackend(), lambda event: None)
    made = json.loads((run.folder / "adapter" / "made.json").read_text())
    assert made["stopped"]
    assert 3 <= made["updates"] < made["of"]
    assert made["updates"] % 3 == 0  # the last checkpoint
    with pytest.raises(EspalierError, match="nothing to finish"):
        stages.finish(project, MlxBackend(), lambda event: None)


def test_a_setting_that_cannot_be_used_is_said_before_anything_is_written(
    project: Project, practice: list[Practice]
) -> None:
    with pytest.raises(EspalierError, match="The rank is 0"):
        train(project, practice, {"lora.rank": 0})
    assert not project.runs.exists()


@pytest.mark.parametrize(
    "wrong", [["--method", "magic"], ["--set", "rank"], ["--extend", "0"], ["--extend", "5", "--finish"]]
)
def test_wrong_usage_of_train_is_exit_2(project: Project, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["train", str(project.root), *wrong])
    assert left.value.code == 2


def test_the_command_line_says_what_is_wrong_with_a_setting(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", str(project.root), "--set", "epochs=none"]) == 1
    assert "Give a whole number" in capsys.readouterr().err
    assert cli.main(["train", str(project.root), "--set", "lora.rank=0"]) == 1
    assert "The rank is 0" in capsys.readouterr().err
