"""The whole model in floats and in 4 bits, a folder for Ollama, and the training data."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import espalier.metal  # first: it prepares the process for MLX

# isort: split

import gguf
import mlx.core as mx
import pytest
from random_adapters import make_adapter, make_student

from espalier.errors import Cancelled, EspalierError
from espalier.language import Message
from espalier.messages import Event, Progress
from espalier.metal.backend import MlxBackend
from espalier.models.folder import verify_model
from espalier.models.starter import STARTER
from espalier.project import Project, create, open_project
from espalier.sharing.export import make_form, run_named
from espalier.sharing.forms import offered
from espalier.sharing.loss_curve import WIDTH, loss_svg
from espalier.sharing.ollama import FAMILIES, Family, find_family, library_name, modelfile
from espalier.sharing.records import exports
from espalier.training.curves import Curves
from espalier.training.run import Run

assert espalier.metal
SVG = "{http://www.w3.org/2000/svg}"
REST = {"learning_rate": 0.1, "tokens": 9, "seconds": 1.0, "memory": 1}
QUESTION = {"leaf": "knowledge/x", "question": "How high is it?", "answer": "Ten feet.", "origin": "sample"}


def make_run(root: Path, student: Path, method: str = "lora", rows: list[dict[str, Any]] | None = None) -> Run:
    """Make a project with a run that trained a random adapter."""
    project = create(root / "project")
    (project.root / "project.yaml").write_text(f"version: 1\nmodels: {{student: {student}, teacher: {student}}}\n")
    folder = project.runs / "2026-11-20T10-00-00"
    make_adapter(folder / "adapter", student, method)
    for name, content in (("train", rows or [QUESTION]), ("heldout", [QUESTION])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    (folder / "request.json").write_text(json.dumps({"key": "k", "student": str(student), "settings": {}}))
    return run_named(open_project(project.root))


def export(run: Run, form: str, to: Path, base: str = "") -> dict[str, Any]:
    return make_form(project_of(run), run, MlxBackend(), form, to, lambda event: None, base)


def project_of(run: Run) -> Project:
    return open_project(run.folder.parent.parent)


def offer(run: Run, form: str) -> dict[str, Any]:
    return next(found for found in offered(run) if found["form"] == form)


@pytest.mark.parametrize(
    ("name", "method"), [("llama", "lora"), ("qwen2", "dora"), ("gemma", "full"), ("qwen3_moe", "lora")]
)
def test_the_whole_model_in_floats_computes_the_same(name: str, method: str, tmp_path: Path, tiny_folder: Path) -> None:
    student = make_student(tmp_path / "student", name, tiny_folder, _name_or_path=str(tmp_path))
    run = make_run(tmp_path, student, method)
    record = export(run, "fused", tmp_path / "out")
    assert record["check"]["verdict"] == "same"
    assert exports(run) == [record]
    verify_model(tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["torch_dtype"] == "float32"
    assert config["tie_word_embeddings"] == (name != "qwen3_moe")
    assert config["architectures"][0].lower().startswith(name.replace("_", ""))
    assert (tmp_path / "out" / "LICENSE").read_text() == (student / "LICENSE").read_text()
    assert all(str(tmp_path) not in file.read_text() for file in (tmp_path / "out").glob("*.json"))
    names = mx.load(str(tmp_path / "out" / "model.safetensors"))
    assert ("model.layers.1.mlp.experts.3.up_proj.weight" in names) == (name == "qwen3_moe")
    assert not any("switch_mlp" in each or "lora" in each for each in names)
    size = sum(file.stat().st_size for file in (tmp_path / "out").iterdir())
    assert offer(run, "fused")["bytes"] == pytest.approx(size, rel=0.1, abs=30_000)


def test_a_form_that_is_stopped_or_has_no_room_leaves_nothing(
    tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, make_student(tmp_path / "student", "llama", tiny_folder))
    before = sorted(tmp_path.iterdir())

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.detail == "reading it back":
            raise Cancelled

    with pytest.raises(Cancelled):
        make_form(project_of(run), run, MlxBackend(), "fused", tmp_path / "out", stop)
    monkeypatch.setattr("espalier.demo.free_space", lambda place: 1_000_000)
    with pytest.raises(EspalierError, match="1 MB free"):
        export(run, "fused", tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before
    assert exports(run) == []


def test_a_model_whose_parts_have_other_names_elsewhere_is_refused(tmp_path: Path, tiny_folder: Path) -> None:
    run = make_run(tmp_path, make_student(tmp_path / "student", "lfm2", tiny_folder))
    for form, reason in (("fused", "transformers calls"), ("gguf", "“lfm2” in llama.cpp"), ("ollama", "transformers")):
        assert reason in offer(run, form)["reason"]
        with pytest.raises(EspalierError, match=reason):
            export(run, form, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_small_model_is_the_runs_own(tmp_path: Path, tiny_folder: Path) -> None:
    student = make_student(tmp_path / "student", "llama", tiny_folder)
    run = make_run(tmp_path, student)
    assert "espalier quantize" in offer(run, "fused-4bit")["reason"]
    assert run.adapter
    MlxBackend().quantize(student, run.adapter, run.folder / "model-4bit")
    assert offer(run, "fused-4bit")["reason"] == ""
    record = export(run, "fused-4bit", tmp_path / "out")
    assert record["check"]["difference"] == 0.0
    made = run.folder / "model-4bit" / "model.safetensors"
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == made.read_bytes()
    assert json.loads((tmp_path / "out" / "config.json").read_text())["quantization"]["bits"] == 4
    assert {"LICENSE", "tokenizer.json", "tokenizer_config.json"} <= {file["path"] for file in record["files"]}
    assert "quantized.json" not in {file["path"] for file in record["files"]}


def test_ollama_gets_the_adapter_for_a_model_of_its_library(tmp_path: Path, tiny_folder: Path) -> None:
    run = make_run(tmp_path, make_student(tmp_path / STARTER, "llama", tiny_folder))
    record = export(run, "ollama", tmp_path / "out")
    assert [file["path"] for file in record["files"]] == [
        "Modelfile",
        "README.md",
        "SmolLM2-135M-Instruct-lora-f16.gguf",
    ]
    text = (tmp_path / "out" / "Modelfile").read_text()
    assert text.startswith(
        "FROM smollm2:135m-instruct-fp16\nADAPTER ./SmolLM2-135M-Instruct-lora-f16.gguf\n"
        'TEMPLATE """{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}<|im_start|>user\n'
        '{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n{{ .Response }}<|im_end|>\n"""\n'
    )
    assert 'PARAMETER stop "<|im_end|>"\n' in text
    assert text.endswith('LICENSE """Do as you like."""\n')
    assert "smollm2:135m-instruct-fp16" in record["check"]["sentence"]
    assert len(gguf.GGUFReader(tmp_path / "out" / record["files"][2]["path"]).tensors) == 28
    assert len((tmp_path / "out" / "README.md").read_text().splitlines()) == 3


