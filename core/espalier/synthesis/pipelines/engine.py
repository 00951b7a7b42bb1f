"""Rows through the blocks of a pipeline, one after the other; nothing that is removed is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from espalier.project import content_key
from espalier.synthesis.pipelines.file import PipelineFile, Step
from espalier.synthesis.pipelines.rows import Calls, Row, Table, failed, shown
from espalier.synthesis.pipelines.teacher_blocks import JudgeBlock

Seen = Mapping[str, frozenset[str] | set[str]]


@dataclass(frozen=True)
class Finished:
    """What became of the rows of one portion.

    Attributes:
        rows: that came through.
        removed: with the reason as a check that failed, in the order they were removed.
        seen: hashes, by block, of values that were new in a column without duplicates.
    """

    rows: list[Row] = field(default_factory=list)
    removed: list[Row] = field(default_factory=list)
    seen: dict[str, list[str]] = field(default_factory=dict)


def run_pipeline(pipeline: PipelineFile, rows: Sequence[Row], calls: Calls, seen: Seen) -> Finished:
    """Return what a pipeline makes of some rows.

    Args:
        pipeline: to run.
        rows: of the leaf.
        calls: what its blocks ask with.
        seen: hashes of values, by block, that earlier portions of the leaf had where duplicates are dropped.

    Raises:
        EspalierError: a block wants a column that the rows do not have.
    """
    finished = Finished()
    rest = list(rows)
    turned: list[Row] = []  # turned away by a judge: the judges right after it look at them too, as it costs little
    for step in pipeline.steps:
        is_judge = isinstance(step.block, JudgeBlock)
        if not is_judge:
            finished.removed.extend(turned)
            turned = []
        if not rest and not turned:
            break
        table = step.block.run(rest, calls) if rest else Table()
        if is_judge:
            again = step.block.run(turned, calls) if turned else Table()
            turned = [*again.rows, *again.removed, *table.removed]
        else:
            finished.removed.extend(table.removed)
        rest = [row.without(step.drop_columns) for row in table.rows]
        if step.drop_duplicates:
            rest, removed, new = _without_duplicates(step, rest, seen.get(step.name, frozenset()))
            finished.removed.extend(removed)
            finished.seen[step.name] = new
    finished.removed.extend(turned)
    finished.rows.extend(rest)
    return finished


def _without_duplicates(
    step: Step, rows: Sequence[Row], seen: frozenset[str] | set[str]
) -> tuple[list[Row], list[Row], list[str]]:
    """Return the rows whose columns have values that none before had, the others, and the new values."""
    kept: list[Row] = []
    removed: list[Row] = []
    new: dict[str, None] = {}
    for row in rows:
        values = [row.columns.get(name) for name in step.drop_duplicates]
        key = content_key(values)
        if key in seen or key in new:
            what = " and ".join(f"“{name}”" for name in step.drop_duplicates)
            reason = f"Another row has the same {what}: “{shown(' '.join(map(str, values)))}”"
            removed.append(row.judged(failed(step.name, reason)))
        else:
            new[key] = None
            kept.append(row)
    return kept, removed, list(new)
