import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from desktop.lived_in import make_lived_in, spoil, write_samples
from repositories import global_settings

from espalier import survey_cache
from espalier.machine import Machine, memory_of, this_machine
from espalier.project import open_project, write_settings
from espalier.project_survey import survey
from espalier.status import LeafStatus, ProjectStatus, decode_status, encode_status
from espalier.survey_cache import SurveyCache
from espalier.taxonomy import checker
from espalier.taxonomy.checker import Examination
from espalier.taxonomy.history import History, begin_history
from espalier.taxonomy.reader import read_taxonomy

KNOWLEDGE = "knowledge/engineering/falkirk_wheel"


def look(root: Path) -> tuple[dict[str, LeafStatus], ProjectStatus]:
    *leaves, project = survey(open_project(root), SurveyCache(root))
    assert isinstance(project, ProjectStatus)
    return {leaf.path: leaf for leaf in leaves if isinstance(leaf, LeafStatus)}, project


def test_a_new_project_has_leaves_without_samples(example: Path) -> None:
    leaves, project = look(example)
    assert [leaf.samples for leaf in leaves.values()] == ["none", "none"]
    assert leaves[KNOWLEDGE].kind == "knowledge"
    assert leaves[KNOWLEDGE].seeds == 15
    assert (project.run, project.is_trained, project.scores) == ("", False, {})


def test_everything_is_fresh_after_the_loop(tmp_path: Path) -> None:
    make_lived_in(tmp_path / "p", "smollm2-135m-instruct")
    leaves, project = look(tmp_path / "p")
    assert all(leaf.samples == "all" and leaf.is_trained and leaf.accepted for leaf in leaves.values())
    assert project.is_trained
    assert project.is_quantized
    assert project.scores[KNOWLEDGE]["questions"] == 24


def test_editing_one_leaf_makes_that_leaf_and_the_training_stale(tmp_path: Path) -> None:
    root = tmp_path / "p"
    make_lived_in(root, "smollm2-135m-instruct")
    file = root / "taxonomy" / KNOWLEDGE / "qna.yaml"
    file.write_text(file.read_text().replace("domain: engineering", "domain: canals"))
    leaves, project = look(root)
    assert {path: leaf.samples for path, leaf in leaves.items()}[KNOWLEDGE] == "none"
    assert sum(leaf.samples == "all" for leaf in leaves.values()) == 1
    assert not project.is_trained
    assert project.run


def test_other_training_settings_make_the_training_stale_alone(tmp_path: Path) -> None:
    root = tmp_path / "p"
    project = make_lived_in(root, "smollm2-135m-instruct")
    write_settings(replace(project, student="another"))
    leaves, status = look(root)
    assert all(leaf.samples == "all" for leaf in leaves.values())
    assert not status.is_trained
    assert status.missing_models == ("another",)


def test_a_broken_leaf_and_a_stray_file_are_told_and_hide_nothing(example: Path) -> None:
    spoil(example)
    (example / "taxonomy" / "knowledge" / "qna.yml").write_text("version: 3\n")
    leaves, project = look(example)
    assert leaves["knowledge/science/optics"].errors == 4
    assert leaves["knowledge/science/optics"].kind == ""
    assert leaves[KNOWLEDGE].seeds == 15
    assert [Path(problem.path).name for problem in project.stray] == ["qna.yml"]


def test_a_run_that_was_cut_off_is_found(tmp_path: Path) -> None:
    root = tmp_path / "p"
    make_lived_in(root, "smollm2-135m-instruct")
    (root / "runs" / "2026-11-20T18-42-07" / "adapter").rename(root / "gone")
    assert look(root)[1].unfinished_run == "2026-11-20T18-42-07"


def test_a_document_that_cannot_be_read_is_a_problem_of_its_leaf(example: Path) -> None:
    (example / "documents" / KNOWLEDGE / "bad.md").write_bytes(b"\xff\xfe")
    leaves, _ = look(example)
    assert [problem.code for problem in leaves[KNOWLEDGE].problems] == ["unreadable"]


def test_a_file_is_judged_again_only_when_it_changed(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def examine(path: Path) -> Examination:
        asked.append(path)
        return checker.examine(path)

    monkeypatch.setattr(survey_cache, "examine", examine)
    for _ in range(2):
        cache = SurveyCache(example)
        before = list(survey(open_project(example), cache))
        cache.save()
    assert len(asked) == 2
    file = example / "taxonomy" / KNOWLEDGE / "qna.yaml"
    file.write_text(file.read_text() + "\n")
    assert list(survey(open_project(example), SurveyCache(example))) != before
    assert asked[2:] == [file]


def test_a_spoiled_cache_costs_time_and_nothing_else(example: Path) -> None:
    cache = SurveyCache(example)
    list(survey(open_project(example), cache))
    cache.save()
    cache._file.write_text("{")
    assert look(example)[0][KNOWLEDGE].seeds == 15


def test_the_survey_is_a_program_that_prints_lines(tmp_path: Path, example: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "espalier.project_survey", example], capture_output=True, timeout=300)
    statuses = [decode_status(line) for line in done.stdout.splitlines()]
    assert [type(status) for status in statuses] == [LeafStatus, LeafStatus, ProjectStatus]
    assert [encode_status(status) for status in statuses] == done.stdout.splitlines(keepends=True)
    done = subprocess.run([sys.executable, "-m", "espalier.project_survey", tmp_path], capture_output=True, timeout=300)
    assert done.returncode == 1
    assert b"is no Espalier project" in done.stderr


@pytest.mark.parametrize("line", [b"", b"[]", b'{"type": "LeafStatus"}', json.dumps({"a": 1}).encode()])
def test_a_line_that_is_no_status_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a status"):
        decode_status(line)


def test_samples_are_found_where_generate_leaves_them(example: Path) -> None:
    project = open_project(example)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == KNOWLEDGE)
    write_samples(project, leaf)
    leaves, _ = look(example)
    assert leaves[KNOWLEDGE].samples == "all"
    assert (project.samples / leaves[KNOWLEDGE].journal).exists()


def test_larger_machines_train_larger_models() -> None:
    sizes = [Machine("M", gigabytes << 30, 0).largest_model(4) for gigabytes in (2, 8, 16, 32, 64, 128)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    assert 3 <= sizes[1] <= 8
    assert 7 <= sizes[2] <= 14
    assert Machine("M", 16 << 30, 0).largest_model(16) < sizes[2]


def test_this_machine_is_described(tmp_path: Path) -> None:
    machine = this_machine(tmp_path / "not" / "there")
    assert machine.chip
    assert machine.memory > 1e9
    assert machine.disk_free > 0


def test_the_memory_of_a_process_is_known_until_it_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert memory_of(process.pid) > 1_000_000
        process.communicate(b"\n")
        assert memory_of(process.pid) == 0


def test_the_survey_begins_with_where_the_taxonomy_stands_in_git(
    tmp_path: Path, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in global_settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    begin_history(example / "taxonomy")
    command = [sys.executable, "-m", "espalier.project_survey", str(example), "HEAD"]
    done = subprocess.run(command, capture_output=True, timeout=300, check=True)
    first = decode_status(done.stdout.splitlines()[0])
    assert isinstance(first, History)
    assert (first.branch, first.base) == ("main", "HEAD")
    assert first.changes[KNOWLEDGE] == "added"
    assert decode_status(encode_status(first)) == first
