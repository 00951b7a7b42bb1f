"""The documents of a leaf as they are listed: title, text, and where each came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.documents.store import named_documents, read_record
from espalier.project import Project
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import size


@dataclass(frozen=True)
class ListedDocument:
    """A document; ``name`` is that of its Markdown file, ``record`` what stands beside it."""

    name: str
    text: str
    record: dict[str, Any]

    @property
    def title(self) -> str:
        """Return the name of the file that was added."""
        return str(self.record.get("name") or self.name)

    @property
    def facts(self) -> str:
        """Return its pages, words and bytes in a line."""
        pages = self.record.get("pages")
        parts = [tr("%n page(s)", pages)] if isinstance(pages, int) else []
        parts.append(tr("%n word(s)", len(self.text.split())))
        bytes_ = self.record.get("bytes")
        return " · ".join([*parts, size(bytes_)] if isinstance(bytes_, int) else parts)

    @property
    def source(self) -> str:
        """Return where it came from, and when."""
        where = self.record.get("repo")
        commit, imported = str(self.record.get("commit", ""))[:8], str(self.record.get("imported", ""))[:10]
        if where:
            return tr("From {place} at {commit}, {date}").format(place=where, commit=commit, date=imported)
        if imported:
            return tr("From {place}, {date}").format(place=self.title, date=imported)
        return tr("Put into the folder by hand")


def listed_documents(project: Project, leaf: str) -> list[ListedDocument]:
    """Return a leaf's documents by name.

    Raises:
        EspalierError: one cannot be read.
    """
    folder = project.documents / leaf
    return [
        ListedDocument(name, text, read_record(folder / name)) for name, text in named_documents(project, leaf).items()
    ]


def files_stamp(folder: Path) -> list[tuple[str, int, int]]:
    """Return what tells whether the documents in a folder are others."""
    try:
        files = sorted(folder.iterdir())
        return [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()]
    except OSError:
        return []
