"""Checks that look beyond one leaf: questions that another leaf has already, and those that are held out.

Neither is part of a leaf's key, so they are made again by every generate and kept with what came later: the last line
of a sample counts, and what no longer applies is taken back.
"""

from collections.abc import Sequence
from dataclasses import asdict

from espalier.files import append_lines
from espalier.synthesis.checks import is_not_held_out, not_new
from espalier.synthesis.decide import Thresholds, decide
from espalier.synthesis.duplicates import repeats
from espalier.synthesis.later import across, checked, later_path
from espalier.synthesis.sample import Check, Journal
from espalier.synthesis.words import plain


def judge_across(journals: Sequence[Journal], thresholds: Thresholds, held_out: Sequence[str]) -> None:
    """Note which accepted samples repeat one that comes before them in any leaf, or a held-out question.

    Args:
        journals: of the leaves, in their order: of two leaves the first keeps a question that both have.
        thresholds: in force.
        held_out: questions that measure the student.
    """
    rows = [
        sample
        for journal in journals
        for sample in (decide(sample, thresholds) for sample in checked(journal, beyond=False))
        if sample.is_accepted and sample.is_written
    ]
    repeated = repeats([sample.question for sample in rows], [sample.context for sample in rows])
    questions = [plain(question) for question in held_out]
    found: dict[str, list[Check]] = {}
    for index, sample in enumerate(rows):
        checks = [is_not_held_out(sample.question, questions)]
        if index in repeated:
            earlier = rows[repeated[index]]
            checks.append(not_new(earlier.question, "" if earlier.leaf == sample.leaf else earlier.leaf))
        if failed := [check for check in checks if not check.passed]:
            found[sample.key] = failed
    for journal in journals:
        noted = across(journal)
        now = {sample.key: found[sample.key] for sample in journal.samples if sample.key in found}
        changed = [key for key in {**noted, **now} if noted.get(key, []) != now.get(key, [])]
        if changed:
            lines = [{"sample": key, "across": [asdict(check) for check in now.get(key, [])]} for key in changed]
            append_lines(later_path(journal.path), lines)
