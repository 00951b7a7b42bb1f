"""What a person wrote in one ``qna.yaml``, as plain values."""

from dataclasses import dataclass
from typing import Literal

from espalier.taxonomy.attribution import Attribution

Kind = Literal["knowledge", "skill", "grounded skill"]
LOCAL = "local"
"""Stands for repository and commit while a leaf's documents are in the project only; InstructLab takes any words."""


@dataclass(frozen=True)
class SeedExample:
    """One question and answer by a person.

    Attributes:
        context: the passage that the pair is about; None in a freeform skill.
    """

    question: str
    answer: str
    context: str | None = None

    @property
    def request(self) -> str:
        """Return what the student is asked in a grounded skill: the question, after the passage."""
        return f"{self.context}\n\n{self.question}" if self.context else self.question


@dataclass(frozen=True)
class DocumentReference:
    """Where the documents of a knowledge leaf are kept.

    Attributes:
        repo: address of a git repository, or LOCAL.
        commit: the commit whose files are meant, or LOCAL.
        patterns: globs from the repository's root, such as ``docs/*.md``.
    """

    repo: str
    commit: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where a leaf comes from; nothing of it changes what the model learns.

    Attributes:
        version: of the format, 1 to 3; knowledge is always 3.
        created_by: who wrote the leaf.
        document: of knowledge; None for a skill.
        works: what the ``attribution.txt`` beside the leaf names.
    """

    version: int
    created_by: str
    document: DocumentReference | None
    works: tuple[Attribution, ...]


@dataclass(frozen=True)
class Leaf:
    """One leaf of the taxonomy.

    Attributes:
        path: folders from the taxonomy's root, joined by ``/``, such as ``knowledge/science/animals/otters``.
        kind: a skill is grounded when its first seed example has a context, as in InstructLab's pipelines.
        description: ``task_description`` of a skill, ``document_outline`` of knowledge.
        domain: of knowledge; empty for a skill.
        seeds: in file order; a context with three pairs gives three seed examples.
    """

    path: str
    kind: Kind
    description: str
    domain: str
    seeds: tuple[SeedExample, ...]

    @property
    def contexts(self) -> tuple[str, ...]:
        """Return the distinct contexts of the seeds, in file order."""
        return tuple(dict.fromkeys(seed.context for seed in self.seeds if seed.context))
