"""The rows that a person imported into a leaf: where they are, and how they are told from the teacher's."""

from pathlib import Path

from espalier.files import read_lines
from espalier.project import Project
from espalier.synthesis.sample import Sample, sample_of

IMPORTED = "imported"  # the check that says where an imported sample comes from
FILE = "imported.jsonl"


def import_path(project: Project, leaf_path: str) -> Path:
    """Return where a leaf's imported samples are, or would be."""
    return project.imports / leaf_path / FILE


def imported_samples(project: Project, leaf_path: str) -> list[Sample]:
    """Return the samples that a person imported into a leaf, in their order."""
    return [sample_of(line) for line in read_lines(import_path(project, leaf_path))]


def is_imported(sample: Sample) -> bool:
    """Return whether a person brought the sample along."""
    return bool(sample.verdict) and sample.verdict[0].name == IMPORTED
