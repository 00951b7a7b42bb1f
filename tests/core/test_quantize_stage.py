"""Quantizing a run: settings that stay, models that are kept side by side, what they cost, and which one is used."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from espalier import cli, demo, stages
from espalier.errors import EspalierError
from espalier.evaluation.evaluate import evaluate
from espalier.language import Message, TrainRow
from espalier.messages import Note, Stage
from espalier.metal.backend import MlxBackend
from espalier.project import Project, open_project, write_settings
from espalier.quantization.cost import Divergence, level, verdict
from espalier.quantization.settings import (
    EXPLAINED,
    QuantizeSettings,
    change_quantize,
    defaults,
    flat_values,
    settings_of,
)
from espalier.quantization.stage import check, settle
from espalier.quantization.store import add_to_record, choose, chosen_folder, quantized_models
from espalier.training.mixture import Row
from espalier.training.run import Run, latest_trained
from espalier.training.settings import LoraSettings, TrainSettings

FACTS = [
    ("Who?", "It was Ada."),
    ("When?", "In 1843."),
    ("Where?", "In London."),
    ("What?", "A note."),
    ("Why?", "For fun."),
]


@pytest.fixture(scope="module")
def trained(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run of the tiny student."""
    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(Path(__file__).parents[2] / "resources/example_project", root)
    project = replace(open_project(root), student=str(tiny_folder), teacher=str(tiny_folder))
    write_settings(project)
    questions = (root / "questions.jsonl").read_text().splitlines()[:2]
    (root / "questions.jsonl").write_text("\n".join(questions) + "\n")
    run = root / "runs/2026-11-21T10-00-00"
    settings = TrainSettings(lora=LoraSettings(rank=4), epochs=4, learning_rate=1e-2)
    rows = [TrainRow((Message("user", question), Message("assistant", answer))) for question, answer in FACTS]
    run.mkdir(parents=True)
    MlxBackend().train(tiny_folder, rows, settings, run, lambda event: None)
    lines = [json.dumps(asdict(Row("knowledge/x", question, answer, "seed"))) + "\n" for question, answer in FACTS]
    for name in ("train", "heldout"):
        (run / f"{name}.jsonl").write_text("".join(lines))
    request = {"key": "k", "student": str(tiny_folder), "settings": asdict(settings), "curriculum": {}}
    (run / "request.json").write_text(json.dumps(request))
    evaluate(project, MlxBackend(), lambda event: None)  # base and tuned answers are kept
    return root


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Project:
    shutil.copytree(trained, tmp_path / "project")
    return open_project(tmp_path / "project")


def quantize(project: Project, told: list[Any] | None = None, **values: Any) -> Any:
    project = change_quantize(project, values)
    return stages.quantize(project, MlxBackend(), (told if told is not None else []).append)[1]


def test_models_are_kept_side_by_side_and_the_last_good_one_is_used(project: Project) -> None:
    run = latest_trained(project)
    first = quantize(project)
    assert first.folder == run.folder / "model-4bit"
    second = quantize(project, method="affine", bits=8)
    assert second.folder == run.folder / "models/affine-8bit-g32"
    told: list[Any] = []
    again = quantize(project, told, method="affine", bits=8)
    assert [event.is_fresh for event in told if isinstance(event, Stage)] == [True]
    assert again.record == second.record
    assert [model.name for model in quantized_models(run.folder)] == ["model-4bit", "affine-8bit-g32"]
    assert run.quantized == second.folder
    assert choose(run.folder, "model-4bit").folder == run.quantized == first.folder
    quantize(project, method="affine", bits=8)
    assert run.quantized == first.folder  # what is fresh changes no choice
    report = evaluate(project, MlxBackend(), lambda event: None)
    assert set(report["questions"][0]["answers"]) == {"base", "tuned", "4-bit"}
    with pytest.raises(EspalierError, match=r"no quantized model “q4”. It has model-4bit, affine-8bit-g32"):
        choose(run.folder, "q4")


def test_the_record_says_how_it_was_made_and_what_it_cost(project: Project) -> None:
    made = quantize(project, method="affine", bits=8)
    cost = made.cost
    assert made.record["settings"] == flat_values(QuantizeSettings("affine", bits=8))
    assert cost["right"].keys() == {"questions", "base", "adapter", "quantized"}
    assert cost["right"]["questions"] == 2
    assert cost["project"]["tokens"] > 20
    assert cost["general"]["tokens"] > 100
    assert cost["fused"]["project"]["kl"] < 1e-6
    assert 0 < cost["project"]["kl"] < 0.05
    assert cost["level"] == "none"
    assert 0 < made.bytes - cost["bytes"]["quantized"] < 4000  # the cost itself came later
    assert cost["bytes"]["quantized"] < cost["bytes"]["fused"]
    assert cost["verdict"].startswith("8 bits cost nothing you would notice: ")
    assert made.record["versions"].keys() == {"mlx", "mlx-lm"}


