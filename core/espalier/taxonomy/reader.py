"""Leaves from ``qna.yaml`` files, for the stages that use them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.taxonomy.attribution import read_attributions
from espalier.taxonomy.checker import Examination, examine
from espalier.taxonomy.leaf import DocumentReference, Kind, Leaf, Origin, SeedExample
from espalier.taxonomy.problems import first_told
from espalier.taxonomy.walk import FOLDERS, leaf_files, stays_inside


def read_taxonomy(root: Path) -> list[Leaf]:
    """Return every leaf below ``knowledge`` and ``compositional_skills``, sorted by path.

    Raises:
        EspalierError: there is no leaf, or one of them has errors.
    """
    files = [file for file in leaf_files(root) if file.relative_to(root).parts[0] in FOLDERS]
    if not files:
        raise EspalierError(
            f"The taxonomy at {root} has no leaf yet. "
            "Add a file such as knowledge/my_subject/qna.yaml to it, or start from the example project."
        )
    return sorted((read_leaf(root, file) for file in files), key=lambda leaf: leaf.path)


def read_leaves(root: Path, only: Sequence[str]) -> list[Leaf]:
    """Return the leaves with these paths, sorted; all of them for ().

    Raises:
        EspalierError: as for `read_taxonomy`, and when there is no leaf of such a path.
    """
    leaves = read_taxonomy(root)
    unknown = sorted(set(only) - {leaf.path for leaf in leaves})
    if unknown:
        raise EspalierError(
            f"The taxonomy has no leaf {unknown[0]}. It has: {', '.join(leaf.path for leaf in leaves)}."
        )
    return [leaf for leaf in leaves if not only or leaf.path in only]


def read_leaf(taxonomy_root: Path, qna: Path) -> Leaf:
    """Return the leaf in one file, judged as ``ilab`` does; texts lose the blank space around them.

    Raises:
        EspalierError: the file is not below the root, is empty or has errors.
    """
    return leaf_of(taxonomy_root, qna, _examined(taxonomy_root, qna))


def leaf_of(taxonomy_root: Path, qna: Path, examined: Examination) -> Leaf:
    """Return the leaf in a file that was examined.

    Raises:
        EspalierError: the file is empty or has errors.
    """
    contents = _accepted(qna, examined)
    path = _leaf_path(taxonomy_root, qna)
    return _knowledge(path, contents) if examined.folder == "knowledge" else _skill(path, contents)


def read_origin(taxonomy_root: Path, qna: Path) -> Origin:
    """Return who wrote the leaf in one file, and what it draws on.

    Raises:
        EspalierError: as for `read_leaf`.
    """
    contents = _accepted(qna, _examined(taxonomy_root, qna))
    written = contents.get("document")
    document = (
        DocumentReference(written["repo"].strip(), written["commit"].strip(), tuple(written["patterns"]))
        if written
        else None
    )
    works = tuple(read_attributions(qna.parent))
    return Origin(int(contents.get("version", 1)), contents["created_by"].strip(), document, works)


def _examined(taxonomy_root: Path, qna: Path) -> Examination:
    if not stays_inside(taxonomy_root, qna):
        raise EspalierError(f"{qna} is not inside the taxonomy at {taxonomy_root}. Move or copy it there.")
    return examine(qna)


def _accepted(qna: Path, examined: Examination) -> Mapping[str, Any]:
    if examined.errors:
        raise EspalierError(first_told(qna, examined.errors))
    if not examined.contents:
        raise EspalierError(f"{qna} is empty. Write the leaf, or delete the file.")
    return examined.contents


def _leaf_path(root: Path, qna: Path) -> str:
    folder, top = qna.absolute().parent, root.absolute()
    if not folder.is_relative_to(top):
        folder, top = qna.resolve().parent, root.resolve()
    return folder.relative_to(top).as_posix()


def _knowledge(path: str, contents: Mapping[str, Any]) -> Leaf:
    seeds = tuple(
        SeedExample(pair["question"].strip(), pair["answer"].strip(), seed["context"].strip())
        for seed in contents["seed_examples"]
        for pair in seed["questions_and_answers"]
    )
    return Leaf(path, "knowledge", contents["document_outline"].strip(), contents["domain"].strip(), seeds)


def _skill(path: str, contents: Mapping[str, Any]) -> Leaf:
    seeds = tuple(
        SeedExample(seed["question"].strip(), seed["answer"].strip(), _stripped(seed.get("context")))
        for seed in contents["seed_examples"]
    )
    kind: Kind = "skill" if seeds[0].context is None else "grounded skill"
    return Leaf(path, kind, contents["task_description"].strip(), "", seeds)


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()
