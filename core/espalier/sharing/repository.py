"""A repository on the Hub: what is in it, and one commit of a list of files that is made once."""

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import httpx2
import yaml
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    DatasetInfo,
    HfApi,
    ModelInfo,
    RepoCard,
)
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from espalier.clock import duration
from espalier.errors import EspalierError
from espalier.messages import Emit, Note, Stage
from espalier.sharing.bundle import Bundle
from espalier.sharing.hub import PATIENCE, patiently, pause_after
from espalier.sharing.sending import Sending
from espalier.sharing.token import redact
from espalier.sharing.trouble import SENT, telling
from espalier.to_its_end import to_its_end

_EMPTY = {".gitattributes"}  # what the Hub puts into a new repository


@dataclass(frozen=True)
class Remote:
    """A repository as it is on the Hub.

    Attributes:
        head: its newest commit.
        files: their hashes by path: SHA-256 where they are large, else Git's.
    """

    head: str
    private: bool
    files: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Return whether nobody put anything into it."""
        return set(self.files) <= _EMPTY

    def holds(self, additions: Collection[CommitOperationAdd]) -> bool:
        """Return whether every file of a commit is in it."""
        return all(self.files.get(each.path_in_repo) in _hashes(each) for each in additions)


@dataclass(frozen=True)
class Target:
    """Where files go.

    Attributes:
        repo: ``owner/name``.
        kind: ``model`` or ``dataset``.
        private: whether only the owner may see it.
        commits: those that this project made there; what came after one of them is somebody else's.
        over: a commit of somebody else that the person agreed to build upon; "" for none.
        earlier: files that this project put there the last time; those that are published no more are deleted.
    """

    repo: str
    kind: str
    private: bool
    commits: Collection[str] = ()
    over: str = ""
    earlier: Collection[str] = ()


def look(api: HfApi, repo: str, kind: str) -> Remote | None:
    """Return what is in a repository, None when there is none that this account may see.

    Raises:
        EspalierError: the Hub refuses, or cannot be reached.
    """
    with telling(repo):
        return _look(api, repo, kind)


def obstacle(remote: Remote | None, target: Target) -> str:
    """Return why a repository may not be published to as it is, in a sentence; "" when it may."""
    if remote is None or remote.is_empty or remote.head in (*target.commits, target.over):
        return ""
    if target.commits:
        return (
            f"{target.repo} was changed on the Hub since you published it. Look at what is there before you replace it."
        )
    return f"{target.repo} is on the Hub already, with files that are not from this project. Look at them first."


def shown_already(remote: Remote | None, target: Target) -> str:
    """Return in a sentence that everybody sees a repository that is meant to be private; "" where it is not so."""
    if remote and target.private and not remote.private:
        return f"{target.repo} is public on the Hub. Publish for everybody, or choose another name."
    return ""


def publish_files(api: HfApi, target: Target, bundle: Bundle, title: str, emit: Emit) -> str:
    """Publish a list of files in one commit, and return the commit's id.

    The repository is made first where there is none, private until the commit is there. Files that the Hub has
    already are not sent again, so that publishing again goes on where it stopped.

    Raises:
        EspalierError: the Hub refuses, cannot be reached, or holds what would be replaced.
    """
    repo, kind = target.repo, target.kind

    def tell(pause: float) -> None:
        emit(Note(f"The Hub has trouble, or wants fewer requests. Asking again in {duration(pause)}."))

    with telling(repo, SENT), Sending(bundle.entries, emit) as sending:
        card = next((entry.text for entry in bundle.entries if entry.path == "README.md"), "")
        if card:
            _check_card(card, kind)
        emit(Stage("read", f"Reading what goes to {repo}"))
        sending.read()
        remote = _look(api, repo, kind)
        if remote is None:
            patiently(lambda: api.create_repo(repo, private=True, repo_type=kind, exist_ok=True), on_pause=tell)
            remote = _look(api, repo, kind)
        if remote is None:
            raise EspalierError(f"{repo} is taken on the Hub, and your token may not see it. Choose another name.")
        if problem := shown_already(remote, target):
            raise EspalierError(problem)
        if not remote.holds(sending.additions) and (problem := obstacle(remote, target)):
            raise EspalierError(problem)
        emit(Stage("upload", f"Sending to {repo}"))
        sending.send(api, repo, kind)
        emit(Stage("commit", f"Publishing {repo}"))
        with to_its_end():
            commit = _commit(api, target, sending.additions, remote, title, tell)
            if remote.private and not target.private:
                patiently(lambda: api.update_repo_settings(repo, private=False, repo_type=kind))
        return commit


def _commit(
    api: HfApi,
    target: Target,
    additions: list[CommitOperationAdd],
    before: Remote,
    title: str,
    on_pause: Callable[[float], None],
) -> str:
    """Commit once, also where the Hub makes the commit and its answer is lost."""
    kept = {each.path_in_repo for each in additions}
    gone = [path for path in target.earlier if path in before.files and path not in kept | _EMPTY]
    operations: list[CommitOperationAdd | CommitOperationDelete | CommitOperationCopy] = [*additions]
    operations += [CommitOperationDelete(path, is_folder=False) for path in gone]
    failures = 0
    while True:
        try:
            made = api.create_commit(
                target.repo, operations, commit_message=title, repo_type=target.kind, parent_commit=before.head
            )
            return str(made.oid)
        except (HfHubHTTPError, httpx2.TransportError) as error:
            failures += 1
            pause = pause_after(error, failures, PATIENCE)
            is_refused = isinstance(error, HfHubHTTPError) and error.response.status_code < 500
            after = None if is_refused else _look(api, target.repo, target.kind)
            if after and after.head != before.head and after.holds(additions):
                return after.head
            if pause is None or (after and after.head != before.head):
                raise
        on_pause(pause)
        time.sleep(pause)


def _check_card(card: str, kind: str) -> None:
    """Ask the Hub whether it takes a card, before anything large is sent.

    Raises:
        EspalierError: it does not.
    """
    try:
        parsed = RepoCard(card)
        patiently(lambda: parsed.validate(repo_type=kind))
    except (ValueError, yaml.YAMLError) as error:
        reason = redact(" ".join(str(error).split()))[:200]
        raise EspalierError(
            f"The Hub does not take the card's first lines, those between “---”: {reason}. Mend them and publish again."
        ) from None


def _look(api: HfApi, repo: str, kind: str) -> Remote | None:
    try:
        ask = api.dataset_info if kind == "dataset" else api.model_info
        info: ModelInfo | DatasetInfo = patiently(lambda: ask(repo, files_metadata=True))
    except RepositoryNotFoundError:
        return None
    files = {}
    for each in info.siblings or ():
        files[each.rfilename] = str(each.lfs.sha256 if each.lfs else each.blob_id)
    return Remote(str(info.sha), bool(info.private), files)


def _hashes(addition: CommitOperationAdd) -> set[str]:
    """Return the two hashes that the Hub may know a file by."""
    found = {addition.upload_info.sha256.hex()}
    if addition.upload_info.size <= 20_000_000:  # larger ones are never regular files
        with addition.as_file() as file:
            content = file.read()
        found.add(hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest())
    return found
