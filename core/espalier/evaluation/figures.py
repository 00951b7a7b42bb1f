"""Counts of right answers, by leaf and by branch, and what changed between two models."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Literal

from espalier.evaluation.intervals import compare, wilson

MODELS = ("base", "tuned", "4-bit")

Change = Literal["improved", "same", "regressed"]
Right = Mapping[str, bool]


def change(right: Right, before: str = "base", after: str = "tuned") -> Change:
    """Return what became of a question between two models."""
    if right[before] == right[after]:
        return "same"
    return "improved" if right[after] else "regressed"


def totals(rows: Iterable[tuple[str, Right]]) -> dict[str, dict[str, int]]:
    """Return the number of questions and of each model's right answers by group, in the order of the rows.

    Args:
        rows: each with its group, and whether each model is right.
    """
    found: dict[str, dict[str, int]] = {}
    for group, right in rows:
        counts = found.setdefault(group, {"questions": 0, **dict.fromkeys(right, 0)})
        counts["questions"] += 1
        for name, is_right in right.items():
            counts[name] += is_right
    return found


def branches(leaves: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return the same counts by folder of the taxonomy, each with all leaves below it; the taxonomy itself is ""."""
    found: dict[str, dict[str, int]] = {}
    for path, counts in leaves.items():
        parts = path.split("/")[:-1]
        for depth in range(len(parts) + 1):
            branch = found.setdefault("/".join(parts[:depth]), {})
            for name, count in counts.items():
                branch[name] = branch.get(name, 0) + count
    return dict(sorted(found.items()))


def summary(rights: Sequence[Right]) -> dict[str, Any]:
    """Return the counts of right answers with their intervals, and what training and 4 bits changed.

    ``tuned`` says how the tuned student differs from the base, ``4-bit`` how the 4-bit one differs from the tuned.
    """
    names = [name for name in MODELS if rights and name in rights[0]]
    counts = {name: sum(right[name] for right in rights) for name in names}
    found: dict[str, Any] = {"questions": len(rights), "right": counts}
    found["intervals"] = {name: list(wilson(count, len(rights))) for name, count in counts.items()}
    for before, after in pairwise(names):
        changes = [change(right, before, after) for right in rights]
        gained, lost = changes.count("improved"), changes.count("regressed")
        difference = compare([right[before] for right in rights], [right[after] for right in rights])
        found[after] = {
            **{name: changes.count(name) for name in ("improved", "same", "regressed")},
            **asdict(difference),
            "win_rate": gained / (gained + lost) if gained + lost else None,
            "win_interval": list(wilson(gained, gained + lost)),
        }
    return found
