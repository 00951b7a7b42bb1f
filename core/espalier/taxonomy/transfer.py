"""Taxonomies from elsewhere and to elsewhere: a single YAML, a folder, or a tar."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from espalier.errors import EspalierError
from espalier.taxonomy.archive import pack, unpack
from espalier.taxonomy.names import proper_name
from espalier.taxonomy.source import ReadingError, parse, read_text
from espalier.taxonomy.walk import FOLDERS, LEAF_FILE, entries_of, leaf_files, stays_inside

_TARS = (".tar", ".tar.gz", ".tgz")
_YAMLS = (".yaml", ".yml")


@dataclass(frozen=True)
class Imported:
    """What an import did; nothing that was there is ever replaced.

    Attributes:
        added: paths of the new leaves.
        kept: paths of leaves that were there already with another text; the import's was left out.
        links: links in the source, which are left out.
    """

    added: tuple[str, ...]
    kept: tuple[str, ...]
    links: tuple[str, ...]


def import_leaves(source: Path, taxonomy: Path) -> Imported:
    """Add the leaves of a YAML file, a folder or a tar to a taxonomy.

    A path counts from its first ``knowledge`` or ``compositional_skills``; a leaf outside of both goes under the
    one that its keys belong to.

    Raises:
        EspalierError: the source holds no leaf, cannot be read, or is made to do harm.
    """
    if not source.exists():
        raise EspalierError(f"There is no {source}. Give a qna.yaml, a folder or a .tar.")
    if source.name.endswith(_TARS):
        taxonomy.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=taxonomy) as staging:
            links = unpack(source, Path(staging))
            return _merged(source, dict(_from_folder(Path(staging), Path(proper_name(_stem(source))))), taxonomy, links)
    if source.is_dir():
        links = [str(link) for link in _links(source)]
        return _merged(source, dict(_from_folder(source, source.absolute())), taxonomy, links)
    if source.suffix.lower() in _YAMLS:
        name = source.parent.name if source.name == LEAF_FILE else source.stem
        place = _below_top(PurePosixPath(source.absolute().parent.as_posix())) or _by_keys(source, proper_name(name))
        return _merged(source, {place / LEAF_FILE: source}, taxonomy, [])
    raise EspalierError(f"{source.name} is no taxonomy. Give a qna.yaml, a folder, a .tar or a .tar.gz.")


def copy_taxonomy(source: Path, target: Path) -> None:
    """Copy a whole taxonomy, a git clone with its history; links that lead out of it are left out.

    Raises:
        EspalierError: the source is no folder with leaves, or the target lies inside it.
    """
    if not source.is_dir():
        import_leaves(source, target)
        return
    if not any((source / folder).is_dir() for folder in FOLDERS) or not leaf_files(source):
        raise EspalierError(f"{source} is no taxonomy: it has no leaf in a folder {' or '.join(FOLDERS)}.")
    if target.resolve().is_relative_to(source.resolve()):
        raise EspalierError(f"{target} lies inside the taxonomy to be copied. Choose another folder.")

    def left_out(folder: str, names: list[str]) -> list[str]:
        paths = [Path(folder, name) for name in names]
        return [path.name for path in paths if _leads_out(source, path) or (path.name == ".git" and path.is_file())]

    shutil.copytree(source, target, symlinks=True, ignore=left_out, dirs_exist_ok=True)


def export(taxonomy: Path, path: str, target: Path) -> None:
    """Write a leaf, a branch or (with an empty path) the whole taxonomy elsewhere.

    Args:
        taxonomy: its root.
        path: of the leaf or branch, such as ``knowledge/science``.
        target: ``….yaml`` for a single leaf, ``….tar`` or ``….tar.gz``, or else a new folder.

    Raises:
        EspalierError: there is nothing at the path, or something is in the way at the target.
    """
    top = taxonomy / path
    if {"..", "."} & set(path.split("/")) or not top.is_dir() or not stays_inside(taxonomy, top):
        raise EspalierError(f"There is no leaf or branch {path}. Choose one that is in the taxonomy.")
    tops = [top] if path else [taxonomy / folder for folder in FOLDERS]
    files = [(file, file.relative_to(taxonomy).as_posix()) for each in tops for file in sorted(_files(each))]
    if not any(file.name == LEAF_FILE for file, _ in files):
        raise EspalierError(f"There is no leaf in {path or 'the taxonomy'}. Choose another branch.")
    if target.suffix.lower() in _YAMLS:
        if not (top / LEAF_FILE).is_file():
            raise EspalierError(f"{path} is a branch of several leaves. Choose one leaf, a folder or a .tar.")
        shutil.copyfile(top / LEAF_FILE, target)
    elif target.name.endswith(_TARS):
        pack(files, target)
    elif target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise EspalierError(f"{target} is not empty. Choose a new folder.")
    else:
        for file, name in files:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / name)


def _from_folder(folder: Path, named: Path) -> Iterator[tuple[PurePosixPath, Path]]:
    """Yield (path in the taxonomy, file); ``named`` is what the folder is called where it comes from."""
    leaves = {file.parent: _placed(file, folder, named) for file in _files(folder) if file.name == LEAF_FILE}
    for file in sorted(_files(folder)):
        if file.parent in leaves:
            yield leaves[file.parent] / file.name, file


def _placed(leaf: Path, folder: Path, named: Path) -> PurePosixPath:
    within = leaf.parent.relative_to(folder)
    whole = PurePosixPath(named.as_posix(), within.as_posix())
    return _below_top(PurePosixPath(within.as_posix())) or _below_top(whole) or _by_keys(
        leaf, PurePosixPath(proper_name(named.name), within.as_posix())
    )  # fmt: skip


def _below_top(folder: PurePosixPath) -> PurePosixPath | None:
    """Return the path from its first branch of a taxonomy on; None when it is in none."""
    parts = folder.parts
    start = next((index for index, part in enumerate(parts) if part in FOLDERS), len(parts))
    return PurePosixPath(*parts[start:]) if start + 1 < len(parts) else None


def _by_keys(leaf: Path, name: str | PurePosixPath) -> PurePosixPath:
    """Return a place under the branch that the file's keys belong to."""
    try:
        contents = parse(read_text(leaf)).contents
    except ReadingError as error:
        raise EspalierError(f"{leaf}, line {error.line}: {error.message}") from error
    keys = contents if isinstance(contents, dict) else {}
    is_knowledge = bool({"document", "document_outline", "domain"} & keys.keys())
    return PurePosixPath("knowledge" if is_knowledge else "compositional_skills", name)


