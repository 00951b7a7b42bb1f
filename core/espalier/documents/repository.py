"""Files of a Git repository at one commit, without a checkout: paths and links in it lead nowhere."""

import hashlib
import os
import posixpath
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.git import Report, check_address, git, is_address, transfer
from espalier.git_errors import GitError, shown

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_ID = re.compile(r"[0-9a-f]{7,64}")
_NAME = re.compile(r"\w[\w./+-]*")
_UNKNOWN = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such ref|invalid refspec", re.I)
_SHALLOW = ("--depth=1", "--filter=blob:none", "--no-tags", "--no-recurse-submodules")


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit, in the cache.

    Attributes:
        address: of the repository, without a password.
        commit: its full id.
        files: the object of each plain file, by path.
        links: the object of each link, by path; it holds where the link leads.
    """

    folder: Path
    address: str
    commit: str
    files: dict[str, str]
    links: dict[str, str]


def cache_folder() -> Path:
    """Return the folder for what can be fetched again, which may not exist yet; ``ESPALIER_HOME`` moves it."""
    if home := os.environ.get("ESPALIER_HOME"):
        return Path(home).expanduser() / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "Espalier"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "espalier"


def open_snapshot(repo: str, commit: str, on_progress: Report | None = None) -> Snapshot:
    """Return a repository at a commit; what names one commit for ever is fetched once and then read from the cache.

    Args:
        repo: an address, or the absolute path of a repository on this machine.
        commit: an id, whole or its first characters, or a branch or tag, which is fetched anew each time.
        on_progress: is told how that goes; it may raise to cancel.

    Raises:
        EspalierError: the repository cannot be reached or has no such commit.
    """
    check_address(repo)
    if not is_address(repo) and not Path(repo).is_absolute():
        raise EspalierError(f"“{repo}” is no address of a repository. Write one that starts with https://.")
    if not _NAME.fullmatch(commit) or ".." in commit:
        raise EspalierError(f"“{commit}” is no commit, branch or tag. Write the id of a commit.")
    key = hashlib.sha256(f"{repo}\0{commit}".encode()).hexdigest()[:16]
    folder = cache_folder() / "documents" / key
    found = _resolve(folder, commit) if folder.is_dir() and _SHORT_ID.fullmatch(commit) else ""
    if not found:
        found = _fetch_into(folder, repo, commit, on_progress)
    return _snapshot(folder, shown(repo), found)


def fetch_files(snapshot: Snapshot, paths: Iterable[str], on_progress: Report | None = None) -> None:
    """Fetch what is still missing of the files, all at once; read afterwards, they come from the cache."""
    wanted = {snapshot.files[path] for path in paths}
    listed = _git(snapshot.folder, "rev-list", "--objects", "--missing=print", "--max-count=1", snapshot.commit)
    missing = wanted & {line[1:] for line in listed.decode(errors="replace").splitlines() if line.startswith("?")}
    if missing:
        options = ("--progress", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin")
        objects = "\n".join(sorted(missing)).encode()
        transfer(
            snapshot.folder, snapshot.address, "--git-dir=.", "fetch", *options, text=objects, on_progress=on_progress
        )


def behind_link(snapshot: Snapshot, link: str) -> str | None:
    """Return the path of the plain file that a link leads to, None when it leads elsewhere or out of the repository."""
    target = _git(snapshot.folder, "cat-file", "blob", snapshot.links[link]).decode(errors="surrogateescape")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    return path if path in snapshot.files else None


def file_size(snapshot: Snapshot, path: str) -> int:
    """Return the bytes of a file."""
    return int(_git(snapshot.folder, "cat-file", "-s", snapshot.files[path]))


def read_file(snapshot: Snapshot, path: str) -> bytes:
    """Return the content of a file."""
    return _git(snapshot.folder, "cat-file", "blob", snapshot.files[path])


def _git(folder: Path, *arguments: str, accept: tuple[int, ...] = (0,)) -> bytes:
    return git(folder, "--git-dir=.", *arguments, accept=accept)


def _fetch_into(folder: Path, repo: str, commit: str, on_progress: Report | None) -> str:
    """Fetch a commit into a folder of the cache and return its full id."""
    if folder.is_dir():
        return _fetch(folder, repo, commit, on_progress)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        git(new, "init", "--quiet", "--bare", "--template=", ".")
        _git(new, "config", "remote.origin.url", repo)
        found = _fetch(new, repo, commit, on_progress)
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
        return found
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _fetch(folder: Path, repo: str, commit: str, on_progress: Report | None) -> str:
    fetch = ("--git-dir=.", "fetch", "--progress", "--force")
    try:
        transfer(folder, repo, *fetch, *_SHALLOW, "origin", commit, on_progress=on_progress)
        return _resolve(folder, "FETCH_HEAD")
    except GitError as error:
        if not _UNKNOWN.search(error.output):
            raise
    # The first characters of an id, or a server that gives out branches and tags alone.
    everything = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    transfer(folder, repo, *fetch, "--filter=blob:none", "origin", *everything, on_progress=on_progress)
    found = _resolve(folder, commit)
    if not found:
        raise EspalierError(
            f"The repository {shown(repo)} has no commit, branch or tag “{commit}”. Correct it in the leaf's document."
        )
    return found


def _resolve(folder: Path, commit: str) -> str:
    """Return the full id of a commit that the cache has, or ""."""
    options = ("--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    return _git(folder, "rev-parse", *options, accept=(0, 1, 128)).decode().strip()


def _snapshot(folder: Path, address: str, commit: str) -> Snapshot:
    files, links = {}, {}
    for line in _git(folder, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        about, _, name = line.partition(b"\t")
        path = name.decode(errors="surrogateescape")
        match about.decode().split():
            case ["100644" | "100755", _, object_id]:
                files[path] = object_id
            case ["120000", _, object_id]:
                links[path] = object_id
    return Snapshot(folder, address, commit, files, links)
