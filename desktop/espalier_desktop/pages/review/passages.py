"""Where the samples of a project come from: the passage of a document, with the sentence that supports the answer."""

from espalier.documents.passages import Passage, find_passage
from espalier.documents.store import named_documents
from espalier.documents.worded import WordedText, worded
from espalier.errors import EspalierError
from espalier.project import Project
from espalier.synthesis.final import Final
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import LEAF_FILE
from espalier_desktop.i18n import tr


class Passages:
    """Finds passages; a leaf's documents are read once, until they are forgotten."""

    def __init__(self) -> None:
        self._texts: dict[str, list[WordedText]] = {}

    def forget(self) -> None:
        """Read documents anew when they are next asked for."""
        self._texts = {}

    def of(self, project: Project, shown: Final) -> Passage:
        """Return the passage that a sample comes from; an empty one where there is none, or it cannot be read."""
        leaf = shown.drawn.leaf
        if leaf not in self._texts:
            self._texts[leaf] = [worded(name, text) for name, text in _texts(project, leaf).items()]
        return find_passage(shown.drawn.source, shown.sample.answer, self._texts[leaf])


def _texts(project: Project, leaf: str) -> dict[str, str]:
    """Return a leaf's documents; the contexts of its seed examples where it has none."""
    try:
        if texts := dict(named_documents(project, leaf)):
            return texts
        contexts = read_leaf(project.taxonomy, project.taxonomy / leaf / LEAF_FILE).contexts
    except (EspalierError, OSError):
        return {}
    return {tr("Seed examples"): "\n\n".join(contexts)}
