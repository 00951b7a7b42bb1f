import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from espalier.errors import EspalierError
from espalier.project import create, open_project
from espalier_desktop.document import Document

KNOWLEDGE = "knowledge/engineering/falkirk_wheel"
LONG = 40_000  # milliseconds: the survey is a process of its own, on a machine that may be busy
Make = Callable[[Path], Document]


@pytest.fixture
def make_document(qtbot: QtBot) -> Iterator[Make]:
    made: list[Document] = []

    def make(root: Path) -> Document:
        document = Document(root)
        made.append(document)
        qtbot.waitUntil(lambda: document.status is not None, timeout=LONG)
        return document

    yield make
    for document in made:
        document.close()


def test_leaves_are_known_before_they_are_checked(fresh_root: Path, qtbot: QtBot) -> None:
    document = Document(fresh_root)
    assert len(document.leaves) == 2
    assert document.status is None
    assert document.errors == 0
    document.close()


def test_what_another_program_writes_is_seen(fresh_root: Path, make_document: Make, qtbot: QtBot) -> None:
    document = make_document(fresh_root)
    file = fresh_root / "taxonomy" / KNOWLEDGE / "qna.yaml"
    for text, errors in (("version: 3\n", True), (file.read_text(), False)):
        replacement = file.with_suffix(".new")  # as most editors do: the watched file itself goes away
        replacement.write_text(text)
        os.replace(replacement, file)
        qtbot.waitUntil(lambda errors=errors: (document.errors > 0) is errors, timeout=LONG)  # type: ignore[misc]
    with file.open("a") as opened:  # and as others do
        opened.write("unknown: 1\n")
    qtbot.waitUntil(lambda: document.errors > 0, timeout=LONG)


def test_a_leaf_that_comes_or_goes_is_seen(fresh_root: Path, make_document: Make, qtbot: QtBot) -> None:
    document = make_document(fresh_root)
    source = fresh_root / "taxonomy" / KNOWLEDGE
    shutil.copytree(source, source.with_name("wheel_two"))
    qtbot.waitUntil(lambda: f"{KNOWLEDGE[:-13]}wheel_two" in document.leaves, timeout=LONG)
    shutil.rmtree(source)
    qtbot.waitUntil(lambda: KNOWLEDGE not in document.leaves, timeout=LONG)


def test_choices_are_written_and_can_be_undone(fresh_root: Path, make_document: Make) -> None:
    document = make_document(fresh_root)
    before = document.project.student
    document.set_student("another")
    document.set_dial("quick")
    document.set_dial("quick")
    assert document.undo.count() == 2
    assert (open_project(fresh_root).student, open_project(fresh_root).dial) == ("another", "quick")
    document.undo.undo()
    document.undo.undo()
    assert (open_project(fresh_root).student, open_project(fresh_root).dial) == (before, "good")
    document.undo.redo()
    assert open_project(fresh_root).student == "another"


def test_settings_that_changed_on_disk_are_taken_and_not_undone_over(
    fresh_root: Path, make_document: Make, qtbot: QtBot
) -> None:
    document = make_document(fresh_root)
    document.set_dial("quick")
    file = fresh_root / "project.yaml"
    file.write_text(file.read_text().replace("quick", "thorough"))
    qtbot.waitUntil(lambda: document.project.dial == "thorough", timeout=LONG)
    assert not document.undo.canUndo()


def test_settings_that_became_unreadable_are_told(fresh_root: Path, make_document: Make, qtbot: QtBot) -> None:
    document = make_document(fresh_root)
    with qtbot.waitSignal(document.failed, timeout=LONG) as told:
        (fresh_root / "project.yaml").write_text("[1\n")
    assert "cannot be read" in told.args[0]
    assert document.project.dial == "good"


def test_a_folder_without_a_project_is_refused(tmp_path: Path, qtbot: QtBot) -> None:
    with pytest.raises(EspalierError, match="is no Espalier project"):
        Document(tmp_path)


def test_an_empty_project_has_no_leaves(tmp_path: Path, make_document: Make) -> None:
    create(tmp_path / "p")
    document = make_document(tmp_path / "p")
    assert not document.leaves
    assert document.errors == 0
