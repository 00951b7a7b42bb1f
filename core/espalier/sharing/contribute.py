"""Leaves given back to the taxonomy that they came from: a signed branch, pushed, or as a patch file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.git import Report, git, transfer
from espalier.git_errors import GitError, shown
from espalier.project import Project
from espalier.sharing.branch import branch_name, contributed_files, make_branch, patch_of
from espalier.sharing.pull_request import text_of, title_of
from espalier.sharing.remotes import Base, Remote, compare_page, find_base, remotes
from espalier.taxonomy.attribution import ATTRIBUTION_FILE, attribution_hint
from espalier.taxonomy.checker import check_file
from espalier.taxonomy.git import State, is_versioned
from espalier.taxonomy.problems import Problem, first_told
from espalier.taxonomy.walk import LEAF_FILE


@dataclass(frozen=True)
class Offered:
    """A leaf that can be contributed, or not yet.

    Attributes:
        state: what became of it since the base.
        files: that go along, with what became of each.
        problems: that stand against it.
        hints: that a person should know and that stand against nothing.
    """

    leaf: str
    state: State
    files: Mapping[str, State]
    problems: Sequence[Problem] = ()
    hints: Sequence[Problem] = ()


def offered(project: Project, base: Base) -> list[Offered]:
    """Return the leaves that are not as they are in the taxonomy that others keep, by path."""
    taxonomy, found = project.taxonomy, []
    for leaf, files in contributed_files(taxonomy, base.commit).items():
        state = files.get(f"{leaf}/{LEAF_FILE}", "changed")
        problems, hints = ([], []) if state == "deleted" else _judged(taxonomy / leaf / LEAF_FILE)
        found.append(Offered(leaf, state, files, problems, hints))
    return found


def plan(project: Project, leaves: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a contribution could be, as JSON has it: leaves, remotes, title and text, who signs.

    Args:
        project: whose taxonomy it is.
        leaves: that the title and the text are about; all that nothing stands against by default.

    Raises:
        EspalierError: Git does not keep the taxonomy, or nothing changed.
    """
    _check_kept(project)
    base, known = find_base(project.taxonomy), remotes(project.taxonomy)
    every = offered(project, base)
    if not every:
        raise EspalierError("No leaf is other than in the taxonomy that you cloned, so there is nothing to contribute.")
    chosen = [each for each in every if (each.leaf in leaves if leaves else not each.problems)]
    states = {each.leaf: each.state for each in chosen}
    title = title_of(states)
    return {
        "base": f"{base.remote}/{base.branch}" if base.remote else "",
        "leaves": [
            {
                "leaf": each.leaf,
                "state": each.state,
                "problems": [asdict(problem) for problem in each.problems],
                "hints": [asdict(hint) for hint in each.hints],
            }
            for each in every
        ],
        "remotes": [{"name": remote.name, "address": shown(remote.address)} for remote in known],
        "title": title,
        "branch": branch_name(title),
        "text": text_of(project, states, any(hint.code == "personal-data" for each in chosen for hint in each.hints)),
        "name": _setting(project, "user.name"),
        "email": _setting(project, "user.email"),
    }


