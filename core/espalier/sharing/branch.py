"""A commit of some leaves on a branch of its own, made beside the work tree, the index and the current branch."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from espalier.errors import EspalierError
from espalier.git import git
from espalier.git_errors import GitError
from espalier.taxonomy.attribution import ATTRIBUTION_FILE
from espalier.taxonomy.git import State, files_by_leaf
from espalier.taxonomy.walk import LEAF_FILE

_CARRIED = (LEAF_FILE, ATTRIBUTION_FILE)


def contributed_files(taxonomy: Path, base: str) -> dict[str, dict[str, State]]:
    """Return, by leaf, the files of it that a contribution carries and that are not as they were at the base.

    Args:
        taxonomy: its folder, which may be a part of the repository.
        base: a commit; "" where everything is new.
    """
    found = files_by_leaf(taxonomy, base or empty_tree(taxonomy))
    carried = {
        leaf: {file: state for file, state in files.items() if file in {f"{leaf}/{name}" for name in _CARRIED}}
        for leaf, files in found.items()
    }
    return {leaf: files for leaf, files in sorted(carried.items()) if files}


def make_branch(
    taxonomy: Path, base: str, files: Mapping[str, State], title: str, name: str = "", email: str = ""
) -> tuple[str, str]:
    """Return the name and the commit of a branch that has these files as they are on disk, signed off.

    The same branch is returned when it was made before. The work tree, the index and the current branch stay.

    Args:
        taxonomy: its folder.
        base: the commit that it begins at, "" for a history of its own.
        files: paths below the taxonomy, with their states.
        title: first line of the commit's message, which the branch is named after.
        name: of who signs; Git's own setting when it is "", as with ``email``.
        email: of who signs.

    Raises:
        EspalierError: nobody is named, or Git refuses.
    """
    settings = ["user.useConfigOnly=true"]  # a guessed address signs nothing
    settings += [f"user.{key}={value}" for key, value in (("name", name), ("email", email)) if value]
    person = git(taxonomy, "var", "GIT_COMMITTER_IDENT", settings=settings).decode().rpartition(">")[0] + ">"
    tree = _tree(taxonomy, base, files)
    if base and tree == git(taxonomy, "rev-parse", f"{base}^{{tree}}").decode().strip():
        raise EspalierError("These leaves are as they are in the taxonomy already, so there is nothing to contribute.")
    message = f"{title}\n\nSigned-off-by: {person}\n"
    branch = stem = branch_name(title)
    number = 1
    while found := _commit(taxonomy, branch):
        if _is_same(taxonomy, found, tree, base, message):
            return branch, found
        number += 1
        branch = f"{stem}-{number}"
    parents = ("-p", base) if base else ()
    made = git(taxonomy, "commit-tree", tree, *parents, "-F", "-", text=message.encode(), settings=settings)
    commit = made.decode().strip()
    git(taxonomy, "update-ref", f"refs/heads/{branch}", commit, "0" * len(commit))  # never over another
    return branch, commit


def branch_name(title: str) -> str:
    """Return the name of a branch for a title: small letters, digits and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:50].strip("-")
    return f"espalier/{words or 'contribution'}"


def patch_of(taxonomy: Path, commit: str) -> bytes:
    """Return a commit as a patch that ``git am`` takes."""
    options = ("--stdout", "--binary", "--root", "--no-attach", "--no-renames", "--no-ext-diff", "--no-signature")
    return git(taxonomy, "format-patch", *options, "-1", commit)


def empty_tree(taxonomy: Path) -> str:
    """Return the id of the tree without a file."""
    return git(taxonomy, "hash-object", "-t", "tree", "--stdin").decode().strip()


def _tree(taxonomy: Path, base: str, files: Mapping[str, State]) -> str:
    with tempfile.TemporaryDirectory(prefix="espalier-index-") as folder:
        index = Path(folder, "index")
        git(taxonomy, "read-tree", base or "--empty", index=index)
        listed = b"\0".join(name.encode(errors="surrogateescape") for name in files)
        git(taxonomy, "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul", text=listed, index=index)
        return git(taxonomy, "write-tree", index=index).decode().strip()


def _commit(taxonomy: Path, branch: str) -> str:
    try:
        found = git(taxonomy, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}", accept=(0, 1))
    except GitError:
        return ""
    return found.decode().strip()


def _is_same(taxonomy: Path, commit: str, tree: str, base: str, message: str) -> bool:
    found = git(taxonomy, "show", "--no-patch", "--no-notes", "--format=%T%x00%P%x00%B", commit).decode(
        errors="replace"
    )
    return [part.strip() for part in found.split("\0")] == [tree, base, message.strip()]
