"""The document's edits: saved when the typing rests, undone, kept when the program is killed, never overwritten."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from espalier.models.folder import home_folder
from espalier_desktop.dispute import DisputeBanner
from espalier_desktop.document import Document
from espalier_desktop.widgets.sheet import Sheet

SKILL = "compositional_skills/writing/support_triage"
LONG = 40_000
Make = Callable[[], Document]


@pytest.fixture
def make_document(fresh_root: Path, qtbot: QtBot) -> Iterator[Make]:
    made: list[Document] = []

    def make() -> Document:
        made.append(Document(fresh_root))
        return made[-1]

    yield make
    for document in made:
        document.close()


def file_of(root: Path, leaf: str = SKILL) -> Path:
    return root / "taxonomy" / leaf / "qna.yaml"


def test_what_is_typed_is_saved_by_itself(fresh_root: Path, make_document: Make, qtbot: QtBot) -> None:
    document = make_document()
    text = document.texts.text(SKILL) + "# one more line\n"
    document.edit(SKILL, text, "Edit")
    assert document.texts.unsaved == [SKILL]
    qtbot.waitUntil(lambda: file_of(fresh_root).read_text(encoding="utf-8") == text, timeout=LONG)
    assert not document.texts.unsaved


def test_keys_in_one_place_are_one_step_and_the_step_can_be_undone(fresh_root: Path, make_document: Make) -> None:
    document = make_document()
    before = document.texts.text(SKILL)
    for count in range(1, 4):
        document.edit(SKILL, before + "#" * count + "\n", "Typing", "source")
    document.edit(SKILL, before + "# else\n", "Typing", "answer")
    assert document.undo.count() == 2
    document.take_back()
    assert document.texts.text(SKILL) == before + "###\n"
    document.take_back()
    document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8") == before
    document.do_again()
    assert document.texts.text(SKILL) == before + "###\n"


def test_a_file_that_changes_while_nothing_is_unsaved_is_taken(
    fresh_root: Path, make_document: Make, qtbot: QtBot
) -> None:
    document = make_document()
    mine = document.texts.text(SKILL)
    file_of(fresh_root).write_text(mine + "# theirs\n", encoding="utf-8")
    qtbot.waitUntil(lambda: document.texts.text(SKILL) == mine + "# theirs\n", timeout=LONG)
    assert document.undo.undoText() == "Change by Another Program"
    assert not document.texts.disputes
    document.take_back()
    document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8") == mine


@pytest.fixture
def disputed(fresh_root: Path, make_document: Make) -> tuple[Document, DisputeBanner]:
    document = make_document()
    banner = DisputeBanner(document.texts)
    document.edit(SKILL, document.texts.text(SKILL) + "# mine\n", "Edit")
    file_of(fresh_root).write_text("version: 3\n# theirs\n", encoding="utf-8")
    document.texts.save_all()
    return document, banner


def test_neither_text_is_lost_when_both_change(
    disputed: tuple[Document, DisputeBanner], fresh_root: Path, qtbot: QtBot
) -> None:
    document, banner = disputed
    qtbot.addWidget(banner)
    banner.show()
    assert document.texts.disputes == [SKILL]
    assert "changed by another program" in banner.text.text()
    document.edit(SKILL, document.texts.text(SKILL) + "# more\n", "Edit")
    assert document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8") == "version: 3\n# theirs\n"
    banner.difference.click()
    sheet = next(sheet for sheet in banner.findChildren(Sheet) if sheet.isVisible())
    shown = sheet.findChild(QPlainTextEdit)
    assert isinstance(shown, QPlainTextEdit)
    assert "+ # mine" in shown.toPlainText()
    assert "− # theirs" in shown.toPlainText()
    sheet.reject()
    banner.mine.click()
    assert file_of(fresh_root).read_text(encoding="utf-8").endswith("# mine\n# more\n")
    assert not banner.isVisible()


def test_the_text_on_disk_can_be_used_and_that_can_be_undone(
    disputed: tuple[Document, DisputeBanner], fresh_root: Path, qtbot: QtBot
) -> None:
    document, banner = disputed
    qtbot.addWidget(banner)
    banner.disk.click()
    assert document.texts.text(SKILL) == "version: 3\n# theirs\n"
    document.take_back()
    assert document.texts.text(SKILL).endswith("# mine\n")
    document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8").endswith("# mine\n")


def test_a_leaf_deleted_by_another_program_keeps_its_unsaved_text(
    fresh_root: Path, make_document: Make, qtbot: QtBot
) -> None:
    document = make_document()
    document.edit(SKILL, document.texts.text(SKILL) + "# mine\n", "Edit")
    file_of(fresh_root).unlink()
    document.texts.save_all()
    assert document.texts.disputes == [SKILL]
    document.texts.keep_mine(SKILL)
    assert file_of(fresh_root).read_text(encoding="utf-8").endswith("# mine\n")


def test_a_folder_that_refuses_the_file_is_told_once_and_the_text_stays(
    fresh_root: Path, make_document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = make_document()
    told: list[str] = []
    document.failed.connect(told.append)
    temporary = file_of(fresh_root).with_name(".qna.yaml.new")
    temporary.mkdir()  # in the way of the write, also for root, whom no permission stops
    document.edit(SKILL, document.texts.text(SKILL) + "# mine\n", "Edit")
    assert not document.texts.save_all()
    assert not document.texts.save_all()
    assert len(told) == 1
    assert "cannot be saved" in told[0]
    temporary.rmdir()
    assert document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8").endswith("# mine\n")


KILLED = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from espalier_desktop.app import make_application
from espalier_desktop import texts
from espalier_desktop.document import Document
texts.REST = 60_000
application, translators = make_application(sys.argv[:1])
document = Document(Path(sys.argv[1]))
document.edit(sys.argv[2], document.texts.text(sys.argv[2]) + "# typed\\n", "Typing", "source")
QTimer.singleShot(1_000, lambda: os.kill(os.getpid(), signal.SIGKILL))
application.exec()
"""


