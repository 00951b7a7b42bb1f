"""In which order a student learns, and what later phases repeat."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.errors import EspalierError
from espalier.training.curriculum import KNOWLEDGE, SKILLS, Curriculum, check_curriculum, chosen, phases
from espalier.training.mixture import Mixture, Row

LONG = "word " * 50


def row(leaf: str, number: int, answer: str = "yes", passages: int = 6) -> Row:
    passage = f"passage {number % passages}" if leaf.startswith("knowledge") else ""
    return Row(leaf, f"{leaf} {number}?", answer, "sample", passage)


def mixture(short: int = 30, long: int = 24, skills: int = 20, general: int = 40) -> Mixture:
    rows = [row("knowledge/a", number) for number in range(short)]
    rows += [row("knowledge/a", 1000 + number, LONG) for number in range(long)]
    rows += [row("compositional_skills/b", number) for number in range(skills)]
    held_out = (row("knowledge/a", 900), row("knowledge/a", 901, LONG), row("compositional_skills/b", 900))
    return Mixture(tuple(rows), held_out, 0, tuple(Row("", f"general {n}?", "so", "general") for n in range(general)))


def test_stacked_without_other_data_is_the_mixture_itself() -> None:
    whole = mixture(general=0)
    (phase,) = phases(whole, Curriculum(), 7)
    assert phase.rows == whole.train
    assert phase.held_out == whole.held_out


def test_lab_learns_short_then_long_knowledge_then_skills_and_repeats_a_share_of_each() -> None:
    whole = mixture()
    first, second, third = phases(whole, Curriculum("lab", replay=0.5, general=0.1), 7)
    assert [phase.name for phase in (first, second, third)] == [*KNOWLEDGE, SKILLS]
    assert dict(first.repeated) == {"general": 3}
    assert dict(second.repeated) == {KNOWLEDGE[0]: 15, "general": 2}
    assert dict(third.repeated) == {KNOWLEDGE[0]: 15, KNOWLEDGE[1]: 12, "general": 2}
    assert [len(phase.rows) for phase in (first, second, third)] == [33, 24 + 17, 20 + 29]
    assert set(whole.train) <= {row for phase in (first, second, third) for row in phase.rows}
    assert [len(phase.held_out) for phase in (first, second, third)] == [1, 2, 3]


def test_without_replay_a_phase_holds_its_own_rows_alone() -> None:
    plan = phases(mixture(general=0), Curriculum("lab", replay=0), 7)
    assert [Counter(row.leaf for row in phase.rows) for phase in plan] == [
        {"knowledge/a": 30},
        {"knowledge/a": 24},
        {"compositional_skills/b": 20},
    ]


def test_a_few_long_answers_are_learned_with_the_short_ones() -> None:
    plan = phases(mixture(long=4), Curriculum("lab"), 7)
    assert [phase.name for phase in plan] == ["knowledge", SKILLS]
    assert len(plan[0].held_out) == 2


def test_one_kind_of_leaf_is_one_phase() -> None:
    (phase,) = phases(mixture(short=0, long=0, general=0), Curriculum("lab"), 7)
    assert phase.name == SKILLS


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 60), st.integers(0, 80), st.integers(1, 9))
def test_a_replay_takes_of_every_passage_before_a_second_of_any(rows: int, count: int, passages: int) -> None:
    every = [row("knowledge/a", number, passages=passages) for number in range(rows)]
    taken = chosen(every, count, (7, 1))
    assert taken == chosen(every, count, (7, 1))
    assert len(set(taken)) == len(taken) == min(rows, count)
    seen = Counter(row.passage for row in taken)
    full = Counter(row.passage for row in every)
    least = min((seen[passage] for passage in full if seen[passage] < full[passage]), default=None)
    assert least is None or max(seen.values(), default=0) <= least + 1


def test_distractors_stand_before_the_question_and_the_own_passage_in_four_of_ten() -> None:
    whole = mixture(short=300, long=0, general=0)
    (phase,) = phases(whole, Curriculum(distractors=2), 7)
    added = phase.rows[len(whole.train) :]
    assert phase.rows[: len(whole.train)] == whole.train
    assert len(added) == 300
    own = 0
    for made in added:
        *passages, question = made.question.split("\n\n")
        assert question in {row.question for row in whole.train}
        assert len(set(passages)) == len(passages)
        assert len([passage for passage in passages if passage != made.passage]) == 2
        own += made.passage in passages
    assert 0.3 < own / len(added) < 0.5


def test_one_passage_has_no_distractors() -> None:
    rows = tuple(replace(row("knowledge/a", number), passage="the only one") for number in range(5))
    (phase,) = phases(Mixture(rows, (), 0), Curriculum(distractors=3), 7)
    assert phase.rows == rows


@pytest.mark.parametrize(
    "curriculum",
    [Curriculum("three"), Curriculum(replay=1.5), Curriculum(general=-1), Curriculum(distractors=12)],
)
def test_a_curriculum_that_cannot_be_is_refused(curriculum: Curriculum) -> None:
    with pytest.raises(EspalierError, match=r"Choose .*\."):
        check_curriculum(curriculum)
