"""The critic against the person: which rows are rated, how agreement is counted, which thresholds are proposed."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.synthesis.calibration import (
    agreement,
    agreements,
    propose,
    rate,
    ratings_path,
    read_ratings,
    rows_to_rate,
)
from espalier.synthesis.decide import decide
from espalier.synthesis.sample import Check, Sample, measured


def scored(number: int, gain: float, least: float = 0.2) -> Sample:
    checks = (Check("form", True, "It is one question."), measured("grounding gain", gain, least, "It is likelier."))
    return Sample(f"0-{number}", "knowledge/a", f"What is number {number}?", "A number.", "A fact.", checks)


SAMPLES = [scored(number, number / 100) for number in range(100)]  # 80 accepted, 20 rejected


def test_the_rows_to_rate_are_of_both_sides_and_of_all_scores() -> None:
    chosen = rows_to_rate(SAMPLES, {})
    scores = sorted(check.score or 0.0 for sample in chosen for check in sample.verdict[1:])
    assert len(chosen) == len({sample.key for sample in chosen}) == 20
    assert sum(sample.is_accepted for sample in chosen) == 10
    assert scores[0] == 0.0
    assert scores[-1] == 0.99
    assert max(high - low for low, high in itertools.pairwise(scores)) <= 0.1
    assert [sample.is_accepted for sample in chosen] not in ([True] * 10 + [False] * 10, [False] * 10 + [True] * 10)
    assert rows_to_rate(SAMPLES, {}) == chosen
    assert not {s.key for s in rows_to_rate(SAMPLES, {s.key: True for s in chosen})} & {s.key for s in chosen}


def test_one_side_makes_up_for_what_the_other_lacks() -> None:
    chosen = rows_to_rate(SAMPLES[15:], {})
    assert len(chosen) == 20
    assert sum(not sample.is_accepted for sample in chosen) == 5
    plain = Sample("0-0", "a", "Why?", "So.", "s", (Check("form", True, "It is one question."),))
    assert rows_to_rate([plain], {}) == []


def test_kappa_is_the_textbook_one() -> None:
    # Cohen's example in Wikipedia's article: 20 both yes, 5 and 10 apart, 15 both no: kappa 0.4.
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    found = agreement(pairs)
    assert found.raw == 0.7
    assert found.kappa == pytest.approx(0.4)
    assert found.low is not None
    assert found.high is not None
    assert 0.1 < found.low < 0.4 < found.high < 0.7
    assert agreement(pairs) == found


def test_kappa_is_left_open_when_one_never_varies() -> None:
    found = agreement([(True, True)] * 20)
    assert (found.raw, found.kappa, found.low) == (1.0, None, None)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
@settings(deadline=None, max_examples=40)
def test_agreement_stays_in_its_bounds(pairs: list[tuple[bool, bool]]) -> None:
    found = agreement(pairs)
    assert 0 <= found.raw <= 1
    if found.kappa is not None and found.low is not None and found.high is not None:
        assert -1 <= found.low <= found.high <= 1


def test_ratings_are_kept_and_the_last_one_counts(tmp_path: Path) -> None:
    path = ratings_path(tmp_path)
    assert read_ratings(path) == {}
    rate(path, SAMPLES[0], True, "Ada")
    rate(path, SAMPLES[1], True)
    rate(path, SAMPLES[0], False)
    assert read_ratings(path) == {SAMPLES[0].key: False, SAMPLES[1].key: True}


def test_agreement_is_told_for_the_whole_and_for_each_check() -> None:
    ratings = {sample.key: number >= 50 for number, sample in enumerate(SAMPLES)}
    found = agreements(SAMPLES, ratings)
    assert set(found) == {"", "form", "grounding gain"}
    assert found[""].raw == 0.7
    assert found["form"].raw == 0.5
    assert found["form"].kappa == 0.0


def test_a_threshold_is_proposed_that_agrees_better_and_none_where_none_does() -> None:
    rated = {sample.key: number >= 50 for number, sample in enumerate(SAMPLES) if number % 5 == 0}
    proposal = propose(SAMPLES, rated)
    assert proposal
    assert 0.45 < proposal.thresholds["grounding gain"] <= 0.5
    assert (proposal.before.raw, proposal.after.raw) == (0.7, 1.0)
    assert [decide(s, proposal.thresholds).is_accepted for s in SAMPLES if s.key in rated] == list(rated.values())
    assert propose(SAMPLES, {s.key: s.is_accepted for s in SAMPLES}) is None
    assert propose(SAMPLES, {}) is None