@pytest.fixture
def killed(fresh_root: Path) -> str:
    before = file_of(fresh_root).read_text(encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", KILLED, str(fresh_root), SKILL], timeout=100, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert file_of(fresh_root).read_text(encoding="utf-8") == before
    return before


def test_a_killed_window_loses_nothing_that_was_typed(killed: str, fresh_root: Path, make_document: Make) -> None:
    document = make_document()
    assert document.restored == 1
    assert document.texts.text(SKILL) == killed + "# typed\n"
    document.texts.save_all()
    assert file_of(fresh_root).read_text(encoding="utf-8") == killed + "# typed\n"
    document.close()
    assert make_document().restored == 0


def test_a_file_that_changed_after_the_kill_is_a_dispute(killed: str, fresh_root: Path, make_document: Make) -> None:
    file_of(fresh_root).write_text(killed + "# theirs\n", encoding="utf-8")
    document = make_document()
    assert document.restored == 0
    assert document.texts.disputes == [SKILL]
    assert document.texts.text(SKILL) == killed + "# typed\n"
    document.texts.save_all()
    document.close()
    assert make_document().texts.disputes == [SKILL]


def test_what_was_undone_is_not_put_back(fresh_root: Path, make_document: Make, qtbot: QtBot) -> None:
    document = make_document()
    document.edit(SKILL, document.texts.text(SKILL) + "# mine\n", "Edit")
    qtbot.waitUntil(lambda: any((home_folder() / "journal").rglob("*.json")), timeout=LONG)
    document.take_back()
    document.close()
    assert not any((home_folder() / "journal").rglob("*.json"))
    assert make_document().restored == 0


def test_folders_change_and_change_back_with_their_open_texts(fresh_root: Path, make_document: Make) -> None:
    document = make_document()
    document.edit(SKILL, document.texts.text(SKILL) + "# mine\n", "Edit")
    moved = document.rename(SKILL, "triage")
    assert moved == "compositional_skills/writing/triage"
    assert document.texts.text(moved).endswith("# mine\n")
    assert set(document.leaves) == {moved, "knowledge/engineering/falkirk_wheel"}
    assert document.delete(moved) == ""
    assert moved not in document.leaves
    for _ in range(3):
        document.take_back()
    document.texts.save_all()
    assert "# mine" not in file_of(fresh_root).read_text(encoding="utf-8")
    for _ in range(3):
        document.do_again()
    assert moved not in document.leaves
    told: list[str] = []
    document.failed.connect(told.append)
    assert document.rename("knowledge/engineering/falkirk_wheel", "a b") is None
    assert told == ["A name has no spaces. Write “a_b”."]
