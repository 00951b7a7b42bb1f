"""A taxonomy under Git: what changed since a base, how it differs, and committing it."""

from collections.abc import Iterable, Mapping, Sequence
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


def is_versioned(taxonomy: Path) -> bool:
    """Return whether Git keeps a taxonomy: it lies in the work tree of a repository that does not ignore it."""
    try:
        if git(taxonomy, "rev-parse", "--is-inside-work-tree").strip() != b"true":
            return False
        return not git(taxonomy, "check-ignore", "--", str(taxonomy.resolve()), accept=(0, 1, 128))
    except (GitError, OSError):
        return False


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
    files = _changed_files(taxonomy, fork_point(taxonomy, base))
    leaves = {path.parent.as_posix(): state for name, state in files.items() if _is_leaf(path := PurePosixPath(name))}
    return [Change(leaf, leaves[leaf]) for leaf in sorted(leaves)]


def uncommitted_leaves(taxonomy: Path) -> list[Change]:
    """Return the leaves with anything that is in no commit yet, sorted by path; attributions count as their leaf's.

    Raises:
        GitError: there is no repository.
    """
    by_leaf = _by_leaf(taxonomy, _changed_files(taxonomy, fork_point(taxonomy, "HEAD")))
    return [Change(leaf, by_leaf[leaf].get(f"{leaf}/{LEAF_FILE}", "changed")) for leaf in sorted(by_leaf)]


def files_by_leaf(taxonomy: Path, start: str) -> dict[str, dict[str, State]]:
    """Return the state of every file of a leaf that is not as it was at a commit or tree, by leaf and path.

    Raises:
        GitError: there is no repository or no such commit.
    """
    return _by_leaf(taxonomy, _changed_files(taxonomy, start))


def leaf_diff(taxonomy: Path, leaf: str, base: str = "HEAD") -> str:
    """Return how the files of a leaf differ from a base, as a unified diff; "" when they do not.

    Raises:
        EspalierError: the leaf's path leads out of the taxonomy, or there is no repository or no such base.
    """
    _check_inside(leaf)
    start = fork_point(taxonomy, base)
    names = _by_leaf(taxonomy, _changed_files(taxonomy, start, leaf)).get(leaf, {})
    parts = [git(taxonomy, "diff", *_NO_PROGRAMS, "--relative", start, "--", *names)] if names else []
    for name in _untracked(taxonomy, leaf):
        if name in names:
            options = ("--no-index", "--no-ext-diff", "--no-textconv")
            parts.append(git(taxonomy, "diff", *options, "--", "/dev/null", name, accept=(0, 1)))
    return b"".join(parts).decode(errors="replace")


def commit(taxonomy: Path, message: str, leaves: Sequence[str] = (), name: str = "", email: str = "") -> str:
    """Commit leaves with a ``Signed-off-by`` line, as a contribution needs it, and return the commit's id.

    Args:
        taxonomy: its folder.
        message: of the commit.
        leaves: whose files are committed, whatever else is staged; the whole taxonomy when it is empty.
        name: of who commits; Git's own setting when it is "", as with ``email``.
        email: of who commits.

    Raises:
        EspalierError: the message is empty, a path leads out of the taxonomy, nothing changed, or Git refuses.
    """
    if not message.strip():
        raise EspalierError("A commit needs a message. Say in a line what you changed.")
    for leaf in leaves:
        _check_inside(leaf)
    changed = _changed_files(taxonomy, fork_point(taxonomy, "HEAD"))
    if leaves:
        by_leaf = _by_leaf(taxonomy, changed)
        changed = {file: state for leaf in leaves for file, state in by_leaf.get(leaf, {}).items()}
    if not changed:
        raise EspalierError("Nothing changed since the last commit, so there is nothing to commit.")
    listed = ("--pathspec-from-file=-", "--pathspec-file-nul")  # more leaves than a command line can hold
    if added := [file for file, state in changed.items() if state != "deleted"]:
        git(taxonomy, "add", *listed, text=_listed(added))
    person = [f"user.{key}={value}" for key, value in (("name", name), ("email", email)) if value]
    options = ("--quiet", "--signoff", f"--message={message}", "--only")
    git(taxonomy, "commit", *options, *listed, text=_listed(changed), settings=person)
    return git(taxonomy, "rev-parse", "HEAD").decode().strip()


def fork_point(taxonomy: Path, base: str) -> str:
    """Return the last commit of HEAD's history that is part of the base; the empty tree before the first commit.

    Raises:
        GitError: there is no repository, no such base, or no commit in common with it.
    """
    git(taxonomy, "rev-parse", "--git-dir")
    found = _line(taxonomy, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if not found and base == "HEAD":
        return _line(taxonomy, "hash-object", "-t", "tree", "--stdin")
    if not found.isalnum():  # a range gives two lines
        raise GitError(
            f"The taxonomy at {taxonomy} has no branch, tag or commit “{base}”. "
            f"Fetch it, choose another base, or take “{EVERYTHING}” for all leaves."
        )
    shared = _line(taxonomy, "merge-base", "HEAD", found)
    if not shared:
        raise GitError(f"The history of {taxonomy} has no commit in common with “{base}”. Choose another base.")
    return shared


def _changed_files(taxonomy: Path, start: str, below: str = ".") -> dict[str, State]:
    """Return the state of every file that is not as it was at a commit, by its path below the taxonomy."""
    options = ("--name-status", "-z", "--relative", start)
    fields = _names(git(taxonomy, "diff", *_NO_PROGRAMS, *options, "--", below))
    states = {name: _STATES.get(letter[:1], "changed") for letter, name in zip(fields[::2], fields[1::2], strict=True)}
    for name in _untracked(taxonomy, below):
        # A file taken out of the index but still on disk is deleted for Git and only different for a person.
        states[name] = "changed" if name in states else "added"
    return states


def _by_leaf(taxonomy: Path, files: Mapping[str, State]) -> dict[str, dict[str, State]]:
    """Return the files by the leaf that they belong to; those of no leaf are left out."""
    leaves: dict[str, dict[str, State]] = {
        path.parent.as_posix(): {} for name in files if _is_leaf(path := PurePosixPath(name))
    }
    for name, state in files.items():
        for folder in map(str, PurePosixPath(name).parents):
            is_below = folder.split("/")[0] in FOLDERS and "/" in folder
            if folder in leaves or (is_below and (taxonomy / folder / LEAF_FILE).is_file()):
                leaves.setdefault(folder, {})[name] = state
                break
    return leaves


def _line(taxonomy: Path, *arguments: str) -> str:
    """Return what Git answers in one line; "" when it has no answer."""
    return git(taxonomy, *arguments, accept=(0, 1, 128)).decode().strip()


def _untracked(taxonomy: Path, below: str) -> list[str]:
    return _names(git(taxonomy, "ls-files", "--others", "--exclude-standard", "-z", "--", below))


def _listed(names: Iterable[str]) -> bytes:
    return b"\0".join(name.encode(errors="surrogateescape") for name in names)


def _names(output: bytes) -> list[str]:
    return [name.decode(errors="surrogateescape") for name in output.split(b"\0") if name]


def _is_leaf(path: PurePosixPath) -> bool:
    return path.name == LEAF_FILE and len(path.parts) > 1 and path.parts[0] in FOLDERS


def _check_inside(leaf: str) -> None:
    path = PurePosixPath(leaf)
    if path.is_absolute() or ".." in path.parts or "\0" in leaf or path.parts[:1] == (".git",) or not path.parts:
        raise EspalierError(f"“{leaf}” leads out of the taxonomy. Give a leaf by its path below the taxonomy.")
