"""How good the critic is, on rows with planted faults."""

from collections.abc import Callable, Sequence
from typing import Any

from espalier.language import LanguageModel
from espalier.messages import Emit, Stage
from espalier.synthesis import judge
from espalier.synthesis.compact import prompts
from espalier.synthesis.grounding import LEAST, Grounds, grounds
from espalier.synthesis.labelled import (
    GOOD,
    UNSUPPORTED,
    WRONG,
    Labelled,
    plain_verdicts,
    precision_recall,
    read_labelled,
)

Scores = Callable[[Grounds], float]
MEASURES: dict[str, Scores] = {
    "grounding gain": lambda found: found.gain,
    "share of surprise": lambda found: found.share,
    "round trip": lambda found: found.agreement,
    "both": lambda found: found.score,
}


def bench(model: LanguageModel, emit: Emit) -> dict[str, Any]:
    """Return the critic's figures: ``checks``, ``auc`` and ``supported``.

    Args:
        model: that judges.
        emit: told what is measured.
    """
    rows, examples = read_labelled()
    emit(Stage("bench", f"Plain checks on {len(rows)} rows with planted faults"))
    checks = precision_recall(rows, list(plain_verdicts(rows, examples)))
    reported = [row for row in rows if row.is_reported and row.fault in (GOOD, WRONG, UNSUPPORTED)]
    emit(Stage("bench", f"Grounding gain and round trip on {len(reported)} of them, on which nothing was chosen"))
    samples, passages = [row.sample for row in reported], [row.passage for row in reported]
    found = grounds(model, prompts()["answer"], samples, passages)
    emit(Stage("bench", "The judge's verdicts on the same rows"))
    judged = judge.verdicts(model, judge.rubric("faithful"), samples, passages)
    return {
        "checks": checks,
        "auc": {
            **{name: _areas(reported, [score(one) for one in found]) for name, score in MEASURES.items()},
            "judge": _areas(reported, [verdict.score for verdict in judged]),
        },
        "supported": _at_threshold(reported, [one.score for one in found]),
    }


def area(good: Sequence[float], bad: Sequence[float]) -> float:
    """Return how often a good row's score is above a bad row's; a tie counts half (the area under the ROC curve)."""
    wins = sum((one > other) + (one == other) / 2 for one in good for other in bad)
    return wins / (len(good) * len(bad))


def _areas(rows: Sequence[Labelled], scores: Sequence[float]) -> dict[str, float]:
    by_fault: dict[str, list[float]] = {GOOD: [], WRONG: [], UNSUPPORTED: []}
    for row, score in zip(rows, scores, strict=True):
        by_fault[row.fault].append(score)
    good, wrong, unsupported = by_fault.values()
    return {
        "all": area(good, wrong + unsupported),
        WRONG: area(good, wrong),
        UNSUPPORTED: area(good, unsupported),
    }


def _at_threshold(rows: Sequence[Labelled], scores: Sequence[float]) -> dict[str, float]:
    turned = [row.fault != GOOD for row, score in zip(rows, scores, strict=True) if score < LEAST]
    planted = sum(row.fault != GOOD for row in rows)
    precision = sum(turned) / len(turned) if turned else 0.0
    return {"precision": precision, "recall": sum(turned) / planted, "planted": planted}
