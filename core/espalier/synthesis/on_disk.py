"""What is on disk for the leaves of a project as they are now; nothing is drawn."""

from espalier.project import Project
from espalier.synthesis.later import checked
from espalier.synthesis.leaf_work import journal_of
from espalier.synthesis.practice import Practice, practice_of
from espalier.synthesis.reviews import read_reviews
from espalier.taxonomy.reader import read_leaves


def read_practice(project: Project, only: str = "") -> list[Practice]:
    """Return what is there for every leaf as it is now, or for one.

    Raises:
        EspalierError: a leaf has errors, or there is none of that path.
    """
    chosen = read_leaves(project.taxonomy, [only] if only else ())
    reviews = read_reviews(project)
    return [practice_of(project, leaf, checked(journal_of(project, leaf)), reviews) for leaf in chosen]
