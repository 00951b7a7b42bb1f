"""Where a taxonomy's repository came from and where a contribution goes: remotes, and the page that compares."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from espalier.git import git
from espalier.git_errors import GitError

_LONGEST_PAGE = 6_000  # characters: servers refuse longer addresses from about 8,000
_SSH = re.compile(r"(?:ssh://)?(?:[\w.-]+@)?([\w.-]+)(?::\d+/|[:/])(.+)")
_WEB = re.compile(r"https?://(?:[^/@]*@)?([^/:]+(?::\d+)?)/(.+)")


@dataclass(frozen=True)
class Remote:
    """A repository that the clone knows.

    Attributes:
        name: in the clone.
        address: that a branch is pushed to; it may hold a password, so people see it through `git_errors.shown`.
    """

    name: str
    address: str


@dataclass(frozen=True)
class Base:
    """What a contribution is counted from.

    Attributes:
        remote: name of the remote that it goes to in the end, "" when the clone knows none.
        branch: there.
        commit: the last one of the clone's history that is part of it; "" when everything is new.
    """

    remote: str = ""
    branch: str = "main"
    commit: str = ""


def remotes(taxonomy: Path) -> list[Remote]:
    """Return the repositories that the clone can push to, its own fork first."""
    found = []
    for name in git(taxonomy, "remote").decode().splitlines():
        address = git(taxonomy, "remote", "get-url", "--push", "--", name, accept=(0, 2, 128)).decode().strip()
        if address:
            found.append(Remote(name, address))
    has_upstream = any(remote.name == "upstream" for remote in found)
    order = ("fork", "origin", "upstream") if has_upstream else ("fork", "mine", "origin")
    return sorted(found, key=lambda remote: order.index(remote.name) if remote.name in order else len(order))


def find_base(taxonomy: Path) -> Base:
    """Return what a contribution is counted from: the taxonomy that others keep, as it was last fetched."""
    names = git(taxonomy, "remote").decode().splitlines()
    for name in sorted(names, key=lambda name: (name != "upstream", name != "origin", name)):
        head = _line(taxonomy, "symbolic-ref", "--quiet", "--short", f"refs/remotes/{name}/HEAD").removeprefix(
            f"{name}/"
        )
        for branch in dict.fromkeys(filter(None, (head, "main", "master"))):
            commit = _line(taxonomy, "rev-parse", "--verify", "--quiet", f"refs/remotes/{name}/{branch}^{{commit}}")
            shared = _line(taxonomy, "merge-base", "HEAD", commit) if commit else ""
            if shared:
                return Base(name, branch, shared)
    return Base()


def compare_page(pushed: str, upstream: str, base: str, branch: str, title: str, text: str) -> str:
    """Return the page on which a person opens the pull request, "" when the host is none of a known kind.

    Args:
        pushed: address of the repository that has the branch.
        upstream: address of the one that it is for.
        base: its branch.
        branch: that was pushed.
        title: of the pull request, filled in where the page takes it.
        text: likewise; it is left out when the address became too long for a server.
    """
    own, theirs = _place(pushed), _place(upstream)
    if own is None:
        return ""
    if theirs is None or theirs[0] != own[0]:
        theirs = own
    host, path = own
    if "gitlab" in host:
        words = {"merge_request[source_branch]": branch, "merge_request[title]": title}
        return _with(f"https://{host}/{path}/-/merge_requests/new", words, {"merge_request[description]": text})
    if host in ("github.com", "codeberg.org") or "gitea" in host or "forgejo" in host or "github" in host:
        owner = path.partition("/")[0]
        head = branch if path == theirs[1] else f"{owner}:{branch}"
        page = f"https://{host}/{theirs[1]}/compare/{quote(base)}...{quote(head, safe='/:')}"
        return _with(page, {"expand": "1", "title": title}, {"body": text})
    return ""


def _with(page: str, words: dict[str, str], long: dict[str, str]) -> str:
    whole = f"{page}?{urlencode(words | long)}"
    return whole if len(whole) <= _LONGEST_PAGE else f"{page}?{urlencode(words)}"


def _place(address: str) -> tuple[str, str] | None:
    """Return the host of a repository and its path there; None for one on this machine."""
    is_ssh = address.startswith("ssh://") or re.match(r"(?:[\w.-]+@)?[\w.-]{2,}:(?!//)", address)
    found = _SSH.fullmatch(address) if is_ssh else _WEB.fullmatch(address)
    if found is None:
        return None
    path = found[2].strip("/").removesuffix(".git")
    return (found[1].casefold(), path) if "/" in path else None


def _line(taxonomy: Path, *arguments: str) -> str:
    try:
        return git(taxonomy, *arguments, accept=(0, 1, 128)).decode().strip()
    except GitError:
        return ""
