"""The rows that come out of a pipeline as samples, with InstructLab's reading of the last columns."""

import re
from collections.abc import Sequence
from dataclasses import replace

from espalier.synthesis.pipelines.engine import Finished
from espalier.synthesis.pipelines.file import PipelineFile
from espalier.synthesis.pipelines.rows import Row, failed
from espalier.synthesis.sample import Sample
from espalier.taxonomy.leaf import Leaf

COMPLETE = "complete"  # the check of a row that has both texts; it cannot be brought back by a threshold
_CHOICE = re.compile(r"^\s*([A-D])\)", re.MULTILINE)


def samples_of(leaf: Leaf, pipeline: PipelineFile, finished: Finished, start: str) -> list[Sample]:
    """Return a sample for each row, those that came through first.

    Args:
        leaf: of the rows.
        pipeline: that they went through.
        finished: what the pipeline made of a portion.
        start: of the ids; a number follows.
    """
    rows: Sequence[Row] = [*finished.rows, *finished.removed]
    return [_sample(leaf, pipeline, row, f"{start}-{number}") for number, row in enumerate(rows)]


def _sample(leaf: Leaf, pipeline: PipelineFile, row: Row, name: str) -> Sample:
    question, answer = _pair(row)
    context = ""
    if leaf.kind == "grounded skill":
        context = str(row.columns.get("context") or row.columns.get("seed_context") or "").strip()
        question = question.removeprefix(context).strip()  # where the pipeline has put them together
    sample = Sample(name, leaf.path, question, answer, row.source, row.verdict, context)
    if reason := _lack(row, question, answer):
        return sample.judged(failed(COMPLETE, reason))
    made = {check.name for check in row.verdict}
    if all(check.passed or check.least is not None for check in row.verdict):
        return replace(sample, unchecked=tuple(judge for judge in pipeline.judges if judge not in made))
    return sample


def _pair(row: Row) -> tuple[str, str]:
    """Return question and answer; a text that holds both is split after the first question mark, as in InstructLab."""
    columns = row.columns
    question = columns.get("question", columns.get("mmlubench_question"))
    answer = columns.get("response", columns.get("mmlubench_answer"))
    output = str(columns.get("output") or "")
    before, mark, after = output.partition("?")
    if question is None:
        question = f"{before.strip()}?" if mark else ""
    if answer is None:
        answer = after if mark else before
    return str(question or "").strip(), str(answer or "").strip()


def _lack(row: Row, question: str, answer: str) -> str:
    if not question:
        return "There is no question." if not answer else "There is no question mark that would end its question."
    if not answer:
        return "There is no answer; the row was removed before one was written." if row.verdict else "It has no answer."
    if "mmlubench_question" in row.columns and (
        sorted(set(_CHOICE.findall(question))) != ["A", "B", "C", "D"] or not _CHOICE.match(answer)
    ):
        return "It is no question with the four choices A) to D) and one of them as its answer."
    return ""
