"""What a Hub keeps: accounts, repositories with their commits, and blobs; in memory."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

LFS_NAMES = {".safetensors", ".gguf", ".bin", ".npz", ".model", ".zip", ".parquet"}
LFS_SIZE = 10_000_000
ATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.gguf filter=lfs diff=lfs merge=lfs -text\n"


@dataclass(frozen=True)
class Account:
    """Who a token belongs to.

    Attributes:
        role: of the token: ``read``, ``write`` or ``fineGrained``.
        organisations: the role of the account in each.
        scopes: of a fine-grained token: its permissions by the name of a user, organisation or repository.
        accepted: gated repositories whose terms the account accepted.
    """

    name: str
    token: str
    role: str = "write"
    organisations: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()

    def may_write(self, repo_id: str) -> bool:
        """Return whether this token may change a repository, or make it."""
        owner = repo_id.split("/")[0]
        is_member = owner == self.name or self.organisations.get(owner) in ("write", "admin")
        if self.role == "fineGrained":
            given = {*self.scopes.get(owner, ()), *self.scopes.get(repo_id, ())}
            return is_member and "repo.write" in given
        return is_member and self.role == "write"

    def may_read(self, repo_id: str) -> bool:
        """Return whether this account sees a private repository."""
        owner = repo_id.split("/")[0]
        return owner == self.name or owner in self.organisations

    def whoami(self) -> dict[str, Any]:
        """Return what ``/api/whoami-v2`` tells."""
        access: dict[str, Any] = {"displayName": "test", "role": self.role}
        if self.role == "fineGrained":
            scoped = [
                {
                    "entity": {"type": "user" if name == self.name else "org", "name": name, "_id": name},
                    "permissions": p,
                }
                for name, p in self.scopes.items()
            ]
            access["fineGrained"] = {"scoped": scoped, "global": [], "canReadGatedRepos": True}
        orgs = [{"type": "org", "name": name, "roleInOrg": role} for name, role in self.organisations.items()]
        return {
            "type": "user",
            "name": self.name,
            "orgs": orgs,
            "auth": {"type": "access_token", "accessToken": access},
        }


@dataclass(frozen=True)
class Blob:
    """The content of one file in one commit."""

    content: bytes
    is_lfs: bool

    @property
    def sha256(self) -> str:
        """Return the hash that names it in the large file storage."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def oid(self) -> str:
        """Return what Git would call it, its content being that of a regular file."""
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()

    @property
    def etag(self) -> str:
        """Return its name in a client's cache."""
        return self.sha256 if self.is_lfs else self.oid


@dataclass(frozen=True)
class Commit:
    """One state of a repository."""

    oid: str
    title: str
    files: Mapping[str, Blob]


@dataclass
class Repo:
    """A repository; ``kind`` is ``model`` or ``dataset``, ``facts`` are added to what is told of it."""

    id: str
    kind: str = "model"
    private: bool = False
    gated: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        """Return the newest commit."""
        return self.commits[-1]

    @property
    def files(self) -> dict[str, bytes]:
        """Return what the newest commit holds."""
        return {path: blob.content for path, blob in self.head.files.items()}

    def at(self, revision: str) -> Commit | None:
        """Return the commit of a revision: ``main``, or a commit's id."""
        if revision in ("main", "refs/heads/main"):
            return self.head
        return next((commit for commit in self.commits if commit.oid == revision), None)

    def commit(self, files: Mapping[str, Blob | None], title: str) -> Commit:
        """Add, replace and (None) delete files in one commit."""
        kept = dict(self.commits[-1].files) if self.commits else {}
        kept |= {path: blob for path, blob in files.items() if blob}
        kept = {path: blob for path, blob in kept.items() if path not in files or files[path]}
        listing = "".join(f"{path} {blob.sha256}\n" for path, blob in sorted(kept.items()))
        oid = hashlib.sha1(f"{self.kind} {self.id} {len(self.commits)} {title}\n{listing}".encode()).hexdigest()
        self.commits.append(Commit(oid, title, kept))
        return self.head


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Return whether a file belongs into the large file storage."""
    return PurePosixPath(path).suffix in LFS_NAMES or size > LFS_SIZE or b"\0" in sample


@dataclass
class Store:
    """Everything a Hub keeps."""

    accounts: dict[str, Account] = field(default_factory=dict)
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add_account(self, account: Account) -> Account:
        """Let a token in."""
        self.accounts[account.token] = account
        return account

    def add_repo(
        self,
        repo_id: str,
        files: Mapping[str, bytes] | None = None,
        kind: str = "model",
        private: bool = False,
        gated: bool = False,
        **facts: Any,
    ) -> Repo:
        """Make a repository that holds files; ``facts``, such as ``downloads`` and ``tags``, are told of it."""
        repo = Repo(repo_id, kind, private, gated, dict(facts))
        repo.commit({".gitattributes": Blob(ATTRIBUTES, False)}, "initial commit")
        if files:
            blobs = {path: Blob(text, is_large(path, len(text), text[:512])) for path, text in files.items()}
            self.blobs |= {blob.sha256: blob.content for blob in blobs.values() if blob.is_lfs}
            repo.commit(dict(blobs), "files")
        self.repos[kind, repo_id] = repo
        return repo

    def add_folder(self, repo_id: str, folder: Path, **more: Any) -> Repo:
        """Make a repository of a folder's files."""
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return self.add_repo(repo_id, found, **more)
