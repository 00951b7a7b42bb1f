import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from espalier import cli, demo
from espalier.errors import EspalierError
from espalier.evaluation.questions import Question, read_questions
from espalier.messages import Drawn, Failed, Finished, Funnel, Note, Progress, Request, Stage, decode, encode
from espalier.project import create, locked, open_project
from espalier.synthesis.sample import Check, Journal, Sample


def run(*arguments: object, check: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ)
    assert done.returncode == check, done.stderr
    return done


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    last = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert last.endswith((".", ")."))
    return last


@pytest.mark.parametrize(
    "message",
    [
        Request("tune", {"project": "/p"}),
        Stage("train", "LoRA", True),
        Progress("train", 1, 2, "updates", 3.5),
        Note("ü"),
        Drawn("a/b", [{"question": "Why?", "answer": "So.", "accepted": False, "reason": "It is short."}]),
        Funnel("a/b", [{"name": "form", "rows_in": 2, "rows_out": 1}]),
        Finished({"a": 1}),
        Failed("No."),
    ],
)
def test_a_message_survives_its_line(message: object) -> None:
    line = encode(message)  # type: ignore[arg-type]
    assert line.count(b"\n") == 1
    assert decode(line) == message


@pytest.mark.parametrize("line", [b"", b"[]", b'{"type": "Nothing"}', b'{"type": "Note", "words": 1}', b"\xff"])
def test_a_line_that_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        decode(line)


def test_a_failure_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    assert "is no Espalier project" in one_sentence(run("tune", tmp_path, check=1))
    assert "There is no" in one_sentence(run("check", tmp_path / "nothing", check=1))


def test_wrong_usage_is_exit_2() -> None:
    run("tune", check=2)
    run("conjure", check=2)


def test_a_new_project_is_empty_and_says_what_to_do(tmp_path: Path, tiny_folder: Path) -> None:
    run("new", tmp_path / "p")
    point_at(tmp_path / "p", tiny_folder)
    assert "no leaf" in one_sentence(run("tune", tmp_path / "p", check=1))
    assert "not empty" in one_sentence(run("new", tmp_path / "p", check=1))


def point_at(project: Path, model: Path) -> None:
    (project / "project.yaml").write_text(f"version: 1\ndial: quick\nmodels: {{student: {model}, teacher: {model}}}\n")


def shorten(project: Path) -> None:
    """Leave six facts of the example's document."""
    document = next((project / "documents").rglob("*.md"))
    document.write_text("\n".join(document.read_text().splitlines()[:11]) + "\n")


def test_a_missing_or_half_downloaded_model_is_one_sentence(example: Path, tmp_path: Path, tiny_folder: Path) -> None:
    point_at(example, tmp_path / "none")
    assert "model" in one_sentence(run("tune", example, check=1))
    half = tmp_path / "half"
    half.mkdir()
    for file in tiny_folder.iterdir():
        (half / file.name).write_bytes(file.read_bytes()[: 2000 if file.suffix == ".safetensors" else None])
    point_at(example, half)
    assert str(half) in one_sentence(run("tune", example, check=1))


def test_a_leaf_whose_samples_are_all_rejected_is_one_sentence_and_its_samples_stay(
    example: Path, tiny_folder: Path
) -> None:
    point_at(example, tiny_folder)
    shorten(example)
    leaf = "knowledge/engineering/falkirk_wheel"
    assert "rejected all" in one_sentence(run("generate", example, "--leaf", leaf, check=1))
    assert next((example / "samples").glob("*.jsonl")).read_bytes().count(b"\n") > 20


def test_json_prints_events_alone(example: Path, tiny_folder: Path) -> None:
    point_at(example, tiny_folder)
    shorten(example)
    done = run("generate", example, "--leaf", "knowledge/engineering/falkirk_wheel", "--json", check=1)
    events = [decode(line.encode()) for line in done.stdout.splitlines()]
    assert isinstance(events[0], Stage)
    assert isinstance(events[-1], Failed)


def test_an_unknown_leaf_is_named(example: Path, tiny_folder: Path) -> None:
    point_at(example, tiny_folder)
    assert "no leaf a/b" in one_sentence(run("generate", example, "--leaf", "a/b", check=1))


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    project = create(tmp_path / "p")
    with locked(project), pytest.raises(EspalierError, match="Another Espalier"), locked(project):
        pass


def test_settings_of_another_kind_are_one_sentence(tmp_path: Path) -> None:
    for text in ("version: 9\n", "[1\n", "version: 1\ndial: loud\n", "- a\n"):
        (tmp_path / "project.yaml").write_text(text)
        with pytest.raises(EspalierError):
            open_project(tmp_path)


def tuning(project: Path) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Return a worker that was asked to tune a project, with its open stdin and stdout."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(encode(Request("tune", {"project": str(project)})))
    worker.stdin.flush()
    return worker, worker.stdin, worker.stdout


def test_the_worker_ends_when_its_caller_does(example: Path, tiny_folder: Path) -> None:
    point_at(example, tiny_folder)
    worker, stdin, stdout = tuning(example)
    assert isinstance(decode(stdout.readline()), Stage)
    stdin.close()
    stdout.close()
    worker.wait(timeout=300)


