import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from espalier_desktop.jobs import process
from espalier_desktop.jobs.job import Job

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes every job run the fake worker, which behaves as the word given says."""

    def behave(manner: str) -> None:
        monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE_WORKER), manner])

    return behave


@pytest.fixture
def make_job(tmp_path: Path, qapp: object) -> Callable[..., Job]:
    """Return a function that makes a job in an empty project folder."""

    def make(command: str = "tune", **arguments: object) -> Job:
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        return Job(command, arguments, root, tmp_path / "logs" / "worker.log")

    return make
