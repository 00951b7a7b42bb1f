"""The whole journey of a new user through the real window, with the real worker, the starter model and a Hub."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import TOKEN, Serving, hub_serving
from hub_store import Account

from espalier.demo import create_example
from espalier.project import open_project
from espalier.training.run import all_runs

JOURNEY = Path(__file__).with_name("journey.py")
PICTURES = Path(__file__).parents[2] / "build" / "journey"
pytestmark = pytest.mark.slow


@pytest.fixture
def hub() -> Iterator[Serving]:
    with hub_serving() as serving:
        serving.add_account(Account("alice", TOKEN))
        yield serving


def environment(hub: Serving | None, home: Path, tmp_path: Path) -> dict[str, str]:
    """Return that of a program whose models, keychain and Hub are those of the test."""
    models = tmp_path / "home" / "models"
    if not models.exists():
        models.mkdir(parents=True)
        for model in (home / "models").iterdir():
            (models / model.name).symlink_to(model)
    paths = [str(JOURNEY.parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    own = {
        "ESPALIER_HOME": str(models.parent),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
        "FILE_KEYRING": str(tmp_path / "keychain.json"),
        "HUB_TOKEN": TOKEN,
        "QT_QPA_PLATFORM": "offscreen",
    }
    return {**(hub.environment(tmp_path / "hub") if hub else os.environ), **own}


def test_a_new_user_goes_from_an_empty_project_to_a_published_adapter(
    hub: Serving, starter_home: Path, tmp_path: Path
) -> None:
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    program = [sys.executable, str(JOURNEY), str(tmp_path), str(PICTURES)]
    done = subprocess.run(
        program,
        env=environment(hub, starter_home, tmp_path),
        capture_output=True,
        text=True,
        timeout=2_400,
        check=False,
    )
    assert done.stdout.endswith("all is well\n"), done.stderr
    (run,) = all_runs(open_project(tmp_path / "Canals"))
    report = json.loads(run.report.read_text())
    assert report["questions"]
    repository = hub.repos["model", "alice/union-canal"]
    assert repository.private
    published = repository.files
    assert {"README.md", "adapter_config.json", "adapter_model.safetensors"} <= set(published)
    exported = next((run.folder / "share" / "peft").glob("*.safetensors"))
    assert published["adapter_model.safetensors"] == exported.read_bytes()
    assert TOKEN not in done.stdout + done.stderr
    secret = [
        file for file in (tmp_path / "Canals").rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()
    ]
    assert not secret
    assert len(list(PICTURES.glob("*.png"))) > 20


def make_short(root: Path) -> Path:
    """Make the example with one leaf, the beginning of its document and a few questions."""
    create_example(root)
    shutil.rmtree(root / "taxonomy" / "compositional_skills")
    (document,) = (root / "documents").rglob("*.md")
    document.write_text("\n".join(document.read_text().splitlines()[:8]) + "\n")
    questions = root / "questions.jsonl"
    questions.write_text("".join(questions.read_text().splitlines(keepends=True)[:4]))
    settings = (root / "project.yaml").read_text().replace("dial: good", "dial: quick")
    (root / "project.yaml").write_text(f"{settings}training:\n  updates: 8\n  save_every: 2\n")
    return root


def test_all_steps_end_though_the_worker_and_the_window_are_killed_on_the_way(
    starter_home: Path, tmp_path: Path
) -> None:
    root = make_short(tmp_path / "Project")
    program = [sys.executable, str(JOURNEY), str(root), "-", "on-and-off"]
    given = environment(None, starter_home, tmp_path)
    with subprocess.Popen(program, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as window:
        assert window.stdout
        killed = window.stdout.readline()
        assert "The system ended the worker" in killed, killed
        assert window.stdout.readline() == "training\n"
        window.send_signal(signal.SIGKILL)
    written = {file: file.read_bytes() for file in (root / "samples").glob("*.jsonl")}
    again = subprocess.run(program, env=given, capture_output=True, text=True, timeout=2_400, check=False)
    assert again.stdout.endswith("training\nall is well\n"), again.stderr
    assert "was cut off" in again.stdout
    assert {file: file.read_bytes() for file in (root / "samples").glob("*.jsonl")} == written
    (run,) = all_runs(open_project(root))
    assert run.adapter
    assert run.quantized
    assert json.loads(run.report.read_text())["questions"]