def _merged(source: Path, files: dict[PurePosixPath, Path], taxonomy: Path, links: list[str]) -> Imported:
    """Copy the files into the taxonomy, leaf by leaf, where no other leaf stands."""
    leaves: dict[PurePosixPath, list[tuple[PurePosixPath, Path]]] = {}
    for place, file in files.items():
        leaves.setdefault(place.parent, []).append((place, file))
    if not leaves:
        raise EspalierError(f"{source} holds no leaf: no file named {LEAF_FILE}. Choose another.")
    added, kept = [], []
    for leaf, parts in sorted(leaves.items()):
        target = taxonomy / leaf
        if not stays_inside(taxonomy, target):
            raise EspalierError(f"A link leads from {target} out of the taxonomy. Replace it by a folder.")
        there = target / LEAF_FILE
        if os.path.lexists(there):
            if there.is_symlink() or not filecmp.cmp(there, files[leaf / LEAF_FILE], shallow=False):
                kept.append(str(leaf))
            continue
        target.mkdir(parents=True, exist_ok=True)
        for place, file in sorted(parts, key=lambda part: part[0].name == LEAF_FILE):  # the leaf itself last
            if not os.path.lexists(taxonomy / place):
                shutil.copyfile(file, taxonomy / place)
        added.append(str(leaf))
    return Imported(tuple(added), tuple(kept), tuple(links))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the plain files below a folder that are not hidden."""
    with entries_of(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _links(folder: Path) -> list[Path]:
    return [
        Path(top, name)
        for top, folders, names in os.walk(folder)
        for name in (*folders, *names)
        if os.path.islink(os.path.join(top, name))
    ]


def _leads_out(root: Path, path: Path) -> bool:
    return path.is_symlink() and (os.path.isabs(os.readlink(path)) or not stays_inside(root, path))


def _stem(archive: Path) -> str:
    return archive.name.partition(".tar")[0].removesuffix(".tgz")