def test_ollama_gets_the_whole_model_where_its_library_has_no_base(tmp_path: Path, tiny_folder: Path) -> None:
    run = make_run(tmp_path, make_student(tmp_path / "student", "llama", tiny_folder), "dora")
    record = export(run, "ollama", tmp_path / "out")
    assert (tmp_path / "out" / "Modelfile").read_text().startswith("FROM ./model\nTEMPLATE")
    verify_model(tmp_path / "out" / "model")
    assert record["bytes"] == pytest.approx(offer(run, "ollama")["bytes"], rel=0.1, abs=30_000)


TURNS = [Message("user", "What?"), Message("assistant", "That."), Message("user", "Why?")]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_found_by_what_its_template_writes(family: Family) -> None:
    assert find_family(lambda turns: "<s>" + family.render(turns)) == (family, "")
    template = family.template()
    assert template.count("{{ .Prompt }}") == template.count("{{ .Response }}") == template.count("{{ .System }}") == 1
    written = family.render([Message("system", "Be brief."), *TURNS])
    assert written.endswith(family.answer[0].rstrip(" ") + family.opening)
    assert all(text in written for text in ("Be brief.", "What?", "That.", "Why?"))


def test_the_usual_system_message_of_a_template_is_kept() -> None:
    family = FAMILIES[0]
    found = find_family(lambda turns: family.render([Message("system", "You are kind."), *turns]))
    assert found == (family, "You are kind.")
    assert 'SYSTEM """You are kind."""' in modelfile("x", "", family, "You are kind.")
    assert find_family(lambda turns: "".join(turn.content for turn in turns)) is None


def test_what_a_person_wrote_cannot_end_its_quotes() -> None:
    text = modelfile("./model", "", None, 'a"""\nFROM evil', ['"\nFROM evil'], 'b"""c')
    assert 'PARAMETER stop "\\"\\nFROM evil"' in text
    assert text.count('"""') == 4, "two texts, each with its two ends"


def test_the_library_of_ollama_is_known_for_some() -> None:
    assert library_name("Qwen/Qwen2.5-0.5B-Instruct") == "qwen2.5:0.5b-instruct-fp16"
    assert library_name("owner/other") == library_name("") == ""


