"""Models from the Hub: found, checked, fetched, gone on with after a kill, and removed; against a Hub on loopback.

The real worker runs with the real client: errands in processes of their own, whose Hub is `hub_server`.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hub_faults import CUT_DOWNLOAD, FLIPPED, slow, status
from hub_server import Serving, hub_serving
from hub_store import Account

from espalier.cli import main
from espalier.messages import Failed, Finished, Progress, Request, decode, encode
from espalier.models import remove
from espalier.models.folder import find_model
from espalier.models.found import found_models
from espalier.models.hub_cache import fetched, repo_folder
from espalier.models.starter import ON_THE_HUB, is_ready, starter_folder

FACTS: dict[str, Any] = {"tags": ["mlx", "text-generation", "license:apache-2.0"], "library_name": "mlx"}
TOKEN = "hf_" + "a" * 34


@dataclass
class Told:
    """What a worker said and how it ended."""

    events: list[Any] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    failure: str = ""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


@pytest.fixture
def hub(tiny_folder: Path) -> Iterator[Serving]:
    """A Hub with one model, and files beside it that must never be fetched."""
    files = {path.name: path.read_bytes() for path in tiny_folder.iterdir()}
    weights = files["model.safetensors"]
    files["model-2.safetensors"] = weights + bytes(2_000_000)
    more = {"modeling.py": b"import os", "pytorch_model.bin": b"\x80\x04.", "onnx/model.onnx": b"\0", "README.md": b"#"}
    with hub_serving() as served:
        served.add_repo("alice/tiny", {**files, **more, "LICENSE": b"Apache"}, downloads=12, **facts(len(weights)))
        yield served


def facts(size: int) -> dict[str, Any]:
    return {**FACTS, "safetensors": {"parameters": {"F32": size // 4}, "total": size // 4}}


def start(hub: Serving, command: str, tmp_path: Path, **arguments: Any) -> subprocess.Popen[bytes]:
    environment = hub.environment(tmp_path / "hf")
    kept = {**environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=kept,
    )
    assert process.stdin
    process.stdin.write(encode(Request(command, arguments)))
    process.stdin.flush()
    return process


def listen(process: subprocess.Popen[bytes]) -> Told:
    told = Told()
    assert process.stdout
    for line in process.stdout:
        event = decode(line)
        told.events.append(event)
        if isinstance(event, Finished):
            told.result = dict(event.result)
        if isinstance(event, Failed):
            told.failure = event.message
            assert TOKEN not in event.details
    process.communicate()
    return told


def ask(hub: Serving, command: str, tmp_path: Path, **arguments: Any) -> Told:
    return listen(start(hub, command, tmp_path, **arguments))


def test_a_model_is_fetched_checked_and_used_by_its_id(hub: Serving, tmp_path: Path, tiny_folder: Path) -> None:
    told = ask(hub, "model_get", tmp_path, id="alice/tiny")
    assert told.failure == ""
    folder = find_model("alice/tiny")
    assert str(folder) == told.result["model"]
    assert folder.name == told.result["revision"] == hub.repos["model", "alice/tiny"].head.oid
    for file in tiny_folder.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes()
        assert (folder / file.name).is_symlink()
    names = [*(path.name for path in tiny_folder.iterdir()), "model-2.safetensors", "LICENSE", "README.md"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    steps = [event for event in told.events if isinstance(event, Progress)]
    assert steps[-1].done == steps[-1].total == fetched()[0].bytes
    assert steps[-1].unit == "bytes"
    assert not list(repo_folder("alice/tiny").rglob("*.app.part"))
    asked = len(hub.asked)
    again = ask(hub, "model_get", tmp_path, id="alice/tiny")
    assert again.failure == ""
    assert not any(line.line.startswith("GET /blobs") for line in hub.asked[asked:])


def test_a_download_that_was_killed_goes_on_where_it_was(hub: Serving, tmp_path: Path) -> None:
    whole = hub.repos["model", "alice/tiny"].files["model-2.safetensors"]
    hub.fail("GET /blobs/", slow(0.05), times=100)
    process = start(hub, "model_get", tmp_path, id="alice/tiny")
    assert process.stdout
    for line in process.stdout:
        event = decode(line)
        if isinstance(event, Progress) and event.total - 1_900_000 < event.done < event.total:
            process.kill()
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (part,) = repo_folder("alice/tiny").rglob("*.app.part")
    have = part.stat().st_size
    assert 0 < have < len(whole)
    hub.heal()
    told = ask(hub, "model_get", tmp_path, id="alice/tiny")
    assert told.failure == ""
    ranges = [each.headers.get("range", "") for each in hub.asked if each.line.startswith("GET /blobs")]
    assert f"bytes={have}-" in ranges
    assert (find_model("alice/tiny") / "model-2.safetensors").read_bytes() == whole
    assert next(event for event in told.events if isinstance(event, Progress)).done >= have


def test_a_connection_that_is_cut_is_gone_on_with(hub: Serving, tmp_path: Path) -> None:
    hub.fail("GET /blobs/", CUT_DOWNLOAD, times=1, after=1)
    hub.fail("GET /api/models/alice/tiny", status(503), times=1)
    told = ask(hub, "model_get", tmp_path, id="alice/tiny")
    assert told.failure == ""
    assert any(each.headers.get("range") for each in hub.asked if each.line.startswith("GET /blobs"))


def test_a_flipped_byte_is_fetched_again_once_and_then_refused(hub: Serving, tmp_path: Path) -> None:
    hub.fail("GET /blobs/", FLIPPED, times=1)
    assert ask(hub, "model_get", tmp_path, id="alice/tiny").failure == ""
    ask(hub, "model_remove", tmp_path, name="alice/tiny")
    hub.fail("GET /blobs/", FLIPPED, times=2)
    told = ask(hub, "model_get", tmp_path, id="alice/tiny")
    assert told.failure == "model.safetensors of alice/tiny arrived damaged twice, so it was deleted. Try again later."
    assert not list(repo_folder("alice/tiny").rglob("*.part"))
    assert not any(model.usable for model in found_models())


def test_a_stopped_download_keeps_what_has_come(hub: Serving, tmp_path: Path) -> None:
    hub.fail("GET /blobs/", slow(30), times=100)
    process = start(hub, "model_get", tmp_path, id="alice/tiny")
    assert process.stdout
    for line in process.stdout:
        event = decode(line)
        if isinstance(event, Progress) and event.done:
            process.terminate()
            break
    assert process.wait(40) == 130
    process.communicate()
    assert (repo_folder("alice/tiny") / "blobs").is_dir()


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        ("/api/models/alice", 401, "does not know this token"),
        ("/api/models/alice", 429, "wants fewer requests"),
        ("/api/models/alice", 500, "trouble of its own"),
        ("/blobs/", 403, "Your token may not do this for alice/tiny"),
    ],
)
def test_refusals_are_sentences(hub: Serving, tmp_path: Path, where: str, code: int, words: str) -> None:
    hub.fail(where, status(code, headers={"Retry-After": "600"}), times=100)
    assert words in ask(hub, "model_get", tmp_path, id="alice/tiny").failure


def test_what_is_not_there_or_no_model_is_said(hub: Serving, tmp_path: Path) -> None:
    hub.add_repo("alice/pickled", {"config.json": b"{}", "tokenizer.json": b"{}", "pytorch_model.bin": b"\x80"})
    assert "alice/gone is not on the Hub" in ask(hub, "model_get", tmp_path, id="alice/gone").failure
    assert ask(hub, "model_get", tmp_path, id="../etc").failure.startswith("“../etc” is no model of the Hub")
    assert "holds no model that Espalier reads" in ask(hub, "model_get", tmp_path, id="alice/pickled").failure
    assert not (repo_folder("alice/pickled") / "blobs").exists()
    with hub_serving() as other:
        pass
    assert "The Hub cannot be reached" in ask(other, "model_search", tmp_path, query="").failure


def test_a_gated_model_says_what_to_accept(hub: Serving, tmp_path: Path) -> None:
    repo = hub.repos["model", "alice/tiny"]
    repo.gated = True
    hub.add_account(Account("bob", TOKEN, accepted=()))
    told = ask(hub, "model_check", tmp_path, id="alice/tiny")
    assert told.result["gated"]
    assert "accepted its terms" in told.result["access"]
    assert "accepted its terms" in ask(hub, "model_get", tmp_path, id="alice/tiny").failure


def test_the_hub_is_searched_with_sizes_licences_and_what_fits(hub: Serving, tmp_path: Path) -> None:
    hub.add_repo("bob/large", {"config.json": b"{}"}, downloads=99, **facts(10**15))
    hub.add_repo("bob/torch", {"config.json": b"{}"}, downloads=999)
    found = ask(hub, "model_search", tmp_path, query="").result["models"]
    assert [model["id"] for model in found] == ["bob/large", "alice/tiny"]
    assert found[0]["fit"]["student"]["verdict"] == "too large"
    assert found[1]["fit"]["student"]["verdict"] == "fits"
    assert found[1]["licence"] == "apache-2.0"
    assert [m["id"] for m in ask(hub, "model_search", tmp_path, query="tiny").result["models"]] == ["alice/tiny"]


def test_a_model_is_weighed_before_it_is_fetched(hub: Serving, tmp_path: Path) -> None:
    told = ask(hub, "model_check", tmp_path, id="alice/tiny").result
    assert told["bytes"] == told["missing"] > 0
    assert told["licence"] == "apache-2.0"
    assert told["access"] == ""
    assert set(told["fit"]) == {"student", "teacher", "critic"}
    assert not any(each.line.startswith("GET /blobs") for each in hub.asked)


def test_only_what_was_fetched_here_is_removed(hub: Serving, tmp_path: Path) -> None:
    ask(hub, "model_get", tmp_path, id="alice/tiny")
    survey = ask(hub, "models_survey", tmp_path).result
    (model,) = survey["models"]
    assert (model["name"], model["can_remove"], model["fit"]["student"]["verdict"]) == ("alice/tiny", True, "fits")
    assert survey["bytes"] == model["bytes"]
    assert survey["free"] > 0
    freed = ask(hub, "model_remove", tmp_path, name="alice/tiny").result["freed"]
    assert freed >= model["bytes"] - 10
    assert not repo_folder("alice/tiny").exists()
    assert found_models() == []
    assert fetched() == []
    assert ask(hub, "model_remove", tmp_path, name="alice/tiny").failure.startswith(
        "There is no model named alice/tiny"
    )


def test_a_commit_that_another_program_fetched_stays(hub: Serving, tmp_path: Path) -> None:
    ask(hub, "model_get", tmp_path, id="alice/tiny")
    folder = find_model("alice/tiny")
    other = folder.parent / ("c" * 40)
    other.mkdir()
    (other / "model.safetensors").symlink_to(os.readlink(folder / "model.safetensors"))
    remove.remove_model("alice/tiny")
    assert (other / "model.safetensors").is_file()
    assert not folder.exists()


def test_beginnings_that_nobody_went_on_with_are_cleaned_up(tmp_path: Path) -> None:
    blobs = repo_folder("alice/tiny") / "blobs"
    blobs.mkdir(parents=True)
    for name in ("a.app.part", "b.1234abcd.incomplete", "whole"):
        (blobs / name).write_bytes(b"12345")
        os.utime(blobs / name, (1, 1))
    (blobs / "new.app.part").write_bytes(b"1")
    assert sorted(path.name for path in remove.stale_parts()) == ["a.app.part", "b.1234abcd.incomplete"]
    assert remove.clean_up() == 10
    assert sorted(path.name for path in blobs.iterdir()) == ["new.app.part", "whole"]


def test_a_full_disk_is_said_before_anything_is_fetched(hub: Serving, tmp_path: Path) -> None:
    weights = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"12345678"}
    hub.add_repo("alice/huge", weights, **FACTS)
    code = (
        "import espalier.models.download as d; d.free_space = lambda place: 600_000_000\n"
        "d.Offer.missing = property(lambda self: 200_000_000)\n"
        "from espalier.errors import EspalierError\n"
        "try: d.fetch(d.look_up('alice/huge'), print)\n"
        "except EspalierError as error: print(error)"
    )
    environment = {**hub.environment(tmp_path / "hf"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == (
        "Fetching alice/huge needs 0.2 GB and 0.6 GB is free on the disk. Make room and try again."
    )


WITHOUT_PIP = """
import sys
sys.modules["pip"] = None
from espalier.demo import ensure_starter
print(ensure_starter(None, lambda event: None))
"""


def test_the_starter_model_comes_from_the_hub_where_there_is_no_pip(
    hub: Serving, tmp_path: Path, tiny_folder: Path
) -> None:
    hub.add_repo(ON_THE_HUB, {path.name: path.read_bytes() for path in tiny_folder.iterdir()}, **facts(1_000_000))
    environment = {**hub.environment(tmp_path / "hf"), "PYTHONPATH": os.pathsep.join(sys.path)}

    def starter() -> Path:
        command = [sys.executable, "-c", WITHOUT_PIP]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    folder = starter()
    assert folder == starter_folder()
    assert (folder / "model.safetensors").read_bytes() == (tiny_folder / "model.safetensors").read_bytes()
    assert is_ready()
    shutil.rmtree(tmp_path / "hf")
    assert not is_ready(), "the person removed it from the cache"
    assert starter() == folder
    assert is_ready()


def test_the_command_line_does_the_same(
    hub: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in hub.environment(tmp_path / "hf").items():
        if name.startswith("HF_") or name == "NO_PROXY":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert main(["models", "search", "tiny"]) == 0
    assert "alice/tiny  " in capsys.readouterr().out
    assert main(["models", "info", "alice/tiny"]) == 0
    told = capsys.readouterr().out
    assert "As a student: Fits" in told
    assert "`espalier models get alice/tiny` fetches it." in told
    assert main(["models", "get", "alice/tiny"]) == 0
    assert f"Model: {find_model('alice/tiny')}" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert "as a student: fits" in capsys.readouterr().out
    assert main(["models", "remove", "alice/tiny"]) == 0
    assert main(["models", "get", "alice/gone"]) == 1
    assert "alice/gone is not on the Hub" in capsys.readouterr().err
