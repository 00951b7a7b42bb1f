"""The practice of each leaf: every sample that there is for it, as it stands after the person's review."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from espalier.project import Project
from espalier.synthesis.final import Final, finals, learned, turned_away
from espalier.synthesis.imported import imported_samples
from espalier.synthesis.reviews import Reviews, read_reviews
from espalier.synthesis.sample import Sample
from espalier.taxonomy.leaf import Leaf


@dataclass(frozen=True)
class Practice:
    """A leaf with all its samples, imported ones included."""

    leaf: Leaf
    rows: tuple[Final, ...]

    @cached_property
    def accepted(self) -> list[Sample]:
        """Return the samples that the student learns from, in the words that it learns."""
        return learned(self.rows)


def practice_of(project: Project, leaf: Leaf, samples: Iterable[Sample], reviews: Reviews | None = None) -> Practice:
    """Return a leaf's practice.

    Args:
        project: whose thresholds and imported rows count.
        leaf: of the samples.
        samples: of the leaf's journal.
        reviews: of the project; read when they are not given.
    """
    every = [*samples, *imported_samples(project, leaf.path)]
    return Practice(leaf, tuple(finals(every, project.thresholds, reviews or read_reviews(project))))


def rejections(parts: Iterable[Practice]) -> dict[str, int]:
    """Return how many samples each check turned away, or the person, the most first."""
    return turned_away(row for part in parts for row in part.rows)
