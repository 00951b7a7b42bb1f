"""The documents that a leaf names by repository, commit and patterns, brought into the project."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from espalier.documents.convert import KINDS, LARGEST
from espalier.documents.patterns import matching
from espalier.documents.repository import Snapshot, behind_link, fetch_files, file_size, open_snapshot, read_file
from espalier.documents.store import Imported, Source, check_leaf, keep_document
from espalier.errors import EspalierError
from espalier.git import Report
from espalier.project import Project
from espalier.taxonomy.leaf import LOCAL, DocumentReference
from espalier.taxonomy.reader import read_origin
from espalier.taxonomy.walk import LEAF_FILE

MOST_DOCUMENTS = 1_000


def read_reference(project: Project, leaf_path: str) -> DocumentReference:
    """Return what a leaf says about its documents.

    Raises:
        EspalierError: there is no such leaf, it has errors, or it is a skill.
    """
    check_leaf(project, leaf_path)
    document = read_origin(project.taxonomy, project.taxonomy / leaf_path / LEAF_FILE).document
    if document is None:
        raise EspalierError(f"{leaf_path} is a skill, and skills have no documents. Choose a knowledge leaf.")
    return document


def import_reference(project: Project, leaf_path: str, on_progress: Report | None = None) -> list[Imported]:
    """Fetch the documents that a leaf names and bring them into the project, sorted by their paths.

    Files of kinds that Espalier does not read, and documents that cannot be read, are left out with a note on the
    last of the others.

    Raises:
        EspalierError: see `read_reference`; or the leaf names no repository, it cannot be fetched, a pattern leads
            out of it, or nothing that the patterns find can be read.
    """
    reference = read_reference(project, leaf_path)
    if reference.repo == LOCAL:
        raise EspalierError(
            f"{leaf_path} names no repository: its documents are in this project only. Import files for it, or write "
            "the address of a repository and a commit into the leaf."
        )
    matching([], reference.patterns)  # wrong patterns are refused before anything is fetched
    snapshot = open_snapshot(reference.repo, reference.commit, on_progress)
    found = matching([*snapshot.files, *snapshot.links], reference.patterns)
    readable = [path for path in found if PurePosixPath(path).suffix.lower() in KINDS]
    notes = _others(found)
    if not readable:
        patterns = ", ".join(reference.patterns)
        raise EspalierError(
            f"In {snapshot.address}, the patterns {patterns} find no document that Espalier reads. "
            f"Correct them in the leaf. {' '.join(notes)}".strip()
        )
    if len(readable) > MOST_DOCUMENTS:
        raise EspalierError(
            f"The patterns find {len(readable)} documents. Write patterns that find {MOST_DOCUMENTS} at most."
        )
    files = {path: behind_link(snapshot, path) if path in snapshot.links else path for path in readable}
    fetch_files(snapshot, [path for path in files.values() if path], on_progress)
    imported = []
    for path, file in files.items():
        try:
            imported.append(_import(project, leaf_path, snapshot, path, file))
        except EspalierError as error:
            notes.append(str(error))
    if not imported:
        raise EspalierError(" ".join(notes))
    imported[-1] = replace(imported[-1], notes=(*imported[-1].notes, *notes))
    return imported


def _import(project: Project, leaf_path: str, snapshot: Snapshot, path: str, file: str | None) -> Imported:
    """Bring one file into the project; ``file`` is the one behind a link, or None when there is none."""
    if file is None:
        raise EspalierError(f"{path} is a link that leads out of the repository. It was left out.")
    largest = LARGEST[KINDS[PurePosixPath(path).suffix.lower()]]
    if file_size(snapshot, file) > largest:
        raise EspalierError(f"{path} is over {largest // 1_000_000} MB. It was left out.")
    source = Source(PurePosixPath(path).name, snapshot.address, snapshot.commit, path)
    return keep_document(project, leaf_path, source, read_file(snapshot, file))


def _others(found: Sequence[str]) -> list[str]:
    """Return a note on the files of kinds that Espalier does not read."""
    endings = [PurePosixPath(path).suffix.lower() for path in found]
    others = [ending or "no ending" for ending in endings if ending not in KINDS]
    if not others:
        return []
    files = "1 file of a kind" if len(others) == 1 else f"{len(others)} files of kinds"
    return [f"{files} that Espalier does not read left out: {', '.join(sorted(set(others)))}."]
