"""A few samples before the full run: to see whether it is worth it, and to measure how long it will take."""

import time
from collections.abc import Sequence

from espalier.language import Backend
from espalier.messages import Emit, Stage
from espalier.project import Project
from espalier.synthesis.counted import Models
from espalier.synthesis.funnel import funnel
from espalier.synthesis.generate import chosen_leaves, tell_samples
from espalier.synthesis.leaf_work import leaf_work
from espalier.synthesis.pace import pace_of, remember_pace
from espalier.synthesis.pipelines.shipped import COMPACT
from espalier.taxonomy.leaf import Leaf

FEW = 5


def try_few(project: Project, backend: Backend, emit: Emit, only: Sequence[str] = (), count: int = FEW) -> int:
    """Draw and judge a few samples, tell them, and remember the pace; return how many the critic lets through.

    They are written nowhere, and the full run is the same without them: they are drawn with seeds that it never has.

    Args:
        project: with the pipeline to try.
        backend: loads the models.
        emit: told the samples as they are decided.
        only: paths of the leaves to draw from; () for all. They share the samples, and one of each kind comes first.
        count: of samples; a pipeline of blocks may make some more of one source.

    Raises:
        EspalierError: the taxonomy, the pipeline or a model cannot be used.
    """
    models = Models(project, backend, emit)
    shares = _shares(chosen_leaves(project, only), count)
    works = [leaf_work(project, leaf, models.load, 0) for leaf, _ in shares]
    emit(Stage("try", "Trying a few samples"))
    for setting in (project.teacher,) if project.pipeline == COMPACT else (project.teacher, project.judge):
        _ = models.load(setting).rows  # loading and looking for the best number of rows are no part of the pace
    accepted = 0
    for (leaf, share), work in zip(shares, works, strict=True):
        started, asked = time.monotonic(), models.calls
        few = work.few(share, lambda tokens: None)
        calls = models.calls - asked
        pace = pace_of(few.samples, time.monotonic() - started, calls, few.per_source)
        if pace:
            remember_pace(project, leaf.kind, pace)
        accepted += sum(sample.is_accepted for sample in few.samples)
        tell_samples(leaf, few.samples, funnel(few.samples, work.steps), emit)
    return accepted


def _shares(leaves: Sequence[Leaf], count: int) -> list[tuple[Leaf, int]]:
    """Return the leaves to draw from, first one of each kind, and the number of samples of each."""
    firsts = list({leaf.kind: leaf for leaf in reversed(leaves)}.values())[::-1]
    taken = [*firsts, *(leaf for leaf in leaves if leaf not in firsts)][:count]
    return [(leaf, count // len(taken) + (place < count % len(taken))) for place, leaf in enumerate(taken)]
