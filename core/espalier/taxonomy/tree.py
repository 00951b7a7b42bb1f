"""The branches and leaves of a taxonomy by name: what a tree view shows before any file is read."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from espalier.taxonomy.walk import FOLDERS, LEAF_FILE, entries_of


@dataclass(frozen=True)
class Node:
    """A folder of the taxonomy.

    Attributes:
        path: from the taxonomy's root, joined by ``/``; empty for the root.
        is_leaf: whether a ``qna.yaml`` stands in it; a leaf may have branches below it too.
        children: sorted by name.
    """

    path: str
    is_leaf: bool
    children: tuple["Node", ...]

    @property
    def name(self) -> str:
        """Return the folder's own name."""
        return self.path.rpartition("/")[2]


def read_tree(root: Path) -> Node:
    """Return the tree below ``compositional_skills`` and ``knowledge``; links and hidden folders are left out."""
    tops = [folder for folder in FOLDERS if (root / folder).is_dir() and not (root / folder).is_symlink()]
    return Node("", False, tuple(_node(str(root / folder), folder) for folder in tops))


def read_again(root: Path, tree: Node, folders: Iterable[str]) -> Node:
    """Return a tree that was read before as it is now, when it has changed directly in these folders and nowhere else.

    Args:
        root: of the taxonomy.
        tree: as it was; every part that is the same stays the same object.
        folders: their paths from the root; of one that is not in the tree, the nearest above it that is.
    """
    parts = [folder.split("/") for folder in folders]
    tops = {child.name for child in tree.children}
    return _again(str(root), tree, parts) if tops.issuperset(each[0] for each in parts) else read_tree(root)


def _again(root: str, node: Node, folders: list[list[str]]) -> Node:
    """Follow the parts of the folders' paths that are left at this node."""
    below: dict[str, list[list[str]]] = {}
    is_here = False
    for parts in folders:
        if parts:
            below.setdefault(parts[0], []).append(parts[1:])
        is_here = is_here or not parts
    known = {child.name: child for child in node.children}
    if node.path and (is_here or not below.keys() <= known.keys()):
        names, is_leaf = _entries(f"{root}/{node.path}")
    else:
        names, is_leaf = list(known), node.is_leaf
    children = tuple(
        _node(f"{root}/{node.path}/{name}", f"{node.path}/{name}")
        if name not in known
        else _again(root, known[name], below[name])
        if name in below
        else known[name]
        for name in names
    )
    is_same = len(children) == len(known) and is_leaf == node.is_leaf
    is_same = is_same and all(map(operator.is_, children, node.children))
    return node if is_same else Node(node.path, is_leaf, children)


def _node(folder: str, path: str) -> Node:
    names, is_leaf = _entries(folder)
    return Node(path, is_leaf, tuple(_node(f"{folder}/{name}", f"{path}/{name}") for name in names))


def _entries(folder: str) -> tuple[list[str], bool]:
    """Return the sorted names of the folders in a folder, and whether a leaf's file is there too."""
    names, is_leaf = [], False
    with entries_of(folder) as entries:
        for entry in entries:
            if entry.name == LEAF_FILE:
                is_leaf = not entry.is_symlink() and entry.is_file()
            elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                names.append(entry.name)
    return sorted(names), is_leaf
