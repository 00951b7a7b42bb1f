from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_samples import LEAF, sample, write_journal

from espalier.files import append_lines
from espalier.project import Project, open_project, write_settings
from espalier.project_survey import survey
from espalier.status import LeafStatus
from espalier.survey_cache import SurveyCache
from espalier.synthesis.final import State, finals, learned, turned_away
from espalier.synthesis.later import checked, later_path
from espalier.synthesis.leaf_work import leaf_journal
from espalier.synthesis.reviews import Review, Reviews, read_reviews, review, taken_back
from espalier.synthesis.sample import RECALL, Check, Journal, Sample, measured
from espalier.synthesis.sample_table import STATES, SampleFile, SampleTable, learned_rows, states
from espalier.synthesis.samples_view import Filter, View
from espalier.taxonomy.reader import read_taxonomy


@pytest.fixture
def reviews(tmp_path: Path) -> Reviews:
    return Reviews(tmp_path / "reviews.jsonl")


def test_the_last_decision_about_the_words_of_a_sample_holds_also_after_reading_again(
    reviews: Reviews, tmp_path: Path
) -> None:
    good, bad = sample(1), sample(2, trip=0.1)
    reviews.add([review(bad, "keep"), review(good, "drop"), review(good, "edit", "What?", "That.")])
    for read in (reviews, Reviews(tmp_path / "reviews.jsonl")):
        rows = finals([good, bad, sample(3), sample(4, trip=0.0)], {}, read)
        assert [row.state for row in rows] == [State.EDITED, State.KEPT, State.ACCEPTED, State.REJECTED]
        assert (rows[0].sample.question, rows[0].sample.answer) == ("What?", "That.")
        assert rows[0].drawn == good
        assert [taught.question for taught in learned(rows)] == ["What?", bad.question, sample(3).question]
        assert turned_away(rows) == {"round trip": 1}
    reviews.add([review(good, "none")])
    assert finals([good], {}, Reviews(tmp_path / "reviews.jsonl"))[0].state is State.ACCEPTED


def test_a_persons_decision_goes_before_a_moved_threshold(reviews: Reviews) -> None:
    kept = sample(1, trip=0.4)
    reviews.add([review(kept, "keep")])
    rows = finals([kept, sample(2, trip=0.4)], {"round trip": 0.9}, reviews)
    assert [row.state for row in rows] == [State.KEPT, State.REJECTED]


def test_words_that_were_drawn_twice_are_kept_once(reviews: Reviews) -> None:
    first, again = sample(1), sample(1, trip=0.0)
    reviews.add([review(again, "keep")])
    rows = finals([first, again], {}, reviews)
    assert [row.state for row in rows] == [State.KEPT, State.KEPT]
    assert len(learned(rows)) == 1


def test_a_suggestion_changes_nothing_until_it_is_taken_and_goes_when_something_is_decided(reviews: Reviews) -> None:
    odd = sample(1, trip=0.0)
    reviews.add([review(odd, "suggest", "Why?", "So.", "teacher")])
    assert finals([odd], {}, reviews)[0].state is State.REJECTED
    offered = reviews.suggestion(odd)
    assert offered
    assert (offered.question, offered.who) == ("Why?", "teacher")
    back = taken_back(reviews, [odd])
    reviews.add([review(odd, "edit", offered.question, offered.answer)])
    assert reviews.suggestion(odd) is None
    reviews.add(back)
    assert reviews.suggestion(odd) == offered
    assert reviews.about(odd) is None


def test_lines_that_nobody_understands_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(
        '[1]\n{"decision": "burn", "key": "k"}\n{"decision": "keep"}\n{"decision": "keep", "key": "k"}\n{"de'
    )
    assert Reviews(path).decided == {"k": Review("k", "keep")}


scores = st.floats(-2, 2).map(lambda value: round(value, 4))
rows_of_samples = st.lists(
    st.builds(sample, st.integers(0, 30), scores, st.none() | scores, st.sampled_from([LEAF, "knowledge/b"])),
    max_size=25,
)
decisions = st.dictionaries(st.integers(0, 30), st.sampled_from(["keep", "drop", "edit", "none", "suggest"]))
thresholds_of_person = st.dictionaries(st.sampled_from(["round trip", "grounding gain", "form", "other"]), scores)


