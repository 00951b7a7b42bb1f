"""The judge's explanation of one row, written when a person opens it, and kept."""

from espalier.errors import EspalierError
from espalier.language import Backend
from espalier.messages import Emit
from espalier.project import Project
from espalier.synthesis import judge
from espalier.synthesis.critic import Standard
from espalier.synthesis.decide import decide
from espalier.synthesis.generate import leaf_journal
from espalier.synthesis.later import checked, explanations, keep_explanation, later_path
from espalier.synthesis.sample import Check, Journal, Sample
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers.opening import open_model


def explained(project: Project, backend: Backend, emit: Emit, key: str, check: str = "") -> tuple[str, str]:
    """Return (check, why it turned out so) for one sample, from the disk where it was explained before.

    Args:
        project: whose critic is asked.
        backend: loads it.
        emit: told what is loaded.
        key: of the sample.
        check: name of the check; "" for the one that turned it away, or the last.

    Raises:
        EspalierError: there is no such sample or check.
    """
    leaf, journal, sample = _find(project, key)
    decided = decide(sample, project.thresholds)
    chosen = _check(decided, check)
    path = later_path(journal.path)
    text = explanations(path).get((key, chosen.name))
    if text is None:
        model = open_model(project.judge, project, backend, emit)
        standard = Standard.of(leaf)
        text = judge.explain(model, decided, chosen, sample.source, standard.tongue).strip()
        if not text:
            raise EspalierError(f"The critic {project.judge} wrote nothing about sample {key}. Choose a stronger one.")
        keep_explanation(path, sample, chosen.name, text)
    return chosen.name, text


def _find(project: Project, key: str) -> tuple[Leaf, Journal, Sample]:
    for leaf in read_taxonomy(project.taxonomy):
        journal = leaf_journal(project, leaf)[1]
        for sample in checked(journal):
            if sample.key == key:
                return leaf, journal, sample
    raise EspalierError(f"No leaf of {project.root} has a sample {key}. Look it up again: its leaf may have changed.")


def _check(sample: Sample, name: str) -> Check:
    if not name and sample.verdict:
        return next((check for check in sample.verdict if not check.passed), sample.verdict[-1])
    for check in sample.verdict:
        if check.name == name:
            return check
    made = ", ".join(check.name for check in sample.verdict) or "none"
    raise EspalierError(f"Sample {sample.key} has no check {name or 'at all'}. It has: {made}.")
