"""What a person is told before something is published."""

import json
from pathlib import Path

import pytest
from core.test_cards import ROWS, evaluated, report
from made_projects import GROUNDED, KNOWLEDGE
from made_runs import make_run, write_rows

from espalier.project import Project, open_project
from espalier.sharing.card import model_card
from espalier.sharing.gate import Line, gate, may_publish
from espalier.training.run import Run

WORK = "Title of work: Bridges\nLicense of the work: {}\nCreator names: Ada\n"


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Run]:
    """A project that nothing stands against."""
    project, run = make_run(tmp_path)
    write_rows(run.folder / "train.jsonl", ROWS)
    for leaf in (KNOWLEDGE, GROUNDED):
        (project.taxonomy / leaf / "attribution.txt").write_text(WORK.format("CC-BY-4.0"))
    write_license(project, "apache-2.0")
    evaluated(run)
    return project, run


def write_license(project: Project, name: str) -> None:
    (Path(project.student) / "README.md").write_text(f"---\nlicense: {name}\n---\n")


def line(lines: list[Line], name: str) -> Line:
    return next(each for each in lines if each.name == name)


def test_nothing_stands_against_a_private_adapter(made: tuple[Project, Run]) -> None:
    lines = gate(*made, ["peft"], private=True, repo="ada/bridge")
    assert {each.verdict for each in lines} == {"good"}
    assert may_publish(lines)
    assert json.loads(json.dumps([each.as_values() for each in lines]))[0]["name"] == "visibility"
    assert line(gate(*made, ["peft"], private=False), "visibility").verdict == "look"


def test_an_unknown_licence_stops_what_is_public(made: tuple[Project, Run]) -> None:
    (Path(made[0].student) / "README.md").unlink()
    public = gate(*made, ["peft"], private=False)
    assert line(public, "licence").verdict == "stop"
    assert not may_publish(public)
    assert may_publish(gate(*made, ["peft"], private=True))


def test_the_name_obeys_the_licence(made: tuple[Project, Run]) -> None:
    write_license(made[0], "llama3.2")
    lines = gate(*made, ["peft"], private=False, repo="ada/bridge")
    assert line(lines, "name").verdict == "stop"
    assert "ada/Llama-bridge" in line(lines, "name").sentence
    assert line(gate(*made, ["peft"], private=True, repo="ada/bridge"), "name").verdict == "look"
    assert line(gate(*made, ["peft"], private=False, repo="ada/Llama-bridge"), "name").verdict == "good"
    write_license(made[0], "cc-by-nc-4.0")
    assert "no use for money" in line(gate(*made, ["peft"], private=False), "licence").sentence


def test_terms_of_the_teacher_are_shown(made: tuple[Project, Run]) -> None:
    project, run = made
    settings = project.root / "project.yaml"
    settings.write_text(settings.read_text().replace(f"teacher: {project.teacher}", "teacher: https://a.b/v1#big"))
    found = line(gate(open_project(project.root), run, ["peft"], private=True), "teacher")
    assert (found.verdict, "big" in found.sentence, "a.b" in found.sentence) == ("look", True, False)
    write_license(project, "llama2")
    assert "own family only" in line(gate(project, run, ["peft"], private=True), "teacher").sentence
    write_license(project, "qwen-research")
    assert line(gate(project, run, ["peft"], private=True), "teacher").verdict == "look"


def test_a_name_is_bound_by_the_licence_of_the_teacher_too(made: tuple[Project, Run], tmp_path: Path) -> None:
    project, run = made
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    (teacher / "README.md").write_text("---\nlicense: llama3.1\n---\n")
    settings = project.root / "project.yaml"
    settings.write_text(settings.read_text().replace(f"teacher: {project.teacher}", f"teacher: {teacher}"))
    taught = open_project(project.root)
    assert line(gate(taught, run, ["peft"], private=False, repo="a/b"), "name").verdict == "stop"
    assert "**Built with Llama**" in model_card(taught, run, "a/Llama-b", ["peft"])


def test_documents_without_a_licence_stop_a_public_data_set_only(made: tuple[Project, Run]) -> None:
    (made[0].taxonomy / KNOWLEDGE / "attribution.txt").write_text("Title of work: Bridges\n")
    assert line(gate(*made, ["peft"], private=False), "documents") == Line(
        "documents",
        "look",
        "These leaves name no licence for their text. Fill in their attribution, so that others know.",
        [KNOWLEDGE],
    )
    assert line(gate(*made, ["peft", "dataset"], private=False), "documents").verdict == "stop"
    assert line(gate(*made, ["dataset"], private=True), "documents").verdict == "look"
    (made[0].taxonomy / KNOWLEDGE / "attribution.txt").write_text(WORK.format("CC-BY-NC-4.0"))
    assert line(gate(*made, ["peft"], private=False), "documents").details == [f"{KNOWLEDGE}: CC-BY-NC-4.0"]


def test_of_an_adapter_that_was_brought_along_no_documents_are_claimed(made: tuple[Project, Run]) -> None:
    (made[1].folder / "train.jsonl").unlink()
    assert "documents" not in [each.name for each in gate(*made, ["peft"], private=True)]


def test_personal_data_is_named_by_row_and_masked(made: tuple[Project, Run]) -> None:
    write_rows(made[1].folder / "train.jsonl", [*ROWS, {**ROWS[0], "answer": "Write to otto@galaxy.net."}])
    found = line(gate(*made, ["peft"], private=True), "personal data")
    assert found.verdict == "look"
    assert found.details == [f"{KNOWLEDGE}, train.jsonl:4: ot••@••••••.•et"]


@pytest.mark.parametrize(
    ("before", "after", "verdict"), [(False, True, "good"), (True, False, "look"), (True, True, "look")]
)
def test_the_evaluation_is_told(made: tuple[Project, Run], before: bool, after: bool, verdict: str) -> None:
    made[1].report.write_text(json.dumps(report([(KNOWLEDGE, "When?", "a", "b", before, after)])))
    found = line(gate(*made, ["peft"], private=True), "evaluation")
    assert found.verdict == verdict
    assert found.details == (["When?"] if before and not after else [])
    made[1].report.unlink()
    assert "was not evaluated" in line(gate(*made, ["peft"], private=True), "evaluation").sentence


def test_a_secret_in_a_file_stops_everything(made: tuple[Project, Run], tmp_path: Path) -> None:
    file, weights = tmp_path / "README.md", tmp_path / "a.safetensors"
    token = "hf_" + "A1b2" * 8
    file.write_text("fine\n")
    weights.write_bytes(token.encode())
    files = [("README.md", file), ("a.safetensors", weights)]
    assert line(gate(*made, ["peft"], private=True, files=files), "secrets").verdict == "good"
    file.write_text(f"one\n{token}\n")
    lines = gate(*made, ["peft"], private=True, files=files)
    assert not may_publish(lines)
    assert line(lines, "secrets").details == ["README.md: hf_A…"]
    file.write_text(f'{{"model": "{made[0].root}/model"}}')
    assert line(gate(*made, ["peft"], private=True, files=files), "secrets").verdict == "look"
