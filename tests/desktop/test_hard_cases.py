"""A full disk, a project from the future, a machine without a network: one sentence each, and nothing is lost."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pytestqt.qtbot import QtBot

from espalier.demo import create_example
from espalier_desktop.desk import Desk
from espalier_desktop.jobs.job import JobState
from espalier_desktop.main_window import MainWindow
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
LEAF = "compositional_skills/writing/support_triage"


def sheets(window: MainWindow) -> list[str]:
    return [sheet.sentence.text() for sheet in window.findChildren(Sheet) if sheet.isVisible()]


def full(descriptor: int) -> None:
    """Flush as a disk does that has no room for what was written."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_while_saving_loses_nothing(
    fresh_root: Path, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(fresh_root)
    document = window.document
    file = document.texts.file(LEAF)
    before, names = file.read_bytes(), sorted(file.parent.iterdir())
    text = document.texts.text(LEAF)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        document.edit(LEAF, text + "# mine\n", "Typing")
        window.do("save")
        window.do("save")
        (sentence,) = sheets(window)
        assert "No space left on device" in sentence
        assert "It is kept meanwhile" in sentence
        assert file.read_bytes() == before
        assert sorted(file.parent.iterdir()) == names, "no half file takes the room"
        assert document.texts.text(LEAF).endswith("# mine\n")
    assert document.texts.save_all()
    assert file.read_text(encoding="utf-8").endswith("# mine\n")


def test_a_project_of_a_newer_version_is_left_as_it_is(desk: Desk, fresh_root: Path) -> None:
    file = fresh_root / "project.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "version": 2, "garden": "roses"}))
    before = {path: path.read_bytes() for path in fresh_root.rglob("*") if path.is_file()}
    assert desk.open(fresh_root) is None
    (sheet,) = [sheet for sheet in desk.others["welcome"].findChildren(Sheet) if sheet.isVisible()]
    assert sheet.sentence.text() == (
        f"{file} was made by a newer Espalier (version 2; this one reads version 1). Update Espalier."
    )
    assert {path: path.read_bytes() for path in fresh_root.rglob("*") if path.is_file()} == before


def test_without_a_network_the_starter_model_is_asked_for_in_one_sentence(
    tmp_path: Path, open_window: Open, qtbot: QtBot
) -> None:
    root = tmp_path / "Example"
    create_example(root)
    window = open_window(root)
    window.do("generate")
    qtbot.waitUntil(lambda: window.jobs.current is None)
    assert window.jobs.latest["generate"].state is JobState.FAILED
    (sentence,) = sheets(window)
    assert sentence.startswith("The starter model could not be downloaded")
    assert sentence.endswith("Check the network connection and try again.")
    window.go("taxonomy")
    assert len(window.document.leaves) == 2
