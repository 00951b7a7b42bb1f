"""Where a taxonomy stands in Git, all at once: what a person sees beside the tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from espalier.errors import EspalierError
from espalier.git import git
from espalier.git_errors import GitError
from espalier.taxonomy.git import Change, State, changed_leaves, is_versioned, uncommitted_leaves

PUBLIC = "origin/main"
LAST_COMMIT = "HEAD"
_MOST_BASES = 40


@dataclass(frozen=True)
class History:
    """A taxonomy beside what Git keeps of it.

    Attributes:
        branch: the current one; "" when a commit is checked out without a branch.
        base: the branch, tag or commit that ``changes`` counts from.
        bases: what may be the base, `LAST_COMMIT` first, then the branches and tags with the newest commits.
        changes: state of each leaf that is not as it was at the base, by path.
        uncommitted: state of each leaf with something that is in no commit yet, by path.
        name: of the person, from Git's settings; "" where it has none, as with ``email``.
        email: of the person.
        problem: why the rest is empty, in one sentence.
    """

    branch: str = ""
    base: str = LAST_COMMIT
    bases: tuple[str, ...] = (LAST_COMMIT,)
    changes: Mapping[str, State] = field(default_factory=dict)
    uncommitted: Mapping[str, State] = field(default_factory=dict)
    name: str = ""
    email: str = ""
    problem: str = ""


def read_history(taxonomy: Path, wanted: str = "") -> History | None:
    """Return where a taxonomy stands; None when Git does not keep it.

    Args:
        taxonomy: its folder, which may be a part of a repository.
        wanted: the base; where there is none of this name, or none is wanted, `PUBLIC`, else `LAST_COMMIT`.
    """
    if not is_versioned(taxonomy):
        return None
    try:
        base, changes = _since(taxonomy, wanted)
        return History(
            _answer(taxonomy, "symbolic-ref", "--quiet", "--short", "HEAD"),
            base,
            _bases(taxonomy),
            changes,
            _states(uncommitted_leaves(taxonomy)),
            _answer(taxonomy, "config", "--get", "user.name"),
            _answer(taxonomy, "config", "--get", "user.email"),
        )
    except (GitError, OSError) as error:
        return History(problem=str(error))


def begin_history(taxonomy: Path) -> None:
    """Make a taxonomy a repository of its own, without a commit yet.

    Raises:
        EspalierError: Git keeps it already, is missing or refuses.
    """
    if is_versioned(taxonomy):
        raise EspalierError(f"Git keeps {taxonomy} already. Commit your changes there.")
    git(taxonomy, "init", "--quiet", "--template=", "--initial-branch=main")


def _since(taxonomy: Path, wanted: str) -> tuple[str, dict[str, State]]:
    """Return the base that there is, and the changes since."""
    for base in (wanted, PUBLIC):
        try:
            return base, _states(changed_leaves(taxonomy, base))
        except GitError:  # no such branch any more, or none yet
            continue
    return LAST_COMMIT, _states(changed_leaves(taxonomy, LAST_COMMIT))


def _states(changes: Sequence[Change]) -> dict[str, State]:
    return {change.leaf: change.state for change in changes}


def _bases(taxonomy: Path) -> tuple[str, ...]:
    form = "--format=%(symref)%00%(refname:short)"  # a link such as origin/HEAD is a second name for another branch
    options = ("--sort=-committerdate", f"--count={_MOST_BASES}", form)
    lines = git(taxonomy, "for-each-ref", *options, "refs/heads", "refs/remotes", "refs/tags").decode().splitlines()
    return (LAST_COMMIT, *(name for link, _, name in (line.partition("\0") for line in lines) if not link))


def _answer(taxonomy: Path, *arguments: str) -> str:
    """Return what Git answers in one line; "" when it has no answer."""
    return git(taxonomy, *arguments, accept=(0, 1)).decode(errors="replace").strip()
