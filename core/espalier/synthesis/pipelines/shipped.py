"""Which pipeline file a leaf goes through: one of ours by name, a person's file, or a folder of InstructLab's."""

from functools import cache
from pathlib import Path

from espalier.errors import EspalierError
from espalier.resources import resource
from espalier.synthesis.pipelines.file import PipelineFile, read_pipeline
from espalier.synthesis.pipelines.inputs import language_code
from espalier.taxonomy.leaf import Leaf

COMPACT = "compact"  # the pipeline for small teachers; it is code, not blocks
SHIPPED = (COMPACT, "simple", "full", "summaries", "mcq")
FILES = {"knowledge": "knowledge.yaml", "skill": "freeform_skills.yaml", "grounded skill": "grounded_skills.yaml"}
_INSTEAD = {"summaries": "full"}  # whose files a pipeline of ours uses for the kinds of leaves that it has none for


def pipeline_file(setting: str, leaf: Leaf, root: Path) -> Path:
    """Return the file of the blocks that a leaf goes through.

    Args:
        setting: a name of `SHIPPED` other than compact, a file, or a folder of InstructLab's with a file a kind.
        leaf: to be drawn from.
        root: folder that the path of a file or folder may be relative to.

    Raises:
        EspalierError: there is no such pipeline, or it has nothing for this kind of leaf.
    """
    if setting in SHIPPED:
        folder = resource(f"pipelines/{setting}")
        file = folder / FILES[leaf.kind]
        if not file.is_file() and setting in _INSTEAD:
            file = resource(f"pipelines/{_INSTEAD[setting]}") / FILES[leaf.kind]
    else:
        folder = root / setting
        file = folder / FILES[leaf.kind] if folder.is_dir() else folder
    if not folder.exists():
        raise EspalierError(
            f"There is no pipeline {setting}. Choose one of {', '.join(SHIPPED)}, or give a file or folder."
        )
    if not file.is_file():
        raise EspalierError(
            f"The pipeline {setting} has no {FILES[leaf.kind]}, which {leaf.path} needs as a {leaf.kind} leaf. "
            "Choose other leaves, or another pipeline."
        )
    return file


def leaf_pipeline(setting: str, leaf: Leaf, root: Path) -> PipelineFile:
    """Return the blocks that a leaf goes through, with prompts in its language where there are some.

    Raises:
        EspalierError: as for `pipeline_file`, and when the file or a prompt is wrong.
    """
    file = pipeline_file(setting, leaf, root)
    return _read(file, language_code(leaf) or "en", file.stat().st_mtime_ns)


@cache
def _read(file: Path, language: str, changed: int) -> PipelineFile:
    return read_pipeline(file, language)
