"""What is on disk for the leaves of a project as they are now; nothing is drawn."""

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.synthesis.later import checked
from espalier.synthesis.leaf_work import leaf_journal
from espalier.synthesis.practice import Practice, practice_of
from espalier.synthesis.reviews import read_reviews
from espalier.taxonomy.reader import read_taxonomy


def read_practice(project: Project, only: str = "") -> list[Practice]:
    """Return what is there for every leaf as it is now, or for one.

    Raises:
        EspalierError: a leaf has errors, or there is none of that path.
    """
    leaves = read_taxonomy(project.taxonomy)
    if only and only not in [leaf.path for leaf in leaves]:
        raise EspalierError(f"The taxonomy has no leaf {only}. It has: {', '.join(leaf.path for leaf in leaves)}.")
    reviews = read_reviews(project)
    chosen = [leaf for leaf in leaves if only in ("", leaf.path)]
    return [practice_of(project, leaf, checked(leaf_journal(project, leaf)[1]), reviews) for leaf in chosen]
