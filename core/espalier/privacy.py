"""Every host that Espalier may contact, why, and what has to be allowed first; there is no other, and no telemetry."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from espalier.errors import EspalierError
from espalier.git import git
from espalier.releases import feed
from espalier.settings import usable_settings

Purpose = Literal["endpoint", "hub", "package index", "releases", "git remote"]
_HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Host:
    """One machine on the network.

    Attributes:
        name: host, with its port where one is written; "" where another program knows it.
        purpose: why it is contacted.
        is_allowed: whether a person has allowed it; None where the act itself, such as a download, says so.
        origin: scheme and host of an endpoint, with which `teachers.permission` knows it.
    """

    name: str
    purpose: Purpose
    is_allowed: bool | None = None
    origin: str = ""


def hosts(projects: Iterable[Path]) -> list[Host]:
    """Return the hosts: allowed endpoints, the Hub, pip's index, the list of releases, these projects' Git remotes."""
    settings = usable_settings()
    found = [Host(_host_of(origin), "endpoint", settings.uses_remote, origin) for origin in settings.allowed_endpoints]
    found.append(Host(_host_of(os.environ.get("HF_ENDPOINT") or _HUB), "hub"))
    found.append(Host(_host_of(os.environ.get("PIP_INDEX_URL", "")), "package index"))
    if host := _host_of(feed()):
        found.append(Host(host, "releases", settings.seeks_updates or None))
    names = dict.fromkeys(name for project in projects for name in _remotes(project / "taxonomy"))
    return found + [Host(name, "git remote") for name in names]


def _remotes(taxonomy: Path) -> Iterator[str]:
    if not (taxonomy / ".git").exists():
        return
    try:
        told = git(taxonomy, "config", "--get-regexp", r"^remote\..*\.url$", accept=(0, 1))
    except EspalierError:
        return
    for line in told.decode(errors="replace").splitlines():
        address = line.partition(" ")[2]
        if host := _host_of(address):
            yield host


def _host_of(address: str) -> str:
    """Return the host of an address, also of Git's short form ``me@host:path``; "" for a path on this machine."""
    if "://" not in address:
        before, colon, _ = address.partition(":")
        return before.rpartition("@")[2] if colon and "/" not in before else ""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