def contribute(
    project: Project,
    leaves: Sequence[str] = (),
    title: str = "",
    text: str = "",
    name: str = "",
    email: str = "",
    push: str | None = None,
    patch: Path | None = None,
    on_progress: Report | None = None,
) -> dict[str, Any]:
    """Return what became of a contribution: branch, commit, title, text, hints, remote, page, patch and problem.

    A branch that cannot be pushed becomes a patch file, and ``problem`` says why.

    Args:
        project: whose taxonomy it is.
        leaves: to contribute; all that changed by default.
        title: one line; made from the leaves by default.
        text: of the pull request; likewise.
        name: of who signs; Git's own setting by default, as with ``email``.
        email: of who signs.
        push: name of a remote, or an address; None takes the first remote there is, "" pushes nowhere.
        patch: file to write; made up where one is needed and none is given.
        on_progress: is told how the push goes; it may raise to cancel.

    Raises:
        EspalierError: something stands against a leaf, nobody is named to sign, or Git refuses.
    """
    _check_kept(project)
    taxonomy = project.taxonomy
    base, known = find_base(taxonomy), remotes(taxonomy)
    chosen = _chosen(project, base, leaves)
    states = {each.leaf: each.state for each in chosen}
    title = " ".join((title or title_of(states)).split())
    if not title:
        raise EspalierError("A contribution needs a title. Say in a line what it is.")
    has_personal = any(hint.code == "personal-data" for each in chosen for hint in each.hints)
    text = text or text_of(project, states, has_personal)
    files = {file: state for each in chosen for file, state in each.files.items()}
    branch, commit = make_branch(taxonomy, base.commit, files, title, name, email)
    result: dict[str, Any] = {"branch": branch, "commit": commit, "title": title, "text": text}
    result |= {"page": "", "patch": "", "problem": "", "remote": ""}
    result["hints"] = [f"{each.leaf}: {hint.message}" for each in chosen for hint in each.hints]
    to = _destination(known, push)
    if to:
        try:
            _push(taxonomy, to, branch, commit, on_progress)
        except GitError as error:
            result["problem"] = str(error)
            patch = patch or project.root / "contributions" / f"{branch.rpartition('/')[2]}.patch"
        else:
            upstream = next((remote.address for remote in known if remote.name == base.remote), to)
            page = compare_page(to, upstream, base.branch, branch, title, text)
            result |= {"page": page, "remote": shown(to)}
    if patch or not to:
        patch = patch or project.root / "contributions" / f"{branch.rpartition('/')[2]}.patch"
        _write(patch, patch_of(taxonomy, commit))
        result["patch"] = str(patch)
    return result


def _chosen(project: Project, base: Base, leaves: Sequence[str]) -> list[Offered]:
    every = {each.leaf: each for each in offered(project, base)}
    unknown = next((leaf for leaf in leaves if leaf not in every), "")
    if unknown:
        raise EspalierError(
            f"The leaf {unknown} is as it is in the taxonomy that you cloned. Change it, or leave it out."
        )
    chosen = [each for each in every.values() if not leaves or each.leaf in leaves]
    if not chosen:
        raise EspalierError("No leaf is other than in the taxonomy that you cloned, so there is nothing to contribute.")
    broken = next((each for each in chosen if each.problems), None)
    if broken:
        first = first_told(project.taxonomy / broken.leaf / LEAF_FILE, broken.problems)
        raise EspalierError(f"The leaf {broken.leaf} cannot be contributed yet. {first}")
    return chosen


def _judged(file: Path) -> tuple[list[Problem], list[Problem]]:
    """Return what stands against a leaf, as ``ilab`` and the public taxonomy judge it, and what is only to be known."""
    found = check_file(file) + check_file(file, "ci")
    problems = {(each.line, each.column, each.code): each for each in found if each.is_error}
    links = [each for each in (file, file.with_name(ATTRIBUTION_FILE)) if each.is_symlink()]
    for link in links:
        message = "This file is a link. Replace it by the file itself, so that others get it too."
        problems[1, 1, link.name] = Problem(str(link), 1, 1, "error", "outside", message)
    for lack in attribution_hint(file):
        problems[1, 1, lack.code] = lack
    hints = {(each.line, each.column, each.code): each for each in found if each.severity == "hint"}
    return list(problems.values()), list(hints.values())


def _check_kept(project: Project) -> None:
    if not is_versioned(project.taxonomy):
        raise EspalierError(
            "Git keeps no history of this taxonomy, so nothing can be contributed from it. Begin one with Keep "
            "History, or make a project around a clone of the taxonomy that you want to contribute to."
        )


def _destination(known: Sequence[Remote], push: str | None) -> str:
    """Return the address to push to, "" for none."""
    if push is None:
        return known[0].address if known else ""
    return next((remote.address for remote in known if remote.name == push), push.strip())


def _push(taxonomy: Path, address: str, branch: str, commit: str, on_progress: Report | None) -> None:
    top = Path(git(taxonomy, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    options = ("--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", "--progress")
    place = f"{commit}:refs/heads/{branch}"
    transfer(top, address, "push", *options, "--", address, place, on_progress=on_progress)


def _setting(project: Project, name: str) -> str:
    return git(project.taxonomy, "config", "--get", name, accept=(0, 1)).decode(errors="replace").strip()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
