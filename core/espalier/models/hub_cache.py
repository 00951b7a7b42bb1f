"""The cache that every program on this machine shares for models of the Hub, read without any network.

A repository ``owner/name`` is the folder ``models--owner--name`` with ``blobs/<hash>``, ``snapshots/<commit>/<file>``
as links to them, and ``refs/main``, the commit that was newest when somebody asked.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.files import read_lines
from espalier.models.places import home_folder

PART = ".app.part"
"""Ends the name of a file that this program has begun to fetch, beside the finished ones."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Fetched:
    """One download that this program has finished: the model's id, its commit, and the bytes of its files."""

    id: str
    revision: str
    bytes: int


def cache_folder() -> Path:
    """Return the Hub cache, which may not exist yet, where huggingface_hub puts it."""
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "huggingface" / "hub"


def is_hub_id(name: str) -> bool:
    """Return whether a name can be that of a model on the Hub: owner, slash, name."""
    return bool(_ID.fullmatch(name)) and ".." not in name and "--" not in name


def repo_folder(name: str) -> Path:
    """Return the folder of a repository in the cache, given its id."""
    return cache_folder() / ("models--" + name.replace("/", "--"))


def cached_ids() -> list[str]:
    """Return the ids of the repositories that the cache has something of, by name."""
    names = (path.name.removeprefix("models--").split("--", 1) for path in cache_folder().glob("models--*--*"))
    return sorted("/".join(parts) for parts in names)


def snapshots(name: str) -> Iterator[Path]:
    """Yield the folders of a repository's commits: the one we fetched last, the main one, then the newest first."""
    folder = repo_folder(name) / "snapshots"
    try:
        there = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime)
        main = (repo_folder(name) / "refs" / "main").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        main = ""
        there = sorted(folder.glob("*"))
    wanted = [each.revision for each in reversed(fetched()) if each.id == name] + [main]
    order = {revision: place for place, revision in reversed(list(enumerate(wanted)))}
    yield from sorted(there, key=lambda path: order.get(path.name, len(order) + len(wanted)))


def fetched() -> list[Fetched]:
    """Return what this program has downloaded and not removed, oldest first."""
    found: dict[tuple[str, str], Fetched] = {}
    for line in read_lines(journal()):
        if isinstance(line, dict) and {"id", "revision", "bytes"} <= set(line):
            key = (str(line["id"]), str(line["revision"]))
            found.pop(key, None)
            if not line.get("removed"):
                found[key] = Fetched(*key, int(line["bytes"]))
    return list(found.values())


def journal() -> Path:
    """Return the file in which downloads and removals are noted, one a line."""
    return home_folder() / "downloads.jsonl"
