"""A leaf's documents in the project: imported Markdown beside a record of where it came from."""

import hashlib
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from espalier.documents.convert import LARGEST, Conversion, convert, kind_of
from espalier.errors import EspalierError
from espalier.files import write_json, write_text
from espalier.project import Project
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.walk import stays_inside


@dataclass(frozen=True)
class Source:
    """Where a document came from.

    Attributes:
        name: of the file.
        repo: address of its Git repository, "" for a file of this machine.
        commit: the full id of the commit it was taken from, "" without a repository.
        path: inside the repository, "" without one.
    """

    name: str
    repo: str = ""
    commit: str = ""
    path: str = ""

    def is_same(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record tells of the same document, perhaps at another time or commit."""
        return all(record.get(key, "") == getattr(self, key) for key in ("name", "repo", "path"))


@dataclass(frozen=True)
class Imported:
    """A document that is now in the project.

    Attributes:
        path: of the Markdown; the record is beside it, with the ending ``.json``.
        notes: sentences on what was guessed or left out.
    """

    path: Path
    notes: tuple[str, ...] = ()


def import_document(project: Project, leaf_path: str, file: Path) -> Imported:
    """Bring a file into the project for a leaf, as Markdown with a record of its source.

    The same file imported again replaces itself, unless a person edited its Markdown meanwhile.

    Raises:
        EspalierError: the leaf or file is missing, or the file is one that cannot be read.
    """
    check_leaf(project, leaf_path)
    return keep_document(project, leaf_path, Source(file.name), read_file(file))


def read_file(file: Path) -> bytes:
    """Return what a file holds.

    Raises:
        EspalierError: it is missing, of no kind that Espalier reads, too large, or may not be read.
    """
    if not file.is_file():
        raise EspalierError(f"There is no file {file}. Check the name.")
    kind = kind_of(file.name)
    try:
        if file.stat().st_size > LARGEST[kind]:
            size = LARGEST[kind] // 1_000_000
            raise EspalierError(f"{file.name} is over {size} MB. Split it into smaller documents.")
        return file.read_bytes()
    except OSError as error:
        raise EspalierError(f"{file} cannot be read: {error.strerror}. Allow it, or copy the file.") from error


def check_leaf(project: Project, leaf_path: str) -> None:
    """Refuse a path that is no leaf of the project.

    Raises:
        EspalierError: there is none, or the path leads out of the taxonomy.
    """
    qna = project.taxonomy / leaf_path / "qna.yaml"
    if ".." in Path(leaf_path).parts or not qna.is_file() or not stays_inside(project.taxonomy, qna):
        raise EspalierError(f"The project has no leaf {leaf_path}. Write its qna.yaml first.")


def keep_document(project: Project, leaf_path: str, source: Source, data: bytes) -> Imported:
    """Convert a file and write its Markdown and record into the project; see `save_document`.

    Raises:
        EspalierError: the document cannot be read, or its Markdown was edited by hand since the last import.
    """
    return save_document(project, leaf_path, source, data, convert(source.name, data))


def save_document(
    project: Project, leaf_path: str, source: Source, data: bytes, conversion: Conversion, edited: str | None = None
) -> Imported:
    """Write a converted document into the project, as it is or as a person edited it.

    The record says what the file was (name, kind, SHA-256, bytes, pages), where and when it came from, what the
    notes were, and the SHA-256 of the Markdown as it was converted, which tells that it was edited.

    Raises:
        EspalierError: the Markdown of an earlier import was edited by hand, or the folder leads out of the project.
    """
    text = conversion.markdown if edited is None else edited
    folder = project.documents / leaf_path
    if not stays_inside(project.documents, folder):
        raise EspalierError(f"{folder} is a link that leads out of the project. Remove it and import again.")
    target = place_of(folder, source, text)
    write_text(target, text)
    record = {
        **{key: value for key, value in asdict(source).items() if value},
        "kind": conversion.kind,
        "sha256": _hash(data),
        "bytes": len(data),
        **({"pages": conversion.pages} if conversion.pages else {}),
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        "markdown_sha256": _hash(conversion.markdown.encode()),
        "notes": list(conversion.notes),
    }
    write_json(target.with_suffix(".json"), record)
    return Imported(target, tuple(conversion.notes))


def read_documents(project: Project, leaf: Leaf) -> list[str]:
    """Return the Markdown of a leaf's documents by name; its seeds' contexts where it has none.

    Raises:
        EspalierError: a document cannot be read.
    """
    return list(named_documents(project, leaf.path).values()) or ["\n\n".join(leaf.contexts)]


def named_documents(project: Project, leaf_path: str) -> dict[str, str]:
    """Return the Markdown of a leaf's documents by file name, in the order of the names; {} when it has none.

    Raises:
        EspalierError: a document cannot be read, or is a link that leads out of the project.
    """
    texts = {}
    for path in sorted((project.documents / leaf_path).glob("*.md")):
        if not stays_inside(project.documents, path):
            raise EspalierError(f"{path} is a link that leads out of the project. Replace it by the document itself.")
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EspalierError(f"The document {path} cannot be read. Import it again.") from error
    return texts


def read_record(document: Path) -> dict[str, Any]:
    """Return the record beside a document's Markdown; {} when there is none that can be read."""
    try:
        record = json.loads(document.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def place_of(folder: Path, source: Source, text: str) -> Path:
    """Return where a document's Markdown goes: its own place from an earlier import, else a name that is free.

    Raises:
        EspalierError: the Markdown of an earlier import was edited by hand.
    """
    new = _hash(text.encode())
    stem = re.sub(r"[^\w .()+-]+", "_", Path(source.name).stem).strip(" .")[:100] or "document"
    for number in itertools.count(1):
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.md"
        written = _hash(path.read_bytes()) if path.exists() else new
        if written == new:  # free, or this very text, as an interrupted import leaves it
            break
        record = read_record(path)
        if source.is_same(record):
            if written == record.get("markdown_sha256", written):
                break
            raise EspalierError(
                f"{path} was edited after it was imported, so importing {source.name} again would lose the edits. "
                "Rename or delete it first."
            )
    return path


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
