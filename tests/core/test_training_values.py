"""Training values: the dial, what a person changed, mlx-lm's own, and what they are said to do."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from espalier.errors import EspalierError
from espalier.project import DIALS, open_project
from espalier.stages import lesson
from espalier.training.curriculum import Curriculum
from espalier.training.dial import DIAL, change_training, curriculum_of, train_settings
from espalier.training.explained import EXPLAINED, defaults
from espalier.training.mlx_lm_config import config_text, read_config
from espalier.training.settings import LoraSettings, TrainSettings, changed


def with_training(example: Path, text: str) -> None:
    file = example / "project.yaml"
    file.write_text(f"{file.read_text()}training: {text}\n")


def test_the_dial_is_what_holds_until_a_value_is_changed(example: Path) -> None:
    project = open_project(example)
    assert set(DIAL) == set(DIALS)
    assert [train_settings(replace(project, dial=dial)).epochs for dial in DIALS] == [4, 5, 12]
    with_training(example, "{epochs: 3, lora: {rank: 4}, lora.scale: 1e-1, phases: lab, replay: 0.5}")
    project = open_project(example)
    settings = train_settings(project)
    assert (settings.epochs, settings.lora) == (3, LoraSettings(rank=4, scale=0.1))
    assert curriculum_of(project) == Curriculum("lab", 0.5)
    assert train_settings(project, {"epochs": "9"}).epochs == 9


def test_the_preset_of_mlx_lm_replaces_the_dial(example: Path) -> None:
    with_training(example, "{preset: mlx-lm, batch_rows: 2}")
    settings = train_settings(open_project(example))
    assert settings.lora == LoraSettings(rank=8, scale=20.0, layers=16)
    assert (settings.learning_rate, settings.updates, settings.batch_rows, settings.schedule) == (
        1e-5,
        1000,
        2,
        "constant",
    )


@pytest.mark.parametrize(
    "text",
    ["{epochs: many}", "{epochs: 0}", "{ranks: 3}", "{replay: 7}", "{phases: two}", "{preset: magic}", "{lora: 3}"],
)
def test_a_value_that_cannot_be_used_is_said_and_nothing_is_written(example: Path, text: str) -> None:
    with_training(example, text)
    project = open_project(example)
    with pytest.raises(EspalierError):
        change_training(replace(project, training={}), project.training)
    with pytest.raises(EspalierError):
        lesson(project, ())
    assert open_project(example).training == project.training


def test_training_that_is_no_mapping_is_refused(example: Path) -> None:
    with_training(example, "[1]")
    with pytest.raises(EspalierError, match="training must give"):
        open_project(example)


def test_a_changed_value_is_kept_and_taken_out_when_it_is_the_dials_again(example: Path) -> None:
    project = change_training(open_project(example), {"epochs": 7, "phases": "lab"})
    assert open_project(example).training == {"epochs": 7, "phases": "lab"} == project.training
    project = change_training(project, {"epochs": "5"})
    assert open_project(example).training == {"phases": "lab"}


def test_every_value_is_explained_and_can_be_set() -> None:
    known = defaults()
    assert set(known) == set(EXPLAINED)
    own = {name: value for name, value in known.items() if name in TrainSettings.__dataclass_fields__ or "." in name}
    assert changed(TrainSettings(), own) == TrainSettings()
    assert len(known) == len(own) + len(Curriculum.__dataclass_fields__) + len(("preset", "hostfile"))


def test_settings_survive_mlx_lms_file(tmp_path: Path) -> None:
    settings = TrainSettings(
        lora=LoraSettings(rank=12, scale=3.0, dropout=0.1, layers=6),
        learning_rate=2e-4,
        updates=300,
        warm_up=0.1,
        batch_rows=8,
        accumulation=2,
        checkpointing=True,
        max_tokens=512,
        clip=0.0,
        save_every=50,
    )
    path = tmp_path / "lora.yaml"
    path.write_text(config_text(settings, "some/model", 1000))
    config = yaml.safe_load(path.read_text())
    assert (config["batch_size"], config["iters"], config["num_layers"]) == (4, 600, 6)
    taken = read_config(path)
    again = changed(TrainSettings(), taken.values)
    assert replace(again, warm_up=settings.warm_up, save_every=50) == settings
    assert not any("questions" in note for note in taken.notes)


def test_epochs_are_told_to_mlx_lm_as_updates() -> None:
    config = yaml.safe_load(config_text(TrainSettings(epochs=3, batch_rows=4), "m", 10))
    assert (config["iters"], config["num_layers"], config["mask_prompt"]) == (9, -1, True)
    with pytest.raises(EspalierError, match="soft prompt"):
        config_text(TrainSettings(method="prompt"), "m", 10)


def test_what_mlx_lm_can_and_we_cannot_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lora.yaml"
    path.write_text("optimizer: muon\nlr_schedule: {name: step_decay}\nwindow: 3\niters: 12\nnum_layers: -1\n")
    taken = read_config(path)
    assert taken.values["updates"] == 12
    assert taken.values["lora.layers"] == 0
    assert ["muon" in taken.notes[0], "schedule" in taken.notes[1], "window" in taken.notes[2]] == [True] * 3


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "batch_size: some", "learning_rate: quick", "lora_parameters: {r: 3}"]
)
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lora.yaml"
    path.write_text(text)
    with pytest.raises(EspalierError):
        read_config(path)