def test_a_killed_worker_is_said_to_be_killed(example: Path, tiny_folder: Path) -> None:
    point_at(example, tiny_folder)
    caller = subprocess.Popen(
        [sys.executable, "-m", "espalier.cli", "tune", str(example), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert caller.stdout
    caller.stdout.readline()
    found = subprocess.run(["pgrep", "-P", str(caller.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(found[0]), signal.SIGKILL)
    _, errors = caller.communicate(timeout=300)
    assert caller.returncode == 1
    assert "was killed" in errors


def serve(project: Path, kill_at: Callable[[object], bool] = lambda event: False) -> object:
    """Let a worker tune a project; kill -9 it at the first event that is meant. Return its last event."""
    worker, stdin, stdout = tuning(project)
    event: object = None
    for line in stdout:
        event = decode(line)
        if kill_at(event):
            worker.kill()
            break
    stdin.close()
    stdout.close()
    worker.wait(timeout=300)
    return event


def at(done: int, stage: str = "generate") -> Callable[[object], bool]:
    return lambda event: isinstance(event, Progress) and event.stage == stage and event.done >= done


def begins(stage: str) -> Callable[[object], bool]:
    return lambda event: isinstance(event, Stage) and event.name == stage


def samples_of(project: Path) -> dict[str, list[Sample]]:
    return {path.name: Journal(path).samples for path in (project / "samples").glob("*.jsonl")}


def test_killed_in_each_stage_the_loop_ends_the_same_to_the_bit(
    example: Path, tmp_path: Path, tiny_folder: Path
) -> None:
    point_at(example, tiny_folder)
    questions = (example / "questions.jsonl").read_text().splitlines(keepends=True)
    (example / "questions.jsonl").write_text("".join(questions[:2]))
    shorten(example)
    killed = tmp_path / "killed"
    shutil.copytree(example, killed)
    assert isinstance(serve(example), Failed)  # a model of noise writes nothing that the critic accepts
    cut_off = []
    for reached in (0, 4):
        serve(killed, at(reached))
        cut_off.append(samples_of(killed) != samples_of(example))
    assert any(cut_off)  # on a busy machine a kill may come when all is written
    serve(killed)
    assert samples_of(killed) == samples_of(example)

    good = (Check("form", True, "It is one question."),)
    for project in (example, killed):
        for path in (project / "samples").iterdir():
            leaf = Journal(path).samples[0].leaf
            ask = "What is {}?" if leaf.startswith("knowledge") else "{0} times {0}?"
            lines = [Sample(f"9-{n}", leaf, ask.format(n), f"It is {n * n}.", str(n), good) for n in range(40)]
            Journal(path).add(lines, 1)
    assert isinstance(serve(example), Finished)

    assert isinstance(serve(killed, at(35, "train")), Progress)
    for stage in ("quantize", "evaluate"):
        last = serve(killed, begins(stage))
        assert isinstance(last, Stage)
    assert isinstance(serve(killed), Finished)
    runs = [next((project / "runs").iterdir()) for project in (example, killed)]
    for name in ("train.jsonl", "adapter/adapters.safetensors", "model-4bit/model.safetensors", "report.json"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes(), name


def test_a_full_disk_and_a_read_only_project_are_one_sentence(tmp_path: Path) -> None:
    from espalier import worker

    assert "disk is full" in worker._system_failure(OSError(28, "No space left on device", "/x"))
    assert "not allowed" in worker._system_failure(OSError(30, "Read-only file system", "/x"))


def test_questions_are_judged_by_what_they_accept(tmp_path: Path) -> None:
    assert Question("q", "r", ("24 May",)).is_right("It was on 24 MAY, 2002")
    assert not Question("q", "r", ("24 May",)).is_right("In 2002.")
    path = tmp_path / "q.jsonl"
    for text in ("{", "[]", '{"question": "a", "accept": []}', '{"question": 1, "accept": ["a"]}', "\n"):
        path.write_text(text)
        with pytest.raises(EspalierError):
            read_questions(path)


def test_check_prints_one_object_per_problem(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(example / "taxonomy"), "--json"]) == 0
    bad = example / "taxonomy" / "knowledge" / "qna.yaml"
    bad.write_text("version: 3\n")
    capsys.readouterr()
    assert cli.main(["check", str(bad), "--json"]) == 1
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"path", "line", "column", "severity", "code", "message", "yaml_path"} == set(problems[0])


def test_a_document_is_imported_with_its_source(example: Path, tmp_path: Path) -> None:
    leaf = "knowledge/engineering/falkirk_wheel"
    (tmp_path / "more.txt").write_text("The Falkirk Wheel has a visitor centre with a curved roof.")
    run("document", example, leaf, tmp_path / "more.txt")
    assert json.loads((example / "documents" / leaf / "more.json").read_text())["name"] == "more.txt"
    (tmp_path / "more.doc").write_bytes(b"\xd0\xcf")
    assert "not Markdown" in one_sentence(run("document", example, leaf, tmp_path / "more.doc", check=1))


def test_the_demo_refuses_to_start_without_room(tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="Make room"):
        demo.check_room(tmp_path, 10**18)


def test_doctor_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 1
    assert "espalier models get" in capsys.readouterr().out
