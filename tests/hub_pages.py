"""What a Hub answers: each page of its interface, as the client huggingface_hub asks for them."""

import base64
import json
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import yaml
from hub_faults import Reply, refused, told
from hub_store import Account, Blob, Commit, Repo, Store, is_large


@dataclass(frozen=True)
class Request:
    """One request; ``base`` and ``blobs`` are this server's own addresses by its two names."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    base: str
    blobs: str

    @property
    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body or b"{}")

    @property
    def token(self) -> str:
        """Return the token that was sent, "" without one."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def one(self, name: str, default: str = "") -> str:
        """Return one value of the query."""
        return self.query.get(name, [default])[0]


class RefusedError(Exception):
    """A page that cannot be given."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass
class Hub(Store):
    """A Hub's pages over its store.

    Attributes:
        page: how many entries one page of a listing has.
        part: bytes of a part of an upload; what is larger comes in parts.
    """

    page: int = 1000
    part: int = 8_000_000
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request."""
        try:
            if request.token and request.token not in self.accounts:
                raise RefusedError(refused(401, "Invalid credentials in Authorization header"))
            for method, pattern, page in PAGES:
                found = re.fullmatch(pattern, request.path)
                if found and request.method in method.split():
                    return page(self, request, **found.groupdict(""))
            return refused(404, f"no page {request.method} {request.path}")
        except RefusedError as error:
            return error.reply
        except Exception:
            return refused(400, f"the server of these tests is wrong: {traceback.format_exc()[-400:]!r}")

    def account(self, request: Request) -> Account:
        """Return who asks."""
        if not request.token:
            raise RefusedError(refused(401, "Invalid username or password."))
        return self.accounts[request.token]

    def repo(self, request: Request, kind: str, name: str) -> Repo:
        """Return a repository that who asks may see."""
        found = self.repos.get((kind, name))
        who = self.accounts.get(request.token)
        if not found or (found.private and not (who and who.may_read(name))):
            raise RefusedError(refused(404 if who else 401, "Repository not found", "RepoNotFound"))
        return found

    def writable(self, request: Request, kind: str, name: str) -> Repo:
        """Return a repository that who asks may change."""
        found = self.repo(request, kind, name)
        if not self.account(request).may_write(name):
            raise RefusedError(refused(403, f"You don't have the rights to write to {name}"))
        return found

    def open(self, request: Request, kind: str, name: str) -> Repo:
        """Return a repository whose files who asks may fetch."""
        found = self.repo(request, kind, name)
        who = self.accounts.get(request.token)
        if found.gated and not (who and name in who.accepted):
            code = 403 if who else 401
            raise RefusedError(
                refused(code, f"Access to model {name} is restricted. Ask for access first.", "GatedRepo")
            )
        return found


def _at(repo: Repo, revision: str) -> Commit:
    found = repo.at(unquote(revision))
    if not found:
        raise RefusedError(refused(404, f"Invalid rev id: {revision}", "RevisionNotFound"))
    return found


def _whoami(hub: Hub, request: Request) -> Reply:
    return told(hub.account(request).whoami())


def _create(hub: Hub, request: Request) -> Reply:
    who, asked = hub.account(request), request.json
    name, kind = f"{asked.get('organization') or who.name}/{asked['name']}", asked.get("type", "model")
    url = f"{request.base}/{'datasets/' if kind == 'dataset' else ''}{name}"
    if not who.may_write(name):
        return refused(403, f"You don't have the rights to create a {kind} under the namespace {name.split('/')[0]}")
    if (kind, name) in hub.repos:
        return told({"error": f"You already created this {kind} repo", "url": url}, 409)
    hub.add_repo(name, kind=kind, private=asked.get("visibility") == "private" or bool(asked.get("private")))
    return told({"url": url, "name": name})


def _delete(hub: Hub, request: Request) -> Reply:
    who, asked = hub.account(request), request.json
    name, kind = f"{asked.get('organization') or who.name}/{asked['name']}", asked.get("type", "model")
    hub.writable(request, kind, name)
    del hub.repos[kind, name]
    return Reply()


def _settings(hub: Hub, request: Request, kind: str, name: str) -> Reply:
    repo = hub.writable(request, kind, name)
    if "visibility" in request.json or "private" in request.json:
        repo.private = request.json.get("visibility") == "private" or bool(request.json.get("private"))
    return told({"private": repo.private})