@given(rows_of_samples, decisions, thresholds_of_person)
@settings(deadline=None, max_examples=60)
def test_the_table_says_of_every_row_what_the_one_function_says(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[Sample],
    decided: dict[int, str],
    thresholds: dict[str, float],
) -> None:
    folder = tmp_path_factory.mktemp("table")
    write_journal(folder / "leaf.jsonl", drawn)
    reviews = Reviews(folder / "reviews.jsonl")
    first = {each.question: each for each in drawn}
    made = [
        review(first[f"What is number {n}?"], d, "New?", "New.")
        for n, d in decided.items()
        if f"What is number {n}?" in first
    ]
    reviews.add(made)
    table = SampleTable([SampleFile(folder / "leaf.jsonl")], reviews)
    for _ in table.load():
        pass
    rows = finals(drawn, thresholds, reviews)
    kept = {each.id: each for each in drawn}  # a journal holds each id once a portion
    rows = finals(kept.values(), thresholds, reviews)
    assert [STATES[code] for code in states(table, thresholds)] == [row.state for row in rows]
    assert table.questions == [row.sample.question for row in rows]
    assert [table.final(place, thresholds) for place in range(len(table))] == rows
    view = View(table, thresholds)
    for place, row in enumerate(rows):
        if row.state is State.REJECTED:
            assert row.sample.failure
            assert view.failed_check(place) == row.sample.failure.name
    assert learned_rows(table, view.states).sum() == len(learned(rows))
    assert len(view.rows(Filter(kind="learned"))) == view.counts()["learned"] == len(learned(rows))


def test_a_portion_that_was_cut_off_is_not_shown_and_its_second_copy_once(tmp_path: Path, reviews: Reviews) -> None:
    path = tmp_path / "leaf.jsonl"
    append_lines(path, [asdict(sample(1))])
    write_journal(path, [sample(1), sample(2)])
    append_lines(path, [asdict(sample(9))])
    table = SampleTable([SampleFile(path), SampleFile(tmp_path / "missing.jsonl")], reviews)
    assert list(table.load())[-1] == 2
    assert [table.drawn(row) for row in range(2)] == [sample(1), sample(2)]


@pytest.fixture
def view(tmp_path: Path, reviews: Reviews) -> View:
    drawn = [sample(n, trip=n / 10, gain=0.4 - n / 20) for n in range(10)]
    write_journal(tmp_path / "a.jsonl", drawn)
    write_journal(tmp_path / "b.jsonl", [sample(20, leaf="knowledge/b"), sample(21, trip=0.0, leaf="knowledge/b")])
    reviews.add([review(drawn[0], "keep"), review(drawn[5], "drop")])
    table = SampleTable([SampleFile(tmp_path / "a.jsonl"), SampleFile(tmp_path / "b.jsonl")], reviews)
    for _ in table.load():
        pass
    return View(table)


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (Filter(), list(range(12))),
        (Filter(text="NUMBER 2"), [2, 10, 11]),
        (Filter(leaf="knowledge/b"), [10, 11]),
        (Filter(leaf="knowledge/engineering"), list(range(10))),
        (Filter(kind="rejected"), [1, 2, 6, 7, 8, 9, 11]),
        (Filter(kind="rejected", check="round trip"), [1, 2, 11]),
        (Filter(kind="learned"), [0, 3, 4, 10]),
        (Filter(kind="reviewed"), [0, 5]),
        (Filter(check="round trip", low=0.3, high=0.5), [3, 4, 5, 10]),
        (Filter(kind="waiting"), []),
        (Filter(check="nothing of that name"), []),
        (Filter(source="Fact 1."), [2, 3]),
        (Filter(text="nowhere"), []),
    ],
)
def test_filters_let_through_what_they_say(view: View, wanted: Filter, rows: list[int]) -> None:
    assert view.rows(wanted).tolist() == rows


def test_rows_are_sorted_by_what_the_column_shows(view: View) -> None:
    every = view.rows(Filter())
    assert view.ordered(every, "leaf").tolist() == [10, 11, *range(10)]
    assert view.ordered(every, "question", is_descending=True).tolist()[:2] == [9, 8]
    names = [STATES[view.states[row]] for row in view.ordered(every, "state")]
    assert names == sorted(names, key=STATES.index)
    by_check = [view.failed_check(row) for row in view.ordered(every, "check").tolist()]
    assert by_check == sorted(by_check, key=lambda name: ["round trip", "grounding gain", ""].index(name))


def test_a_draft_of_thresholds_tells_which_rows_would_change_sides(view: View) -> None:
    effect = view.effect({"round trip": 0.15, "grounding gain": 0.1})
    assert np.flatnonzero(effect.brought).tolist() == [2, 6]
    assert np.flatnonzero(effect.turned).tolist() == []
    assert view.rows(Filter(), effect).tolist() == [2, 6]
    assert np.flatnonzero(view.effect({"round trip": 0.35}).turned).tolist() == [3]
    assert view.movable()["round trip"] == (0.3, 0.0, 0.9)
    assert View(view.table, {"round trip": 0.4}).movable()["round trip"][0] == 0.4