def test_what_was_cut_off_before_it_was_measured_is_measured_and_not_made_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(MlxBackend):
        def compare(self, *arguments: Any) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stages.quantize(project, Dying(), lambda event: None)
    run = latest_trained(project)
    (model,) = quantized_models(run.folder)
    assert not model.cost
    monkeypatch.setattr(MlxBackend, "quantize", lambda *_: pytest.fail("it is made already"))
    assert quantize(project).cost["verdict"]


def test_the_4_bit_student_of_an_earlier_espalier_is_read_measured_and_used(project: Project) -> None:
    run = latest_trained(project)
    made = quantize(project).folder
    (made / "quantized.json").unlink()
    (run.folder / "chosen.json").unlink()
    assert run.quantized == made
    (model,) = quantized_models(run.folder)
    assert (model.name, model.cost, model.settings) == ("model-4bit", {}, QuantizeSettings())
    assert quantize(project).cost["right"]["questions"] == 2


def test_one_that_breaks_is_kept_and_not_used_while_another_does_not(project: Project) -> None:
    run = latest_trained(project)
    good = quantize(project)
    bad = quantize(project, method="affine", bits=2)
    choose(run.folder, good.name)
    add_to_record(bad.folder, cost={**bad.cost, "level": "much"})
    bad = quantized_models(run.folder)[-1]
    assert not settle(run, bad).is_chosen
    assert run.quantized == good.folder
    shutil.rmtree(good.folder)
    assert settle(run, bad).is_chosen  # with no other there is no choice


def test_a_folder_that_was_being_replaced_is_found(project: Project) -> None:
    run = latest_trained(project)
    made = quantize(project, method="affine", bits=8).folder
    made.rename(made.with_name(f".{made.name}.old"))
    (made.with_name(".other.new")).mkdir()
    (model,) = quantized_models(run.folder)
    assert (model.name, model.is_chosen) == ("affine-8bit-g32", True)
    assert chosen_folder(run.folder) == model.folder


def test_there_must_be_room_before_anything_is_done(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "free_space", lambda place: 1000)
    with pytest.raises(EspalierError, match="Make room"):
        quantize(project)
    assert latest_trained(project).quantized is None


def test_a_student_that_is_rounded_twice_is_said(project: Project, tiny_folder: Path, tmp_path: Path) -> None:
    run = latest_trained(project)
    assert run.adapter
    assert check(run, QuantizeSettings()) == []
    MlxBackend().quantize(tiny_folder, run.adapter, tmp_path / "packed")
    twice = Run(run.folder, {**run.request, "student": str(tmp_path / "packed")})
    assert "rounded a second time" in check(twice, QuantizeSettings())[0]
    learned = Run(run.folder, {**run.request, "settings": {"method": "qlora"}})
    assert "QLoRA" in check(learned, QuantizeSettings())[0]


def test_a_qlora_run_is_made_small_with_the_note_in_its_record(project: Project) -> None:
    run = latest_trained(project)
    request = {**run.request, "settings": {**run.request["settings"], "method": "qlora"}}
    (run.folder / "request.json").write_text(json.dumps(request))
    told: list[Any] = []
    made = quantize(project, told, method="affine", bits=6)
    (note,) = made.record["notes"]
    assert Note(note) in told


def test_values_stay_in_the_project_and_those_that_change_nothing_are_left_out(project: Project) -> None:
    changed = change_quantize(project, {"method": "affine", "bits": "6", "group": "32"})
    assert yaml.safe_load((project.root / "project.yaml").read_text())["quantize"] == {"method": "affine", "bits": "6"}
    assert open_project(project.root).quantize == changed.quantize
    before = (project.root / "project.yaml").read_text()
    with pytest.raises(EspalierError, match="7 bits"):
        change_quantize(changed, {"bits": 7})
    assert (project.root / "project.yaml").read_text() == before
    assert change_quantize(changed, {"method": "mixed", "bits": 4}).quantize == {}
    (project.root / "project.yaml").write_text("version: 1\nquantize: 4\n")
    with pytest.raises(EspalierError, match="quantize must give each value its name"):
        open_project(project.root)


