"""A leaf's documents put in and taken out, each in a way that can be undone: what goes waits in the trash."""

from pathlib import Path

from espalier.documents.convert import Conversion
from espalier.documents.store import Source, place_of, save_document
from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier.taxonomy.folders import Change, Rename, Roots, make_folders, renamed, staging
from espalier.taxonomy.walk import stays_inside


def put_in(
    project: Project, leaf_path: str, source: Source, data: bytes, conversion: Conversion, edited: str | None = None
) -> Change:
    """Save a document as `save_document` does; what an earlier import of it left goes to the trash.

    Raises:
        EspalierError: as for `save_document`.
    """
    folder = project.documents / leaf_path
    target = place_of(folder, source, conversion.markdown if edited is None else edited)
    before = take_out(project, leaf_path, target.name).renames if target.exists() else ()
    made = tuple(make_folders(folder)) if stays_inside(project.documents, folder) else ()
    try:
        save_document(project, leaf_path, source, data, conversion, edited)
    except (EspalierError, OSError):
        renamed("", [(new, old) for old, new in before])
        raise
    trash = staging(Roots.around(project.taxonomy))
    return Change(leaf_path, (*before, *((trash / file.name, file) for file in _files(target))), made)


def take_out(project: Project, leaf_path: str, name: str) -> Change:
    """Move a document, named by its Markdown file, and its record into the trash.

    Raises:
        EspalierError: there is none of this name.
    """
    trash = staging(Roots.around(project.taxonomy))
    renames: list[Rename] = [(file, trash / file.name) for file in _files(project.documents / leaf_path / name)]
    if not renames:
        raise EspalierError(f"{leaf_path} has no document {name} any more. Look at its folder.")
    return Change(leaf_path, renamed("", renames).renames)


def correct(project: Project, leaf_path: str, name: str, text: str) -> Change:
    """Replace the Markdown of a document, named by that file, and leave its record as it is; the old goes to the trash.

    Raises:
        EspalierError: there is no such document.
    """
    file = project.documents / leaf_path / name
    if not file.is_file() or not stays_inside(project.documents, file):
        raise EspalierError(f"{leaf_path} has no document {name} any more. Look at its folder.")
    roots = Roots.around(project.taxonomy)
    new, old = staging(roots) / name, staging(roots) / name
    write_text(new, text)
    return Change(leaf_path, renamed("", [(file, old), (new, file)]).renames)


def _files(document: Path) -> list[Path]:
    return [file for file in (document, document.with_suffix(".json")) if file.is_file()]
