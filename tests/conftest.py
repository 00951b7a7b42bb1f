import fcntl
import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # never the person's own keychain

import espalier.metal
from espalier.models import starter

ROOT = Path(__file__).parents[1]
assert espalier.metal


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run tests that are named in this very process, where they begin sooner and a debugger reaches them."""
    return None if config.args == config.getini("testpaths") else 0


@pytest.fixture(autouse=True)
def own_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep every test away from the person's own models and off the network, but for those of the starter model."""
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path_factory.mktemp("home")))
    if not request.node.get_closest_marker("slow"):
        monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama with a byte-level tokenizer, as a model folder."""
    from espalier.metal.tiny import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def starter_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the starter model: the person's own where there is one, else fetched."""
    from espalier.demo import ensure_starter
    from espalier.metal.backend import MlxBackend

    home = Path(tmp_path_factory.mktemp("starter"))
    kept = os.environ.get("ESPALIER_HOME")
    os.environ.pop("ESPALIER_HOME", None)
    try:
        folder = starter.starter_folder()
        with (tmp_path_factory.getbasetemp().parent / "starter.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # other processes of this run want it too; one fetches
            ensure_starter(MlxBackend(), lambda event: None)
        (home / "models").mkdir()
        (home / "models" / folder.name).symlink_to(folder)
    finally:
        if kept is not None:
            os.environ["ESPALIER_HOME"] = kept
    return home


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example project."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "resources" / "example_project", root)
    return root
