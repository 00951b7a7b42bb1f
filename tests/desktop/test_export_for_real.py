"""One run shared from the window with the real worker: two forms made and checked, then published to a loopback Hub."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from core.test_forms import make_run
from hub_server import hub_serving
from hub_store import Account
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.export.base_sheet import BaseSheet
from espalier_desktop.pages.export.page import ExportPage

VERY_LONG = 300_000  # several processes load MLX, on a machine that may be busy
SECRET = "hf_" + "k3Yq" * 8


@pytest.fixture
def keychain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the token in a file that the workers find too."""
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keys.json"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "file_keyring.FileKeyring")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    backend = keyring.core.load_keyring("file_keyring.FileKeyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


def test_a_run_is_saved_for_other_programs_and_published(
    tiny_folder: Path,
    tmp_path: Path,
    keychain: None,
    open_window: Callable[[Path], MainWindow],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, run = make_run(tmp_path / "Canals", tiny_folder)
    with hub_serving() as hub:
        hub.add_account(Account("alice", SECRET))
        for name, value in hub.environment(tmp_path / "hub").items():
            if name.startswith(("HF_", "NO_PROXY")):
                monkeypatch.setenv(name, value)
        window = open_window(project.root)
        window.go("export")
        page = window.page
        assert isinstance(page, ExportPage)
        qtbot.waitUntil(lambda: bool(page.cards), timeout=VERY_LONG)

        page.cards["mlx"].make.click()
        qtbot.waitUntil(lambda: page.cards["mlx"].check.property("role") == "good", timeout=VERY_LONG)
        assert (run.folder / "share" / "mlx" / "adapters.safetensors").is_file()

        place = tmp_path / "for peft"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), ""))
        page.cards["peft"].save.click()
        asked = QApplication.activeModalWidget()
        assert isinstance(asked, BaseSheet)
        QTest.keyClicks(asked.name, "owner/tiny")
        asked.confirm.click()
        qtbot.waitUntil(lambda: window.jobs.current is None, timeout=VERY_LONG)
        assert not page._problems
        assert json.loads((place / "adapter_config.json").read_text())["base_model_name_or_path"] == "owner/tiny"

        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(place))
        page.import_adapter.click()
        qtbot.waitUntil(lambda: page.runs.count() == 2, timeout=VERY_LONG)
        assert page.run
        assert page.run.folder != run.folder
        page.runs.setCurrentIndex(1)
        page.runs.activated.emit(1)
        qtbot.waitUntil(lambda: page.publish.isEnabled() and not page.survey.is_asking, timeout=VERY_LONG)
        assert page.run.folder == run.folder

        page.publish.click()
        sheet = page._sheet
        assert sheet
        box = sheet.setup.account
        qtbot.waitUntil(lambda: not sheet.account.is_asking, timeout=VERY_LONG)
        QTest.keyClicks(box.token, SECRET)
        box.sign_in.click()
        qtbot.waitUntil(lambda: box.owners == ["alice"], timeout=VERY_LONG)
        qtbot.waitUntil(sheet.confirm.isEnabled, timeout=VERY_LONG)
        assert sheet.setup.destination.note.text() == "The name is free."
        sheet.confirm.click()
        qtbot.waitUntil(lambda: sheet.confirm.text() in ("Done", "Try Again"), timeout=VERY_LONG)
        assert sheet.transfer.address.text() == f"{hub.url}/alice/canals", sheet.note.text()
        sheet.confirm.click()

        repo = hub.repos["model", "alice/canals"]
        assert repo.private
        held = set(repo.files)
        assert {"README.md", "adapter_config.json", "adapter_model.safetensors", "mlx/adapters.safetensors"} <= held
        qtbot.waitUntil(lambda: not page.history.none.isVisible(), timeout=VERY_LONG)
        qtbot.waitUntil(lambda: not page.survey.is_asking, timeout=VERY_LONG)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "keys.json"]
    assert not any(SECRET.encode() in path.read_bytes() for path in kept)
