"""A taxonomy under Git: what changed since a base, how it differs, and committing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from espalier.errors import EspalierError
from espalier.git import git
from espalier.git_errors import GitError
from espalier.taxonomy.walk import FOLDERS, LEAF_FILE, leaf_files

State = Literal["added", "changed", "deleted"]
EVERYTHING = "empty"
"""The base against which every leaf is new; InstructLab's own word for it."""

_STATES: dict[str, State] = {"A": "added", "D": "deleted"}
_NO_PROGRAMS = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all")


@dataclass(frozen=True)
class Change:
    """One leaf that is not as it was at the base.

    Attributes:
        leaf: its path, such as ``knowledge/science/otters``.
    """

    leaf: str
    state: State


@dataclass(frozen=True)
class Status:
    """Where a taxonomy stands.

    Attributes:
        branch: the current one; "" when a commit is checked out without a branch.
        changes: files of the taxonomy that are not committed.
    """

    branch: str
    changes: int


def is_versioned(taxonomy: Path) -> bool:
    """Return whether a taxonomy is, or lies in, the work tree of a Git repository."""
    try:
        return git(taxonomy, "rev-parse", "--is-inside-work-tree").strip() == b"true"
    except (GitError, OSError):
        return False


def status(taxonomy: Path) -> Status:
    """Return the branch and the number of changes.

    Raises:
        GitError: the folder is in no repository.
    """
    git(taxonomy, "rev-parse", "--git-dir")
    branch = _line(taxonomy, "symbolic-ref", "--quiet", "--short", "HEAD")
    options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
    return Status(branch, len(_names(git(taxonomy, "status", *options, "--", "."))))


def changed_leaves(taxonomy: Path, base: str = "origin/main") -> list[Change]:
    """Return the leaves that changed since HEAD left the base, sorted by path.

    Like ``ilab taxonomy diff``, this compares the files on disk, uncommitted and untracked ones included,
    with the last commit of the current history that is also part of the base. Unlike it, deleted leaves are named.

    Args:
        taxonomy: its folder, which may be a part of the repository.
        base: a branch, tag or commit, or `EVERYTHING`, which needs no repository.

    Raises:
        GitError: there is no repository or no such base.
    """
    if base == EVERYTHING:
        paths = (file.relative_to(taxonomy) for file in leaf_files(taxonomy))
        return [Change(path.parent.as_posix(), "added") for path in paths if path.parts[0] in FOLDERS]
    start = _fork_point(taxonomy, base)
    fields = _names(git(taxonomy, "diff", *_NO_PROGRAMS, "--name-status", "-z", "--relative", start, "--", "."))
    states = {name: _STATES.get(letter[:1], "changed") for letter, name in zip(fields[::2], fields[1::2], strict=True)}
    for name in _untracked(taxonomy, "."):
        # A file taken out of the index but still on disk is deleted for Git and only different for a person.
        states[name] = "changed" if name in states else "added"
    leaves = {path.parent.as_posix(): state for name, state in states.items() if _is_leaf(path := PurePosixPath(name))}
    return [Change(leaf, leaves[leaf]) for leaf in sorted(leaves)]


def leaf_diff(taxonomy: Path, leaf: str, base: str = "HEAD") -> str:
    """Return how the files of a leaf differ from a base, as a unified diff; "" when they do not.

    Raises:
        EspalierError: the leaf's path leads out of the taxonomy, or there is no repository or no such base.
    """
    _check_inside(leaf)
    is_first = base == "HEAD" and not _line(taxonomy, "rev-parse", "--verify", "--quiet", "HEAD")
    start = _line(taxonomy, "hash-object", "-t", "tree", "--stdin") if is_first else _fork_point(taxonomy, base)
    parts = [git(taxonomy, "diff", *_NO_PROGRAMS, "--relative", start, "--", leaf)]
    for name in _untracked(taxonomy, leaf):
        options = ("--no-index", "--no-ext-diff", "--no-textconv")
        parts.append(git(taxonomy, "diff", *options, "--", "/dev/null", name, accept=(0, 1)))
    return b"".join(parts).decode(errors="replace")


def commit(taxonomy: Path, message: str, leaves: Sequence[str] = ()) -> str:
    """Commit leaves with a ``Signed-off-by`` line, as a contribution needs it, and return the commit's id.

    Args:
        taxonomy: its folder.
        message: of the commit.
        leaves: whose folders are committed, whatever else is staged; the whole taxonomy when it is empty.

    Raises:
        EspalierError: the message is empty, a path leads out of the taxonomy, nothing changed, or Git refuses.
    """
    if not message.strip():
        raise EspalierError("A commit needs a message. Say in a line what you changed.")
    for leaf in leaves:
        _check_inside(leaf)
    paths = leaves or ["."]
    options = ("--porcelain", "--untracked-files=all", "--ignore-submodules=all")
    if not git(taxonomy, "status", *options, "--", *paths):
        raise EspalierError("Nothing changed since the last commit, so there is nothing to commit.")
    git(taxonomy, "add", "--all", "--", *paths)
    git(taxonomy, "commit", "--quiet", "--signoff", "--file=-", "--only", "--", *paths, text=message.encode())
    return git(taxonomy, "rev-parse", "HEAD").decode().strip()


def _fork_point(taxonomy: Path, base: str) -> str:
    """Return the last commit of HEAD's history that is part of the base."""
    git(taxonomy, "rev-parse", "--git-dir")
    name = f"{base}^{{commit}}"
    found = _line(taxonomy, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    if not found.isalnum():  # a range gives two lines
        raise GitError(
            f"The taxonomy at {taxonomy} has no branch, tag or commit “{base}”. "
            f"Fetch it, choose another base, or take “{EVERYTHING}” for all leaves."
        )
    shared = _line(taxonomy, "merge-base", "HEAD", found)
    if not shared:
        raise GitError(f"The history of {taxonomy} has no commit in common with “{base}”. Choose another base.")
    return shared


def _line(taxonomy: Path, *arguments: str) -> str:
    """Return what Git answers in one line; "" when it has no answer."""
    return git(taxonomy, *arguments, accept=(0, 1, 128)).decode().strip()


def _untracked(taxonomy: Path, below: str) -> list[str]:
    return _names(git(taxonomy, "ls-files", "--others", "--exclude-standard", "-z", "--", below))


def _names(output: bytes) -> list[str]:
    return [name.decode(errors="surrogateescape") for name in output.split(b"\0") if name]


def _is_leaf(path: PurePosixPath) -> bool:
    return path.name == LEAF_FILE and len(path.parts) > 1 and path.parts[0] in FOLDERS


def _check_inside(leaf: str) -> None:
    path = PurePosixPath(leaf)
    if path.is_absolute() or ".." in path.parts or "\0" in leaf or path.parts[:1] == (".git",) or not path.parts:
        raise EspalierError(f"“{leaf}” leads out of the taxonomy. Give a leaf by its path below the taxonomy.")
