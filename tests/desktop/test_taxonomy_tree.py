"""The tree's model under Qt's own tester, through every edit and undo, and the tree under keys, clicks and drags."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from espalier.status import LeafStatus
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.tree import Node, read_again, read_tree
from espalier_desktop.document import Document
from espalier_desktop.pages.taxonomy.tree_model import BadgeRole, PathRole, TreeModel

SKILL = "compositional_skills/writing/support_triage"
WHEEL = "knowledge/engineering/falkirk_wheel"
FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def rows(model: TreeModel, parent: QModelIndex | None = None) -> list[str]:
    """Return the paths of all rows as the view finds them."""
    found = []
    above = parent or QModelIndex()
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        assert model.parent(index) == above
        found += [str(index.data(PathRole)), *rows(model, index)]
    return found


def paths_of(node: Node) -> list[str]:
    return [path for child in node.children for path in (child.path, *paths_of(child))]


@pytest.fixture
def edited(fresh_root: Path, qapp: QApplication) -> Iterator[tuple[Document, TreeModel]]:
    document = Document(fresh_root)
    model = TreeModel(lambda path, name: bool(document.rename(path, name)), document.move)
    tester = QAbstractItemModelTester(model, FATAL)
    model.show_tree(document.tree, {})
    document.tree_changed.connect(lambda moves: model.show_tree(document.tree, moves))
    yield document, model
    assert tester
    document.close()


def test_the_rows_follow_every_edit_and_every_undo(edited: tuple[Document, TreeModel]) -> None:
    document, model = edited
    text = document.texts.text(SKILL)
    edits: list[Callable[[], object]] = [
        lambda: document.create_branch("compositional_skills/aaa"),
        lambda: document.create_leaf("compositional_skills/zzz/deep/leaf", text),
        lambda: document.move(SKILL, "compositional_skills/zzz"),
        lambda: document.rename("compositional_skills/zzz", "bbb"),
        lambda: document.rename("compositional_skills/bbb", "c"),
        lambda: document.duplicate("compositional_skills/c"),
        lambda: document.create_leaf("compositional_skills/c", text),
        lambda: document.delete("compositional_skills/c_2"),
        lambda: document.delete("knowledge/engineering"),
    ]
    seen = [rows(model)]
    for edit in edits:
        assert edit() is not None
        assert rows(model) == paths_of(document.tree)
        seen.append(rows(model))
    for before in reversed(seen[:-1]):
        document.take_back()
        assert rows(model) == before
    for after in seen[1:]:
        document.do_again()
        assert rows(model) == after


def test_a_row_that_moves_is_still_the_same_row(edited: tuple[Document, TreeModel]) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    document, model = edited
    kept = QPersistentModelIndex(model.index_of(SKILL))
    document.create_branch("compositional_skills/other")
    document.move(SKILL, "compositional_skills/other")
    assert kept.data(PathRole) == "compositional_skills/other/support_triage"
    document.rename("compositional_skills/other", "a")
    assert kept.data(PathRole) == "compositional_skills/a/support_triage"
    document.take_back()
    document.take_back()
    assert kept.data(PathRole) == SKILL


def test_a_drop_is_taken_where_it_makes_sense_and_nowhere_else(edited: tuple[Document, TreeModel]) -> None:
    document, model = edited
    document.create_branch("compositional_skills/other")
    data = model.mimeData([model.index_of(SKILL)])
    move = Qt.DropAction.MoveAction
    for path, is_fine in {
        "compositional_skills/other": True,
        "compositional_skills": True,
        "compositional_skills/writing": False,  # it is there already
        SKILL: False,
        "knowledge/engineering": False,
    }.items():
        assert model.canDropMimeData(data, move, -1, 0, model.index_of(path)) is is_fine, path
    branch = model.mimeData([model.index_of("compositional_skills/writing")])
    assert not model.canDropMimeData(branch, move, -1, 0, model.index_of(SKILL))
    assert not model.dropMimeData(data, move, -1, 0, model.index_of("compositional_skills/other"))
    assert "compositional_skills/other/support_triage" in rows(model)


def test_the_filter_shows_what_matches_with_what_is_above_and_below(edited: tuple[Document, TreeModel]) -> None:
    document, model = edited
    everything = rows(model)
    model.set_filter("TRIAGE")
    assert rows(model) == ["compositional_skills", "compositional_skills/writing", SKILL]
    model.set_filter("engin")
    assert rows(model) == ["knowledge", "knowledge/engineering", WHEEL]
    model.set_filter("writing support t")
    assert SKILL in rows(model)
    document.duplicate(SKILL)
    assert f"{SKILL}_2" in rows(model)
    document.take_back()
    model.set_filter("nothing like it")
    assert rows(model) == []
    model.set_filter("")
    assert rows(model) == everything


def test_badges_say_the_worst_in_words_and_rise_to_the_branches(edited: tuple[Document, TreeModel]) -> None:
    _, model = edited
    told: list[str] = []
    model.dataChanged.connect(lambda first, last: told.append(first.data(PathRole)))
    problem = Problem("p", 1, 1, "error", "too-few", "Too few.")
    model.show_statuses({SKILL: LeafStatus(SKILL, "skill", accepted=3), WHEEL: LeafStatus(WHEEL, "", 0, (problem,))})
    assert model.index_of("knowledge").data(BadgeRole).state == "error"
    assert model.index_of("compositional_skills").data(BadgeRole).accepted == 3
    said = str(model.index_of(SKILL).data(Qt.ItemDataRole.AccessibleTextRole))
    assert said == "support triage, Skill, no problems, 3 accepted samples"
    assert "1 error" in str(model.index_of(WHEEL).data(Qt.ItemDataRole.AccessibleTextRole))
    told.clear()
    model.show_statuses({SKILL: LeafStatus(SKILL, "skill", accepted=4), WHEEL: LeafStatus(WHEEL, "", 0, (problem,))})
    assert told == [SKILL, "compositional_skills/writing", "compositional_skills"]


def test_what_changed_in_git_is_said_of_leaves_and_rises_to_the_branches(edited: tuple[Document, TreeModel]) -> None:
    document, model = edited
    statuses = {SKILL: LeafStatus(SKILL, "skill"), WHEEL: LeafStatus(WHEEL, "knowledge")}

    def changes() -> dict[str, str]:
        found = {path: model.index_of(path).data(BadgeRole).change for path in model.paths}
        return {path: change for path, change in found.items() if change}

    model.show_statuses(statuses, {SKILL: "added"})
    writing = "compositional_skills/writing"
    assert changes() == {SKILL: "added", writing: "added", "compositional_skills": "added"}
    said = str(model.index_of(SKILL).data(Qt.ItemDataRole.AccessibleTextRole))
    assert said == "support triage, Skill, no problems, added"
    gone = f"{writing}/letters/formal"
    model.show_statuses(statuses, {SKILL: "changed", gone: "deleted", "knowledge/gone": "deleted"})
    assert changes() == {
        SKILL: "changed",
        writing: "changed",
        "compositional_skills": "changed",
        "knowledge": "deleted",
    }
    document.rename("knowledge/engineering", "canals")
    model.show_statuses(statuses, {"knowledge/canals/falkirk_wheel": "added", WHEEL: "deleted"})
    assert changes() == {
        "knowledge": "changed",
        "knowledge/canals": "added",
        "knowledge/canals/falkirk_wheel": "added",
    }
    model.show_statuses(statuses, {})
    assert changes() == {}


NAMES = st.sampled_from("abcd")
TREES: st.SearchStrategy[dict[str, object]] = st.recursive(
    st.just({}), lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=12
)  # folders by name


def grown(folders: dict[str, object], path: str) -> Node:
    kids = tuple(grown(below, f"{path}/{name}".lstrip("/")) for name, below in sorted(folders.items()))  # type: ignore[arg-type]
    return Node(path, not kids, kids)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees=st.lists(TREES, min_size=2, max_size=4), text=st.sampled_from(["", "a", "b c"]))
def test_the_rows_follow_whatever_happens_on_disk(
    qapp: QApplication, trees: list[dict[str, object]], text: str
) -> None:
    model = TreeModel(lambda path, name: True, lambda path, branch: None)
    tester = QAbstractItemModelTester(model, FATAL)
    for folders in trees:
        tree = grown(folders, "")
        model.show_tree(tree, {})
        assert rows(model) == paths_of(tree)
        model.set_filter(text)
        assert set(rows(model)) <= set(paths_of(tree))
        model.set_filter("")
    assert tester


def test_what_is_read_again_is_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "taxonomy"
    for path in ("knowledge/a/b", "knowledge/a/c", "compositional_skills/d/e"):
        (root / path).mkdir(parents=True)
        (root / path / "qna.yaml").touch()
    before = read_tree(root)
    (root / "knowledge/a/b").rename(root / "knowledge/a/z")
    (root / "knowledge/new/deep").mkdir(parents=True)
    shutil.rmtree(root / "compositional_skills/d/e")
    (root / "compositional_skills/d/qna.yaml").touch()
    now = read_again(
        root, before, ["knowledge/a", "knowledge/new", "compositional_skills/d/e", "compositional_skills/d"]
    )
    assert now == read_tree(root)
    assert read_again(root, now, ["knowledge", "compositional_skills/d"]) is now
    shutil.rmtree(root / "knowledge")
    assert read_again(root, now, ["", "knowledge"]) == read_tree(root)


def test_the_rows_of_a_flat_taxonomy_are_found_at_once(qapp: QApplication) -> None:
    leaves = tuple(Node(f"knowledge/leaf_{number:05}", True, ()) for number in range(20_000))
    model = TreeModel(lambda path, name: True, lambda path, branch: None)
    model.show_tree(Node("", False, (Node("knowledge", False, leaves),)), {})
    started = time.process_time()
    for state in ("part", "all"):
        model.show_statuses({leaf.path: LeafStatus(leaf.path, "skill", samples=state) for leaf in leaves})
    for leaf in leaves:
        assert model.index_of(leaf.path).isValid()
    assert time.process_time() - started < 3  # a search among all rows for each would take minutes
