"""What generating will take: rows, calls, time and room on disk, from what is to be drawn and a measured pace."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.project import Project, open_project
from espalier.synthesis.decide import decide_all
from espalier.synthesis.later import checked
from espalier.synthesis.leaf_work import MOST_WAVES, journal_of, leaf_work, no_model
from espalier.synthesis.pace import Pace, read_pace
from espalier.synthesis.pipelines.shipped import FILES
from espalier.taxonomy.reader import read_taxonomy

Span = tuple[int, int]  # the fewest and the most that are to be expected


@dataclass(frozen=True)
class Outlook:
    """What there is to draw for one leaf with a pipeline.

    Attributes:
        leaf: its path.
        kind: of the leaf.
        unit: what a source is, in the plural.
        sources: that a first wave draws from.
        per_source: rows that a source gives in a wave; 0 where only drawing tells.
        rounds: the fewest and the most waves that the dial stands for.
        drawn: rows that are there under the leaf's present key.
        accepted: of those.
        is_done: whether nothing more is to be drawn, unless a number of rows is to be reached.
        problem: why nothing can be drawn, in a sentence; "" where it can.
    """

    leaf: str
    kind: str
    unit: str = ""
    sources: int = 0
    per_source: int = 0
    rounds: Span = (1, 1)
    drawn: int = 0
    accepted: int = 0
    is_done: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Forecast:
    """What some leaves will take together.

    Attributes:
        rows: that will be drawn.
        accepted: that the critic will let through; None while no pace is known, like all that follow.
        calls: prompts to teacher and critic.
        seconds: of work.
        bytes: on disk.
        waiting: leaves with something to draw.
        unmeasured: kinds of leaves without a measured pace.
    """

    rows: Span | None
    accepted: Span | None
    calls: Span | None
    seconds: Span | None
    bytes: Span | None
    waiting: int
    unmeasured: tuple[str, ...] = ()


def outlooks(project: Project) -> list[Outlook]:
    """Return what there is to draw for every leaf; no model is loaded.

    Raises:
        EspalierError: the taxonomy cannot be used.
    """
    found = []
    for leaf in read_taxonomy(project.taxonomy):
        try:
            work = leaf_work(project, leaf, no_model, 0)
            journal = journal_of(project, leaf)
            counts = (work.sources, work.rows_per_source, work.rounds)
            drawn = [each for each in decide_all(checked(journal), project.thresholds) if each.is_written]
            accepted = sum(sample.is_accepted for sample in drawn)
            done = work.is_done(journal)
            found.append(Outlook(leaf.path, leaf.kind, work.unit, *counts, len(drawn), accepted, done))
        except EspalierError as error:
            found.append(Outlook(leaf.path, leaf.kind, problem=str(error)))
    return found


def forecast(leaves: Iterable[Outlook], paces: Mapping[str, Pace], per_leaf: int = 0) -> Forecast:
    """Return what leaves will take.

    Args:
        leaves: that are chosen; those with a problem are left out.
        paces: measured, by kind of leaf.
        per_leaf: accepted rows to reach in each; 0 leaves it to the dial.
    """
    spans: list[tuple[Span | None, Pace | None]] = []
    unmeasured: dict[str, None] = {}
    for leaf in leaves:
        pace = paces.get(leaf.kind)
        rows = _rows(leaf, pace, per_leaf)
        if leaf.problem or rows == (0, 0):
            continue
        if rows is None or pace is None:
            unmeasured[leaf.kind] = None
        spans.append((rows, pace))
    accepted, calls, seconds, size = (_total(spans, each) for each in ("accepted", "calls", "seconds", "bytes"))
    known = [rows for rows, _ in spans if rows is not None]
    rows = _sum(known) if len(known) == len(spans) else None
    return Forecast(rows, accepted, calls, seconds, size, len(spans), tuple(unmeasured))


def foretell(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outlook of every leaf of a project with a pipeline, and the paces known, as plain values.

    Raises:
        EspalierError: the project or its taxonomy cannot be used.
    """
    project = open_project(Path(arguments["project"]))
    project = replace(project, pipeline=arguments.get("pipeline") or project.pipeline)
    paces = {kind: asdict(pace) for kind in FILES if (pace := read_pace(project, kind))}
    return {"leaves": [asdict(each) for each in outlooks(project)], "paces": paces}


def told(result: Mapping[str, Any]) -> tuple[list[Outlook], dict[str, Pace]]:
    """Return what ``foretell`` put into plain values."""
    leaves = [Outlook(**{**each, "rounds": tuple(each["rounds"])}) for each in result["leaves"]]
    return leaves, {kind: Pace(**pace) for kind, pace in result["paces"].items()}


def _rows(leaf: Outlook, pace: Pace | None, per_leaf: int) -> Span | None:
    """Return the rows that a leaf will be given, None where that is not known."""
    if leaf.problem:
        return 0, 0
    each = leaf.sources * (leaf.per_source or (pace.per_source if pace else 0))
    if not per_leaf:
        if leaf.is_done:
            return 0, 0
        fewest, most = (max(0, math.ceil(each * rounds) - leaf.drawn) for rounds in leaf.rounds)
        return (fewest, most) if each else None
    missing = per_leaf - leaf.accepted
    if missing <= 0:
        return 0, 0
    if not each or not pace:
        return None
    most = max(0, math.ceil(each * MOST_WAVES) - leaf.drawn)
    wanted = math.ceil(missing / pace.accepted) if pace.accepted else most
    if leaf.per_source:
        wanted = max(wanted, math.ceil(each) - leaf.drawn)  # the first wave is always gone through
    return min(wanted, most), min(wanted, most)


def _total(spans: Sequence[tuple[Span | None, Pace | None]], factor: str) -> Span | None:
    parts: list[Span] = []
    for rows, pace in spans:
        if rows is None or pace is None:
            return None
        each = float(getattr(pace, factor))
        parts.append((round(rows[0] * each), math.ceil(rows[1] * each)))
    return _sum(parts)


def _sum(spans: Sequence[Span]) -> Span:
    return sum(low for low, _ in spans), sum(high for _, high in spans)