def test_the_dataset_holds_what_was_learned_and_apart_what_was_held_out(tmp_path: Path, tiny_folder: Path) -> None:
    own = {**QUESTION, "origin": "recipe", "question": "My own?"}
    seed = {**QUESTION, "origin": "seed", "leaf": "compositional_skills/y", "passage": "/Users/me/text.md"}
    run = make_run(tmp_path, make_student(tmp_path / "student", "llama", tiny_folder), rows=[seed, QUESTION, own])
    record = export(run, "dataset", tmp_path / "out")
    assert record["check"]["verdict"] == "unchecked"
    assert "2 conversations to learn from and 1 that were held out" in record["check"]["sentence"]
    train = [json.loads(line) for line in (tmp_path / "out" / "data" / "train.jsonl").read_text().splitlines()]
    messages = [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Ten feet."}]
    assert train == [
        {"messages": messages, "leaf": "compositional_skills/y", "origin": "seed"},
        {"messages": messages, "leaf": "knowledge/x", "origin": "sample"},
    ]
    assert (tmp_path / "out" / "data" / "test.jsonl").read_text().count("\n") == 1


def test_a_run_on_private_data_alone_has_no_dataset(tmp_path: Path, tiny_folder: Path) -> None:
    student = make_student(tmp_path / "student", "llama", tiny_folder)
    run = make_run(tmp_path, student, rows=[{**QUESTION, "origin": "recipe"}])
    with pytest.raises(EspalierError, match="not given away"):
        export(run, "dataset", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_report_says_what_was_taught_how_and_what_came_of_it(tmp_path: Path, tiny_folder: Path) -> None:
    student = make_student(tmp_path / "student", "llama", tiny_folder)
    told = {"event": "Told", "step": 1, "text": f"See {tmp_path}/project/x.", "kind": ""}
    update = {
        "event": "Update",
        "steps": 3,
        "learning_rate": 0.1,
        "norm": 1.0,
        "tokens": 9,
        "seconds": 1.0,
        "memory": 1,
    }
    events = [told, *({**update, "step": step, "loss": 3.0 / step} for step in (1, 2, 3))]
    events.append({"event": "Validated", "step": 3, "loss": 1.25, "is_best": True})
    run = make_run(tmp_path, student)
    (run.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    answered: dict[str, Any] = {
        "question": "<b>How</b> high?",
        "reference": "Ten.",
        "accept": [],
        "leaf": "knowledge/x",
    }
    answered |= {"judge": "accept strings", "change": "improved", "right": {"base": False, "tuned": True}}
    answered["answers"] = {"base": "/Users/me/secret", "tuned": "Ten"}
    counts = {"questions": 1, "base": 0, "tuned": 1}
    report = {
        "student": str(student),
        "judge": str(student),
        "questions": [answered],
        "leaves": {"knowledge/x": counts},
    }
    run.report.write_text(json.dumps(report))
    record = export(run, "report", tmp_path / "out")
    assert [file["path"] for file in record["files"]] == [
        *("answers.csv", "loss.svg", "report.html", "report.md", "settings.json")
    ]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h1>What student learned</h1>" in page
    assert "lowest, 1.250, after 3 updates" in page
    assert "&lt;b&gt;How&lt;/b&gt; high?" in page
    assert page.count("<svg ") == 1
    assert "![](loss.svg)" in (tmp_path / "out" / "report.md").read_text()
    for file in (tmp_path / "out").iterdir():
        assert str(tmp_path) not in file.read_text()
        assert "/Users/me" not in file.read_text()


def test_a_run_that_was_not_evaluated_says_so_in_its_report(tmp_path: Path, tiny_folder: Path) -> None:
    run = make_run(tmp_path, make_student(tmp_path / "student", "llama", tiny_folder))
    record = export(run, "report", tmp_path / "out")
    assert [file["path"] for file in record["files"]] == ["report.html", "report.md", "settings.json"]
    assert "It was not evaluated" in (tmp_path / "out" / "report.md").read_text()


def test_the_loss_curve_stays_in_its_frame() -> None:
    curves = Curves()
    for step, loss in enumerate((9.0, 2.0, float("nan"), 1.0), start=1):
        curves.take({"event": "Update", "step": step, "steps": 4, "loss": loss, **REST}, 0)
    picture = ElementTree.fromstring(loss_svg(curves))
    places = [
        float(each) for line in picture.iter(f"{SVG}polyline") for each in re.findall(r"[\d.]+", line.get("points", ""))
    ]
    assert places
    assert "nan" not in loss_svg(curves)
    assert max(places) <= WIDTH
    assert loss_svg(Curves()) == ""