def _validate(hub: Hub, request: Request) -> Reply:
    front = re.match(r"---\r?\n(.*?)\r?\n---", request.json["content"], re.DOTALL)
    try:
        metadata = yaml.safe_load(front[1]) if front else {}
        errors = [] if isinstance(metadata, dict) else [{"message": "metadata is no mapping"}]
    except yaml.YAMLError as error:
        errors = [{"message": str(error).split("\n")[0]}]
    return told({"errors": errors, "warnings": []}, 400 if errors else 200)


def _preupload(hub: Hub, request: Request, kind: str, name: str, revision: str) -> Reply:
    commit, files = _at(hub.writable(request, kind, name), revision), []
    for each in request.json["files"]:
        large = is_large(each["path"], each["size"], base64.b64decode(each["sample"]))
        told_of = {"path": each["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        there = commit.files.get(each["path"])
        files.append({**told_of, **({"oid": there.etag} if there else {})})
    return told({"files": files})


def _batch(hub: Hub, request: Request, prefix: str, name: str) -> Reply:
    hub.writable(request, "dataset" if prefix else "model", name)
    objects = []
    for each in request.json["objects"]:
        oid, size = each["oid"], each["size"]
        answer = {"oid": oid, "size": size}
        if oid not in hub.blobs:
            upload: dict[str, Any] = {"href": f"{request.blobs}/lfs/{oid}?signature=secret"}
            if size > hub.part and "multipart" in request.json["transfers"]:
                count = ceil(size / hub.part)
                urls = {f"{n:05}": f"{request.blobs}/lfs/{oid}/part/{n}?signature=secret" for n in range(1, count + 1)}
                upload = {"href": f"{request.base}/lfs/{oid}/complete", "header": {"chunk_size": str(hub.part), **urls}}
            answer["actions"] = {"upload": upload, "verify": {"href": f"{request.base}/lfs/{oid}/verify"}}
        objects.append(answer)
    return told({"transfer": "basic", "objects": objects})


def _put(hub: Hub, request: Request, oid: str) -> Reply:
    hub.blobs[oid] = request.body
    return Reply()


def _put_part(hub: Hub, request: Request, oid: str, number: str) -> Reply:
    hub.parts.setdefault(oid, {})[int(number)] = request.body
    return Reply(headers={"ETag": f'"{oid[:8]}-{number}"'})


def _complete(hub: Hub, request: Request, oid: str) -> Reply:
    parts = hub.parts.pop(oid, {})
    wanted = [(each["partNumber"], each["etag"]) for each in request.json["parts"]]
    if wanted != [(number, f'"{oid[:8]}-{number}"') for number in sorted(parts)]:
        return refused(400, "parts are missing")
    hub.blobs[oid] = b"".join(parts[number] for number in sorted(parts))
    return told({"success": True})


def _verify(hub: Hub, request: Request, oid: str) -> Reply:
    hub.account(request)
    content = hub.blobs.get(oid)
    if content is None or Blob(content, True).sha256 != oid or len(content) != request.json["size"]:
        hub.blobs.pop(oid, None)
        return refused(400, f"the content of {oid} is not what was announced")
    return Reply()


def _commit(hub: Hub, request: Request, kind: str, name: str, revision: str) -> Reply:
    repo = hub.writable(request, kind, name)
    _at(repo, revision)
    lines = [json.loads(line) for line in request.body.splitlines() if line]
    header = lines[0]["value"]
    if header.get("parentCommit") not in (None, repo.head.oid):
        return refused(412, "A commit has happened since. Please refresh and try again.")
    files: dict[str, Blob | None] = {}
    for line in lines[1:]:
        value, key = line["value"], line["key"]
        if key == "file":
            files[value["path"]] = Blob(base64.b64decode(value["content"]), False)
        elif key == "lfsFile":
            if value["oid"] not in hub.blobs:
                return refused(400, f"LFS pointer pointed to a file that does not exist: {value['oid']}")
            files[value["path"]] = Blob(hub.blobs[value["oid"]], True)
        elif key == "deletedFile":
            files[value["path"]] = None
        elif key == "deletedFolder":
            files |= {path: None for path in repo.head.files if path.startswith(value["path"].rstrip("/") + "/")}
    commit = repo.commit(files, header["summary"])
    return told({"success": True, "commitOid": commit.oid, "commitUrl": f"{request.base}/{name}/commit/{commit.oid}"})


def _facts(repo: Repo, commit: Commit, with_blobs: bool) -> dict[str, Any]:
    siblings: list[dict[str, Any]] = []
    for path, blob in sorted(commit.files.items()):
        more: dict[str, Any] = {"size": len(blob.content), "blobId": blob.oid}
        if blob.is_lfs:
            more["lfs"] = {"sha256": blob.sha256, "size": len(blob.content), "pointerSize": 134}
        siblings.append({"rfilename": path, **(more if with_blobs else {})})
    told_of = {"id": repo.id, "modelId": repo.id, "sha": commit.oid, "private": repo.private, "siblings": siblings}
    usual = {"tags": [], "downloads": 0, "likes": 0, "disabled": False, "author": repo.id.split("/")[0]}
    usual["lastModified"] = usual["createdAt"] = datetime(2026, 11, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    gated = "manual" if repo.gated else False
    return {**usual, **told_of, "gated": gated, **repo.facts, "_id": repo.id}


def _info(hub: Hub, request: Request, kind: str, name: str, revision: str = "main") -> Reply:
    repo = hub.repo(request, kind, name)
    return told(_facts(repo, _at(repo, revision), request.one("blobs").lower() in ("1", "true")))


def _entry(path: str, blob: Blob) -> dict[str, Any]:
    size = len(blob.content)
    large = {"lfs": {"oid": blob.sha256, "size": size, "pointerSize": 134}} if blob.is_lfs else {}
    return {"type": "file", "path": path, "size": size, "oid": blob.oid, **large}


def _tree(hub: Hub, request: Request, kind: str, name: str, revision: str, folder: str = "") -> Reply:
    commit = _at(hub.repo(request, kind, name), revision)
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    entries: list[dict[str, Any]] = []
    seen: set[str] = set()
    for path, blob in sorted(commit.files.items()):
        inner = path.removeprefix(prefix)
        if not path.startswith(prefix):
            continue
        parts = inner.split("/")
        for depth in range(1, len(parts)):
            above = prefix + "/".join(parts[:depth])
            if above not in seen and (depth == 1 or request.one("recursive").lower() == "true"):
                seen.add(above)
                entries.append({"type": "directory", "path": above, "size": 0, "oid": Blob(above.encode(), False).oid})
        if len(parts) == 1 or request.one("recursive").lower() == "true":
            entries.append(_entry(path, blob))
    return _paged(hub, request, entries)


def _paged(hub: Hub, request: Request, entries: list[Any]) -> Reply:
    start, size = int(request.one("cursor", "0")), min(hub.page, int(request.one("limit", "0") or 0) or hub.page)
    headers = {}
    if start + size < len(entries):
        kept = "&".join(f"{k}={quote(v)}" for k, values in request.query.items() for v in values if k != "cursor")
        headers = {"Link": f'<{request.base}{quote(request.path)}?{kept}&cursor={start + size}>; rel="next"'}
    return told(entries[start : start + size], headers=headers)


def _paths(hub: Hub, request: Request, kind: str, name: str, revision: str) -> Reply:
    commit = _at(hub.repo(request, kind, name), revision)
    is_form = "form" in request.headers.get("content-type", "")
    asked = parse_qs(request.body.decode())["paths"] if is_form else request.json["paths"]
    return told([_entry(path, commit.files[path]) for path in asked if path in commit.files])


def _history(hub: Hub, request: Request, kind: str, name: str, revision: str) -> Reply:
    repo = hub.repo(request, kind, name)
    _at(repo, revision)
    date = "2026-11-01T00:00:00.000Z"
    return told(
        [{"id": c.oid, "title": c.title, "message": "", "authors": [], "date": date} for c in repo.commits[::-1]]
    )


def _refs(hub: Hub, request: Request, kind: str, name: str) -> Reply:
    head = hub.repo(request, kind, name).head.oid
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": head}
    return told({"branches": [main], "tags": [], "converts": []})


def _access(hub: Hub, request: Request, kind: str, name: str, write: str) -> Reply:
    (hub.writable if write else hub.open)(request, kind, name)
    return Reply()


def _resolve(hub: Hub, request: Request, prefix: str, name: str, revision: str, file: str) -> Reply:
    commit = _at(hub.open(request, "dataset" if prefix else "model", name), revision)
    blob = commit.files.get(unquote(file))
    headers = {"X-Repo-Commit": commit.oid}
    if blob is None:
        return refused(404, "Entry not found", "EntryNotFound", headers)
    headers |= {"ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
    if not blob.is_lfs:
        return _part_of(request, blob.content, headers)
    size = str(len(blob.content))
    linked = {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": size, "X-Linked-Commit": commit.oid}
    place = f"{request.blobs}/blobs/{blob.sha256}?signature=secret"
    return Reply(302, {**headers, **linked, "Location": place})


def _blob(hub: Hub, request: Request, oid: str) -> Reply:
    return _part_of(request, hub.blobs[oid], {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


def _part_of(request: Request, content: bytes, headers: Mapping[str, str]) -> Reply:
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not asked:
        return Reply(200, headers, content)
    first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
    if first >= len(content):
        return Reply(416, {**headers, "Content-Range": f"bytes */{len(content)}"})
    return Reply(206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first : last + 1])


def _search(hub: Hub, request: Request, kind: str) -> Reply:
    who = hub.accounts.get(request.token)
    words = request.one("search").casefold().split()
    found = []
    for (its_kind, name), repo in hub.repos.items():
        tags = {str(tag) for tag in repo.facts.get("tags", ())} | {str(repo.facts.get("library_name", ""))}
        tags.add(str(repo.facts.get("pipeline_tag", "")))
        if (
            its_kind == kind
            and (not repo.private or (who and who.may_read(name)))
            and all(word in name.casefold() for word in words)
            and set(request.query.get("filter", ())) <= tags
            and request.one("author", name.split("/")[0]) == name.split("/")[0]
            and request.one("gated", str(repo.gated)).casefold() == str(repo.gated).casefold()
        ):
            found.append(_facts(repo, repo.head, False))
    key = {"created_at": "createdAt", "last_modified": "lastModified"}.get(request.one("sort"), request.one("sort"))
    found.sort(key=lambda each: each.get(key) or 0, reverse=True)
    return _paged(hub, request, found)


_KIND = r"/api/(?P<kind>model|dataset)s"
_REPO = _KIND + r"/(?P<name>[^/]+/[^/]+)"
_REVISION = r"/(?P<revision>[^/]+)"
Page = Callable[..., Reply]
PAGES: tuple[tuple[str, str, Page], ...] = (
    ("GET", "/api/whoami-v2", _whoami),
    ("POST", "/api/repos/create", _create),
    ("DELETE", "/api/repos/delete", _delete),
    ("POST", "/api/validate-yaml", _validate),
    ("PUT", _REPO + "/settings", _settings),
    ("POST", _REPO + "/preupload" + _REVISION, _preupload),
    ("POST", "/(?P<prefix>datasets/)?(?P<name>[^/]+/[^/]+)[.]git/info/lfs/objects/batch", _batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", _put),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})/part/(?P<number>\d+)", _put_part),
    ("POST", "/lfs/(?P<oid>[0-9a-f]{64})/complete", _complete),
    ("POST", "/lfs/(?P<oid>[0-9a-f]{64})/verify", _verify),
    ("POST", _REPO + "/commit" + _REVISION, _commit),
    ("GET", _REPO, _info),
    ("GET", _REPO + "/revision" + _REVISION, _info),
    ("GET", _REPO + "/tree" + _REVISION + "(?P<folder>/.*)?", _tree),
    ("POST", _REPO + "/paths-info" + _REVISION, _paths),
    ("GET", _REPO + "/commits" + _REVISION, _history),
    ("GET", _REPO + "/refs", _refs),
    ("GET", _REPO + "/auth-check(?P<write>/write)?", _access),
    ("GET HEAD", "/(?P<prefix>datasets/)?(?P<name>[^/]+/[^/]+)/resolve" + _REVISION + "/(?P<file>.+)", _resolve),
    ("GET HEAD", "/blobs/(?P<oid>[0-9a-f]{64})", _blob),
    ("GET", _KIND, _search),
)
