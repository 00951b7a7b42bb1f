"""``espalier train`` with the real worker: forecasts, files that it writes, and values that stay."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from desktop.lived_in import write_samples

from espalier import cli
from espalier.project import Project, open_project, write_settings
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.recipe import read_recipe

SMALL = ("--set", "epochs=1", "--set", "lora.rank=2", "--set", "batch_rows=32")


@pytest.fixture
def project(example: Path, tiny_folder: Path) -> Project:
    made = replace(open_project(example), student=str(tiny_folder), teacher=str(tiny_folder))
    write_settings(made)
    for leaf in read_taxonomy(made.taxonomy):
        write_samples(made, leaf)
    return made


def espalier(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr
    return done


def test_a_forecast_says_what_a_run_takes_and_changes_nothing(project: Project) -> None:
    before = (project.root / "project.yaml").read_text()
    done = espalier("train", project.root, "--forecast", "--json", "--phases", "lab", *SMALL)
    result = json.loads(done.stdout.splitlines()[-1])["result"]
    assert result["verdict"] == "fits"
    assert result["measured"]
    assert result["seconds"] > 0
    assert result["updates"] > 3
    assert not project.runs.exists()
    assert (project.root / "project.yaml").read_text() == before


def test_values_given_once_stay_and_the_run_is_fresh_afterwards(project: Project) -> None:
    espalier("train", project.root, *SMALL, "--phases", "lab", "--set", "replay=0.1")
    assert open_project(project.root).training == {
        "epochs": 1,
        "lora.rank": 2,
        "batch_rows": 32,
        "phases": "lab",
        "replay": 0.1,
    }
    assert "(fresh)" in espalier("train", project.root).stderr.splitlines()[-1]
    (run,) = project.runs.iterdir()
    assert [phase["name"] for phase in json.loads((run / "phases.json").read_text())] == ["knowledge", "skills"]


def test_a_recipe_that_was_written_can_be_changed_and_trained_on(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "mine" / "recipe.yaml"
    assert cli.main(["train", str(project.root), "--write-recipe", str(path)]) == 0
    recipe = read_recipe(path)
    assert len(recipe.parts) == 2
    written = yaml.safe_load(path.read_text())
    written["datasets"] = [{**written["datasets"][0], "sampling_size": 40}]
    written["metadata"]["sys_prompt"] = "Sort messages."
    path.write_text(yaml.safe_dump(written))
    espalier("train", project.root, "--recipe", path, *SMALL)
    (run,) = project.runs.iterdir()
    rows = [json.loads(line) for line in (run / "train.jsonl").read_text().splitlines()]
    assert 36 <= len(rows) <= 40  # what is nearly held out is taken out
    assert rows[0]["turns"][0] == ["system", "Sort messages."]


def test_settings_for_mlx_lm_are_written_and_read(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lora.yaml"
    assert cli.main(["train", str(project.root), "--write-config", str(path), "--set", "lora.rank=5"]) == 0
    config = yaml.safe_load(path.read_text())
    assert (config["lora_parameters"]["rank"], config["iters"] > 10) == (5, True)
    assert cli.main(["train", str(project.root), "--write-config", str(path), "--phases", "lab"]) == 1
    assert "mlx-lm has no phases" in capsys.readouterr().err
    assert cli.main(["train", str(project.root), "--write-config", str(path), "--config", str(path)]) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--recipe", "missing.yaml"], "missing.yaml cannot be read"),
        (["--set", "replay=2"], "Choose a share from 0 to 1"),
        (["--set", "speed=2"], "no setting “speed”"),
        (["--config", "missing.yaml"], "missing.yaml cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_is_not_kept(project: Project, options: list[str], said: str) -> None:
    done = espalier("train", project.root, *options, status=1)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not open_project(project.root).training
    assert not project.runs.exists()
