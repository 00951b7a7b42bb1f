"""What a person wrote in one ``qna.yaml``, as plain values."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["knowledge", "skill", "grounded skill"]


@dataclass(frozen=True)
class SeedExample:
    """One question and answer by a person.

    Attributes:
        context: the passage that the pair is about; None in a freeform skill.
    """

    question: str
    answer: str
    context: str | None = None


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
