"""The forms of a run's result: written whole, compared with the running model, recorded; or refused and not there."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

import espalier.metal  # first: it prepares the process for MLX
from espalier import cli
from espalier.errors import Cancelled, EspalierError
from espalier.messages import Event, Progress, Stage
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.backend import MlxBackend
from espalier.metal.model import load
from espalier.project import Project, create, open_project
from espalier.sharing.check import Check
from espalier.sharing.export import WORK, Made, make_form, run_named
from espalier.sharing.forms import FORMS, offered
from espalier.sharing.records import exports
from espalier.training.fingerprint import fingerprint
from espalier.training.run import Run, all_runs
from espalier.training.settings import LoraSettings, PromptSettings, TrainSettings

assert espalier.metal
BASE = "owner/tiny"
SETTINGS = {
    "lora": TrainSettings(lora=LoraSettings(rank=4, scale=3.0)),
    "dora": TrainSettings(method="dora", lora=LoraSettings(rank=4, scale=3.0, layers=1)),
    "full": TrainSettings(method="full"),
    "prompt": TrainSettings(method="prompt", prompt=PromptSettings(3)),
}


def make_run(root: Path, student: Path, method: str = "lora", name: str = "2026-11-20T10-00-00") -> tuple[Project, Run]:
    """Make a project with a run whose adapter is random."""
    project = open_project(root) if (root / "project.yaml").exists() else create(root)
    (root / "project.yaml").write_text(f"version: 1\nmodels: {{student: {student}, teacher: {student}}}\n")
    folder = project.runs / name
    (folder / "adapter").mkdir(parents=True)
    loaded = load(student)
    adapt(loaded, SETTINGS[method])
    mx.random.seed(5)
    loaded.model.apply_to_modules(_shake)
    write_adapter(folder / "adapter", loaded.model, SETTINGS[method])
    row = {"leaf": "knowledge/x", "question": "When?", "answer": "In 1901.", "origin": "sample"}
    (folder / "heldout.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "request.json").write_text(json.dumps({"key": "k", "student": str(student), "settings": {}}))
    return open_project(root), run_named(open_project(root), name)


def _shake(_: str, module: Any) -> None:
    """Give low-rank factors and magnitudes values that change what is computed."""
    if "lora_b" in module:
        module.lora_b = mx.random.normal(module.lora_b.shape) * 0.1
    if "m" in module:
        module.m = module.m * mx.random.uniform(0.8, 1.2, module.m.shape)


def export(project: Project, run: Run, form: str, to: Path, base: str = BASE) -> dict[str, Any]:
    return make_form(project, run, MlxBackend(), form, to, lambda event: None, base)


@pytest.mark.parametrize("method", list(SETTINGS))
def test_the_form_of_mlx_lm_computes_the_same_and_tells_no_place_of_this_machine(
    tiny_folder: Path, tmp_path: Path, method: str
) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder, method)
    assert run.adapter
    config = run.adapter / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "data": str(tmp_path), "model": str(tiny_folder)}))
    record = export(project, run, "mlx", tmp_path / "out")
    assert record["check"]["verdict"] == "same"
    assert record["check"]["difference"] == 0.0
    text = (tmp_path / "out" / "adapter_config.json").read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["model"] == BASE
    assert [file["path"] for file in record["files"]] == sorted(file.name for file in (tmp_path / "out").iterdir())
    assert record["adapter"] == fingerprint(run.adapter)
    assert exports(run) == [record]


def test_the_form_of_peft_computes_the_same(tiny_folder: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    project, run = make_run(tmp_path / "project", tiny_folder)
    record = make_form(project, run, MlxBackend(), "peft", tmp_path / "out", heard.append, BASE)
    assert heard[0] == Stage("export", FORMS["peft"].title, run=run.folder.name)
    assert [event.detail for event in heard[1:] if isinstance(event, Progress)] == list(WORK)
    assert record["check"]["verdict"] == "same"
    assert record["check"]["difference"] <= 1e-5
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["r"], config["lora_alpha"]) == (BASE, 4, 12)
    again = export(project, run, "peft", tmp_path / "again", base="")
    assert again["base"] == BASE, "once told, it is remembered"


def test_what_has_no_such_form_is_refused_beforehand_and_leaves_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder, "full")
    reasons = {form["form"]: form["reason"] for form in offered(run)}
    assert "no adapter" in reasons["peft"]
    assert reasons["mlx"] == ""
    with pytest.raises(EspalierError, match="no adapter"):
        export(project, run, "peft", tmp_path / "out")
    with pytest.raises(EspalierError, match="no form “zip”"):
        export(project, run, "zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_the_base_is_asked_for_where_nothing_tells_it(tiny_folder: Path, tmp_path: Path) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder)
    with pytest.raises(EspalierError, match="--base OWNER/NAME"):
        export(project, run, "peft", tmp_path / "out", base="")
    with pytest.raises(EspalierError, match="no name of a model"):
        export(project, run, "peft", tmp_path / "out", base="/home/me/model")
    assert not (tmp_path / "out").exists()
    assert exports(run) == []


def test_export_is_a_command(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder)
    make_run(tmp_path / "project", tiny_folder, "dora", "2026-11-21T10-00-00")
    command = ["export", str(project.root), "--form", "mlx", "--to", str(tmp_path / "out"), "--run", run.folder.name]
    assert cli.main(command) == 0
    assert "computes what the student computes" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["fine_tune_type"] == "lora"
    assert len(all_runs(project)) == 2
    assert cli.main(command) == 1
    assert "exists already" in capsys.readouterr().err


class Wrong:
    """Writes a form that computes something else, or is stopped halfway."""

    def __init__(self, ending: BaseException | None = None) -> None:
        self._ending = ending

    def write_form(self, form: str, made: Made, destination: Path) -> Check:
        (destination / "adapter_model.safetensors").write_bytes(b"half")
        if self._ending:
            raise self._ending
        return Check("different", 1.0, 1e-3, "The files do not compute what the student computes.")


@pytest.mark.parametrize("ending", [None, Cancelled(), OSError(28, "No space left on device")])
def test_a_form_that_is_wrong_or_not_finished_is_never_there(
    tiny_folder: Path, tmp_path: Path, ending: BaseException | None
) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder)
    with pytest.raises((EspalierError, Cancelled)):
        make_form(project, run, Wrong(ending), "peft", tmp_path / "out", lambda event: None, BASE)
    assert [path.name for path in tmp_path.iterdir()] == ["project"]
    assert exports(run) == []


def test_a_form_is_not_begun_without_room(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, run = make_run(tmp_path / "project", tiny_folder)
    monkeypatch.setattr("espalier.demo.free_space", lambda place: 1_000_000)
    with pytest.raises(EspalierError, match="has 1 MB free"):
        export(project, run, "mlx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_kind_of_model_that_peft_names_otherwise_is_refused_beforehand(tiny_folder: Path, tmp_path: Path) -> None:
    student = shutil.copytree(tiny_folder, tmp_path / "student")
    project, run = make_run(tmp_path / "project", student)
    config = json.loads((student / "config.json").read_text())
    (student / "config.json").write_text(json.dumps({**config, "model_type": "walrus"}))
    reasons = {form["form"]: form["reason"] for form in offered(run)}
    assert "of the kind walrus" in reasons["peft"]
    with pytest.raises(EspalierError, match="of the kind walrus"):
        export(project, run, "peft", tmp_path / "out")
