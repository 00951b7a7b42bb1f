"""What can be asked of all samples of a project at once: which rows, in which order, and what a threshold would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from espalier.synthesis.final import State
from espalier.synthesis.sample import RECALL
from espalier.synthesis.sample_table import (
    Mask,
    Rows,
    SampleTable,
    is_one_of,
    learned_rows,
    passing,
    reviewed_rows,
    states,
)

Thresholds = Mapping[str, float]
Column = Literal["state", "leaf", "question", "answer", "check"]
MOST_SHARES = 500  # more are not looked at one by one
KINDS = (
    "learned",
    "rejected",
    "waiting",
    "undecided",
    "reviewed",
    "kept",
    "edited",
    "dropped",
    "imported",
    "suggested",
)


@dataclass(frozen=True)
class Filter:
    """Which rows are wanted; every part that is given must hold.

    Attributes:
        text: occurs in question or answer, whatever the case of its letters.
        leaf: path of a leaf, or of a branch above it.
        kind: one of ``KINDS``, "" for any.
        check: name of a check that was made; together with the kind ``rejected`` the one that turned the row away.
        low: smallest score of that check.
        high: largest score of that check.
        source: what the row was drawn from.
    """

    text: str = ""
    leaf: str = ""
    kind: str = ""
    check: str = ""
    low: float | None = None
    high: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Effect:
    """What other thresholds would do.

    Attributes:
        brought: rows that would be learned, or wait for more checks (rows,).
        turned: rows that would be turned away (rows,).
    """

    brought: Mask
    turned: Mask


@dataclass(frozen=True)
class Share:
    """How much of the practice something has.

    Attributes:
        name: path of a leaf, or a source.
        learned: samples that the student learns from.
        total: samples that were drawn for it.
        leaves: how many leaves it stands for; 1 for a leaf or source.
    """

    name: str
    learned: int
    total: int
    leaves: int = 1


@dataclass
class View:
    """A table with the thresholds that hold, worked out once for every question about it."""

    table: SampleTable
    thresholds: Thresholds = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Work everything out again, after the table or the thresholds changed."""
        self.passes = passing(self.table, self.thresholds)
        self.states = states(self.table, self.thresholds)
        is_turned = ~self.passes.all(axis=1)
        first = np.argmin(self.passes, axis=1) if self.passes.shape[1] else np.zeros(len(self.states), int)
        self.failing: NDArray[np.int64] = np.where(is_turned, first, -1)
        self._ranks: dict[str, NDArray[np.int64]] = {}

    def rows(self, wanted: Filter, effect: Effect | None = None) -> Rows:
        """Return the rows that a filter lets through, in the order of the files.

        Args:
            wanted: the filter.
            effect: when given, only rows that it moves.
        """
        table = self.table
        mask = np.ones(len(self.states), bool)
        if wanted.leaf:
            below = f"{wanted.leaf}/"
            codes = [code for code, path in enumerate(table.leaves) if f"{path}/".startswith(below)]
            mask &= np.isin(table.leaf, codes)
        if wanted.source:
            mask &= table.source == (table.sources.index(wanted.source) if wanted.source in table.sources else -1)
        if wanted.kind:
            mask &= self._kind(wanted.kind)
        if wanted.check:
            mask &= self._check(wanted)
        if effect is not None:
            mask &= effect.brought | effect.turned
        found = np.flatnonzero(mask)
        needle, texts = wanted.text.casefold().strip(), table.texts
        if needle:
            return np.array([row for row in found.tolist() if needle in texts[row]], dtype=np.int64)
        return found

    def ordered(self, rows: Rows, column: Column, *, is_descending: bool = False) -> Rows:
        """Return rows sorted by a column; equal ones stay in their order."""
        keys = self._rank(column)[rows]
        order = np.argsort(-keys if is_descending else keys, kind="stable")
        return rows[order]

    def worst(self, row: int) -> tuple[str, float, float] | None:
        """Return the check that a row passes most narrowly, its score and threshold; None without any score."""
        margins = self._margins([row])[0]
        if np.isnan(margins).all():
            return None
        code = int(np.nanargmin(margins))
        name = self.table.checks[code]
        return name, float(self.table.scores[row, code]), self._least(code, row)

    def failed_check(self, row: int) -> str:
        """Return the check that turned a row away, "" when none did."""
        code = int(self.failing[row])
        return self.table.checks[code] if code >= 0 else ""

    def effect(self, thresholds: Thresholds) -> Effect:
        """Return what thresholds would do against those that hold; what a person decided stays."""
        good, would = self.passes.all(axis=1), passing(self.table, thresholds).all(axis=1)
        is_free = self.table.decision < 0
        return Effect(is_free & would & ~good, is_free & good & ~would)

    def movable(self) -> dict[str, tuple[float, float, float]]:
        """Return the checks whose threshold can be moved: the one that holds, the smallest and the largest score."""
        found = {}
        for code, name in enumerate(self.table.checks):
            moves = ~np.isnan(self.table.least[:, code]) & ~np.isnan(self.table.scores[:, code])
            if moves.any():
                scores = self.table.scores[moves, code]
                found[name] = (
                    self._least(code, int(np.flatnonzero(moves)[-1])),
                    float(scores.min()),
                    float(scores.max()),
                )
        return found

    def histogram(self, check: str, low: float, high: float, bins: int) -> list[int]:
        """Return how many scores of a check fall into each of some equal parts of a scale."""
        scores = self.table.scores[:, self.table.checks.index(check)]
        counts, _ = np.histogram(scores[~np.isnan(scores)], bins, (low, high))
        return [int(count) for count in counts]

    def counts(self) -> dict[str, int]:
        """Return how many rows are of each kind, and ``all``."""
        return {"all": len(self.states), **{kind: int(self._kind(kind).sum()) for kind in KINDS}}

    def groups(self) -> list[tuple[str, int]]:
        """Return how many undecided rows each check turned away, the most first."""
        open_rows = self.failing[is_one_of(self.states, (State.REJECTED,))]
        codes, counts = np.unique(open_rows[open_rows >= 0], return_counts=True)
        return sorted(
            ((self.table.checks[code], int(count)) for code, count in zip(codes, counts, strict=True)),
            key=lambda group: -group[1],
        )

    def edited_examples(self) -> dict[str, int]:
        """Return the last row that the person edited for each check that had turned such a row away."""
        edited = self.rows(Filter(kind="edited")).tolist()
        return {check: row for row in edited if (check := self.failed_check(row))}

    def score_range(self, check: str) -> tuple[float, float] | None:
        """Return the smallest and largest score of a check, None where it has none."""
        if check not in self.table.checks:
            return None
        scores = self.table.scores[:, self.table.checks.index(check)]
        scores = scores[~np.isnan(scores)]
        return (float(scores.min()), float(scores.max())) if len(scores) else None

    def shares(self, leaf: str = "") -> list[Share]:
        """Return each leaf's share, or each source's in one leaf, those with the fewest learned rows first.

        What only rows without the teacher were made from, such as a whole passage, is no source to draw more from.
        """
        codes, names = (self.table.source, self.table.sources) if leaf else (self.table.leaf, self.table.leaves)
        inside = np.ones(len(codes), bool)
        if leaf:
            inside = self.table.leaf == (self.table.leaves.index(leaf) if leaf in self.table.leaves else -1)
        totals = np.bincount(codes[inside], minlength=len(names))
        good = np.bincount(codes[inside & learned_rows(self.table, self.states)], minlength=len(names))
        if leaf and RECALL in self.table.checks:
            inside &= ~self.table.made[:, self.table.checks.index(RECALL)]
        there = np.flatnonzero(np.bincount(codes[inside], minlength=len(names)))
        first = there[np.argsort(good[there], kind="stable")][:MOST_SHARES].tolist()
        return [Share(names[code], int(good[code]), int(totals[code])) for code in first]

    def branches(self) -> list[Share]:
        """Return the share of each branch with some but not all of the leaves, the fewest learned rows a leaf first.

        A branch with the same leaves as the one above it is left out.
        """
        paths = self.table.leaves
        totals = np.bincount(self.table.leaf, minlength=len(paths))
        good = np.bincount(self.table.leaf[learned_rows(self.table, self.states)], minlength=len(paths))
        below: dict[str, list[int]] = {}
        for code, path in enumerate(paths):
            for branch in (path[:place] for place, letter in enumerate(path) if letter == "/"):
                below.setdefault(branch, []).append(code)
        chosen = {
            branch: codes
            for branch, codes in below.items()
            if 1 < len(codes) < len(paths) and codes != below.get(branch.rpartition("/")[0])
        }
        shares = [
            Share(branch, int(good[codes].sum()), int(totals[codes].sum()), len(codes))
            for branch, codes in chosen.items()
        ]
        return sorted(shares, key=lambda share: share.learned / share.leaves)

    def _kind(self, kind: str) -> Mask:
        if kind == "learned":
            return learned_rows(self.table, self.states)
        if kind == "reviewed":
            return reviewed_rows(self.states)
        if kind == "undecided":
            return self.table.decision < 0
        if kind == "imported":
            return self.table.imported
        if kind == "suggested":
            return self.table.suggested
        return is_one_of(self.states, (State(kind),))

    def _check(self, wanted: Filter) -> Mask:
        if wanted.check not in self.table.checks:
            return np.zeros(len(self.states), bool)
        code = self.table.checks.index(wanted.check)
        scores = self.table.scores[:, code]
        if wanted.kind == "rejected":
            mask: Mask = self.failing == code
        else:
            mask = self.table.made[:, code].copy()
        if wanted.low is not None:
            mask &= scores >= wanted.low
        if wanted.high is not None:
            mask &= scores <= wanted.high
        return mask

    def _least(self, code: int, row: int) -> float:
        return float(self.thresholds.get(self.table.checks[code], self.table.least[row, code]))

    def _margins(self, rows: Sequence[int] | slice) -> NDArray[np.float64]:
        """Return how far scores are above their thresholds (rows, checks); NaN where nothing is measured."""
        least = self.table.least[rows].copy()
        for code, name in enumerate(self.table.checks):
            if name in self.thresholds:
                least[:, code] = np.where(np.isnan(least[:, code]), np.nan, self.thresholds[name])
        margins: NDArray[np.float64] = self.table.scores[rows] - least
        return margins

    def _rank(self, column: Column) -> NDArray[np.int64]:
        """Return a number for each row by which it stands in a column; the same for rows that look the same."""
        if column not in self._ranks:
            table = self.table
            if column == "state":
                rank = self.states.astype(np.int64)
            elif column == "leaf":
                rank = _ranked(table.leaves)[table.leaf]
            elif column == "check":
                margins = self._margins(slice(None))
                none = np.isnan(margins).all(axis=1)
                worst = np.fmin.reduce(margins, axis=1, initial=np.inf)
                failed = np.where(self.failing >= 0, self.failing - len(table.checks) - 1e6, 0.0)
                rank = np.argsort(np.argsort(np.where(none, 1e6, worst) + failed, kind="stable"))
            else:
                rank = _ranked(
                    [text.casefold() for text in (table.questions if column == "question" else table.answers)]
                )
            self._ranks[column] = rank
        return self._ranks[column]


def _ranked(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each text among all texts in their order; equal texts have equal places."""
    places = {text: place for place, text in enumerate(sorted(set(texts)))}
    return np.array([places[text] for text in texts], dtype=np.int64)
