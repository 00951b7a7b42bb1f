"""A leaf's documents in the project: imported Markdown beside a record of where it came from."""

import hashlib
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_json, write_text
from espalier.project import Project
from espalier.taxonomy.leaf import Leaf

READABLE = (".md", ".markdown", ".txt")
LARGEST = 20_000_000  # bytes


def import_document(project: Project, leaf_path: str, source: Path) -> Path:
    """Copy a text document into the project for a leaf and return where it is.

    Raises:
        EspalierError: the leaf or file is missing, or the file is of a kind or size that cannot be read.
    """
    if not (project.taxonomy / leaf_path / "qna.yaml").is_file() or ".." in Path(leaf_path).parts:
        raise EspalierError(f"The project has no leaf {leaf_path}. Write its qna.yaml first.")
    if not source.is_file():
        raise EspalierError(f"There is no file {source}. Check the name.")
    if source.suffix.lower() not in READABLE:
        raise EspalierError(f"{source.name} is not Markdown or plain text. Save it as .md or .txt first.")
    if source.stat().st_size > LARGEST:
        raise EspalierError(f"{source.name} is over 20 MB. Split it into smaller documents.")
    data = source.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EspalierError(f"{source.name} is not UTF-8 text. Save it as UTF-8.") from error
    target = project.documents / leaf_path / f"{source.stem}.md"
    record = {"name": source.name, "sha256": hashlib.sha256(data).hexdigest()}
    write_text(target, text)
    write_json(target.with_suffix(".json"), record)
    return target


def read_documents(project: Project, leaf: Leaf) -> list[str]:
    """Return the Markdown of a leaf's documents by name; its seeds' contexts where it has none.

    Raises:
        EspalierError: a document cannot be read.
    """
    texts = []
    for path in sorted((project.documents / leaf.path).glob("*.md")):
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise EspalierError(f"The document {path} cannot be read. Import it again.") from error
    return texts or ["\n\n".join(leaf.contexts)]
