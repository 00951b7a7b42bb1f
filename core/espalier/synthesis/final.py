"""How each sample stands in the end, from its verdict, the thresholds and the person's review: worked out only here.

Training's mixture, the survey and every count in the window go by it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from espalier.synthesis.decide import decide
from espalier.synthesis.reviews import Review, Reviews
from espalier.synthesis.sample import Sample


class State(StrEnum):
    """Where a sample stands; a person's decision goes before the critic's verdict."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WAITING = "waiting"
    KEPT = "kept"
    DROPPED = "dropped"
    EDITED = "edited"

    @property
    def is_learned(self) -> bool:
        """Return whether the student learns from such a sample."""
        return self in LEARNED

    @property
    def is_reviewed(self) -> bool:
        """Return whether a person decided it."""
        return self in REVIEWED


LEARNED = (State.ACCEPTED, State.KEPT, State.EDITED)
REVIEWED = (State.KEPT, State.DROPPED, State.EDITED)
_DECIDED = {"keep": State.KEPT, "drop": State.DROPPED, "edit": State.EDITED}


@dataclass(frozen=True)
class Final:
    """A sample as it stands in the end.

    Attributes:
        sample: with the thresholds' verdict, and the person's words where it was edited.
        drawn: as it is on disk; its key is what reviews point to.
    """

    sample: Sample
    state: State
    drawn: Sample


def final(sample: Sample, thresholds: Mapping[str, float], decision: Review | None) -> Final:
    """Return how a sample stands.

    Args:
        sample: as it is on disk.
        thresholds: that a person moved, by the name of the check.
        decision: the one that holds; None when the person has decided nothing.
    """
    decided = decide(sample, thresholds)
    if decision is None:
        state = State.ACCEPTED if decided.is_accepted else State.WAITING if decided.is_waiting else State.REJECTED
        return Final(decided, state, sample)
    if decision.decision == "edit":
        decided = replace(decided, question=decision.question, answer=decision.answer)
    return Final(decided, _DECIDED[decision.decision], sample)


def finals(samples: Iterable[Sample], thresholds: Mapping[str, float], reviews: Reviews) -> list[Final]:
    """Return how every sample stands, in order; samples with the same words share a decision."""
    return [final(sample, thresholds, reviews.about(sample)) for sample in samples]


def learned_finals(found: Iterable[Final]) -> list[Final]:
    """Return what the student learns from; words that a person kept twice, once."""
    rows, kept = [], set[str]()
    for each in found:
        if each.state.is_learned and each.drawn.key not in kept:
            rows.append(each)
            if each.state.is_reviewed:
                kept.add(each.drawn.key)
    return rows


def learned(found: Iterable[Final]) -> list[Sample]:
    """Return the samples that the student learns from, in the words that it learns."""
    return [each.sample for each in learned_finals(found)]


def turned_away(found: Iterable[Final]) -> dict[str, int]:
    """Return the number of samples that are not learned by what turned them away, the most first."""
    names = Counter(
        each.sample.failure.name if each.sample.failure and each.state is not State.DROPPED else each.state.value
        for each in found
        if not each.state.is_learned
    )
    return dict(names.most_common())