def test_every_value_is_explained() -> None:
    assert set(defaults()) == set(EXPLAINED) == set(flat_values(QuantizeSettings()))
    assert settings_of(defaults()) == QuantizeSettings()


def test_values_that_a_method_does_not_read_make_no_other_model() -> None:
    assert QuantizeSettings("mxfp4", bits=3, group=64).essential == QuantizeSettings("mxfp4")
    assert QuantizeSettings("mixed", bits=8).essential == QuantizeSettings()
    changed = settings_of({"method": "dwq", "dwq.updates": 9, "recipe": "mixed_2_6"})
    assert changed.essential == settings_of({"method": "dwq", "dwq.updates": 9})


FINE, OFF, BROKEN = Divergence(0.02, 0.98, 500), Divergence(0.15, 0.93, 500), Divergence(0.9, 0.6, 500)


@pytest.mark.parametrize(
    ("found", "right", "expected"),
    [
        ([FINE, FINE], {"questions": 24, "adapter": 19, "quantized": 19}, "none"),
        ([FINE, FINE], {"questions": 24, "adapter": 19, "quantized": 18}, "none"),  # one is chance
        ([FINE, FINE], {"questions": 24, "adapter": 19, "quantized": 17}, "little"),
        ([FINE, FINE], {"questions": 24, "adapter": 19, "quantized": 12}, "much"),
        ([FINE, FINE], {"questions": 0}, "none"),
        ([OFF, FINE], {}, "little"),
        ([FINE, OFF], {}, "none"),  # general text may be further off
        ([BROKEN, FINE], {"questions": 24, "adapter": 19, "quantized": 19}, "much"),
        ([Divergence(0, 1, 0), FINE], {}, "none"),
    ],
)
def test_the_level_follows_from_figures(found: list[Divergence], right: Mapping[str, int], expected: str) -> None:
    assert level(found, right) == expected


def test_the_verdict_says_it_in_one_sentence() -> None:
    sizes = {"adapter": 270_000_000, "quantized": 78_400_000}
    right = {"questions": 24, "adapter": 19, "quantized": 19}
    cost = {"level": "none", "right": right, "project": {"kl": 0.031, "tokens": 100}, "bytes": sizes}
    assert verdict(QuantizeSettings("affine"), cost) == (
        "4 bits cost nothing you would notice: 19 of 24 right as before, KL 0.031; 78 MB instead of 270 MB."
    )
    cost = {**cost, "level": "much", "right": {**right, "quantized": 3}}
    assert verdict(QuantizeSettings("affine", bits=2), cost) == (
        "2 bits break it: 3 of 24 right, 19 before, KL 0.031. Choose mixed, which gives 4 bits and more."
    )


def espalier(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr
    return done


def test_the_command_makes_compares_and_chooses(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    done = espalier("quantize", project.root, "--method", "affine", "--set", "bits=6")
    assert "affine-6bit-g32: 6 bits cost " in done.stdout
    assert open_project(project.root).quantize == {"method": "affine", "bits": "6"}
    quantize(open_project(project.root), bits=8)
    assert cli.main(["quantize", str(project.root), "--use", "affine-6bit-g32"]) == 0
    assert cli.main(["quantize", str(project.root), "--compare", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["name"] for row in rows] == ["affine-6bit-g32 *", "affine-8bit-g32"]
    assert float(rows[0]["KL"]) >= float(rows[1]["KL"])
    assert cli.main(["quantize", str(project.root), "--compare"]) == 0
    assert cli.main(["quantize", str(project.root), "--forecast"]) == 0
    shown = capsys.readouterr().out
    assert "8 bits" in shown
    assert "kB" not in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "bits=7"], "Weights of 7 bits cannot be packed"),
        (["--set", "speed=2"], "no setting “speed”"),
        (["--compare"], "Nothing is quantized yet"),
        (["--use", "small"], "no quantized model “small”. It has none yet"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    arguments: list[str], said: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project.root / "project.yaml").read_text()
    assert cli.main(["quantize", str(project.root), *arguments]) == 1
    assert said in capsys.readouterr().err
    assert (project.root / "project.yaml").read_text() == before
    assert latest_trained(project).quantized is None


def test_with_nothing_trained_there_is_nothing_to_make_small(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["quantize", str(example)]) == 1
    assert "no trained adapter yet" in capsys.readouterr().err