def test_groups_and_shares_count_what_is_there(view: View) -> None:
    assert view.groups() == [("grounding gain", 4), ("round trip", 3)]
    assert [(share.name, share.learned, share.total) for share in view.shares()] == [
        ("knowledge/b", 1, 2),
        (LEAF, 3, 10),
    ]
    assert view.shares(LEAF)[0].learned == 0
    assert sum(share.total for share in view.shares(LEAF)) == 10
    assert view.branches() == []  # the only one has all leaves


def test_a_passage_that_is_only_recalled_is_no_fact_that_lacks_practice(tmp_path: Path, reviews: Reviews) -> None:
    recalled = Sample(
        "0-0-recall", LEAF, "Recall it all.", "All of it.", "A whole passage.", (Check(RECALL, True, ""),)
    )
    write_journal(tmp_path / "a.jsonl", [sample(2), recalled])
    table = SampleTable([SampleFile(tmp_path / "a.jsonl")], reviews)
    assert list(table.load())
    assert [share.name for share in View(table).shares(LEAF)] == ["Fact 1."]
    assert View(table).shares()[0].total == 2


def test_branches_with_some_of_the_leaves_tell_how_much_practice_they_have(tmp_path: Path, reviews: Reviews) -> None:
    leaves = ("knowledge/arts/song/a", "knowledge/arts/song/b", "knowledge/c", "compositional_skills/d")
    drawn = [sample(n, trip=(n % 2) / 2, leaf=leaf) for n, leaf in enumerate((*leaves, leaves[0], leaves[2]))]
    write_journal(tmp_path / "a.jsonl", drawn)
    table = SampleTable([SampleFile(tmp_path / "a.jsonl")], reviews)
    assert list(table.load())
    found = View(table).branches()
    assert [(share.name, share.learned, share.total, share.leaves) for share in found] == [
        ("knowledge/arts", 1, 3, 2),
        ("knowledge", 2, 5, 3),
    ]


def test_a_decision_shows_in_every_row_with_the_same_words(tmp_path: Path, reviews: Reviews) -> None:
    path = tmp_path / "leaf.jsonl"
    write_journal(path, [sample(1), sample(2)])
    append_lines(path, [asdict(sample(1, trip=0.0)), {"wave": 1, "portion": 0, "of": 1}])
    table = SampleTable([SampleFile(path)], reviews)
    list(table.load())
    reviews.add([review(sample(1), "edit", "Which?", "That one.")])
    key = sample(1).key
    assert table.rows_of([sample(1)]) == {key: [0, 2]}
    table.take(sample(1), [0, 2])
    assert [table.questions[row] for row in range(3)] == ["Which?", sample(2).question, "Which?"]
    assert View(table).counts()["learned"] == 2
    reviews.add([review(sample(1), "none")])
    table.take(sample(1), table.rows_of([sample(1)])[key])
    assert table.questions[0] == sample(1).question
    assert View(table).rows(Filter(text="which")).tolist() == []


def test_the_survey_counts_what_the_student_learns_after_the_review(example: Path) -> None:
    project = open_project(example)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    path, _, _ = leaf_journal(project, leaf)
    write_journal(path, [sample(n, trip=0.4 if n % 2 else 0.1) for n in range(6)])
    write_settings(Project(project.root, project.student, project.teacher, thresholds={"round trip": 0.05}))
    read_reviews(project).add([review(sample(0, trip=0.1), "drop"), review(sample(1), "edit", "Why?", "So.")])
    statuses = survey(open_project(example), SurveyCache(example))
    found = next(status for status in statuses if isinstance(status, LeafStatus) and status.path == LEAF)
    assert (found.accepted, found.rejected, found.reviewed) == (5, {"dropped": 1}, 2)


def test_checks_that_were_made_later_are_in_the_table_as_everywhere(tmp_path: Path, reviews: Reviews) -> None:
    path = tmp_path / "leaf.jsonl"
    waits = sample(1, trip=0.2, gain=None)
    write_journal(path, [waits, sample(2)])
    made = {"sample": waits.key, "checks": [asdict(measured("grounding gain", 0.1, 0.2, "It does not."))]}
    append_lines(later_path(path), [made])
    table = SampleTable([SampleFile(path)], reviews)
    list(table.load())
    samples = checked(Journal(path))
    for thresholds in ({}, {"round trip": 0.1}, {"round trip": 0.1, "grounding gain": 0.05}):
        rows = finals(samples, thresholds, reviews)
        assert [STATES[code] for code in states(table, thresholds)] == [row.state for row in rows]
        assert [table.final(row, thresholds) for row in range(2)] == rows
    assert rows[0].state is State.ACCEPTED
