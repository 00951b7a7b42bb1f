"""The branches and leaves of a taxonomy by name: what a tree view shows before any file is read."""

from dataclasses import dataclass
from pathlib import Path

from espalier.taxonomy.schema import FOLDERS
from espalier.taxonomy.walk import LEAF_FILE, entries_of


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


def _node(folder: str, path: str) -> Node:
    names, is_leaf = [], False
    with entries_of(folder) as entries:
        for entry in entries:
            if entry.name == LEAF_FILE:
                is_leaf = not entry.is_symlink() and entry.is_file()
            elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                names.append(entry.name)
    return Node(path, is_leaf, tuple(_node(f"{folder}/{name}", f"{path}/{name}") for name in sorted(names)))
