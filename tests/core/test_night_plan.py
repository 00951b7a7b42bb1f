from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.errors import EspalierError
from espalier.overnight import plan as plans
from espalier.overnight.morning import as_markdown, report_values, write_reports
from espalier.overnight.plan import MOST_CUTS, STAGES, Plan, make_plan, next_moment, seconds_until_start
from espalier.overnight.store import forget_plan, plan_file, read_plan, write_plan

NOW = datetime(2026, 11, 22, 22, 15)
A, B = Path("/a"), Path("/b")


def states(plan: Plan) -> list[str]:
    return [step.state for step in plan.steps]


def test_a_step_that_fails_leaves_out_only_what_needs_it() -> None:
    plan = make_plan([A, B], STAGES)
    plan = plans.concluded(plans.begun(plan, 0), 0, "done", 60)
    plan = plans.concluded(plans.begun(plan, 1), 1, "failed", 5, "The disk is full.")
    assert states(plan)[:4] == ["done", "failed", "left out", "left out"]
    assert plan.next == 4
    for place in (4, 5):
        plan = plans.concluded(plan, place, "done", 1)
    plan = plans.concluded(plan, 6, "failed", 1, "No room.")
    assert plan.next == 7, "the questions can be asked without a small student"


def test_training_needs_the_samples_only_where_they_were_planned() -> None:
    plan = make_plan([A], ("train", "evaluate"))
    assert [step.stage for step in plan.steps] == ["train", "evaluate"]
    assert plan.next == 0


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(EspalierError, match="Choose at least one project"):
        make_plan([], STAGES)
    with pytest.raises(EspalierError, match="no time of day"):
        next_moment("half past", NOW)


def test_the_time_of_day_is_the_next_one() -> None:
    assert next_moment("23:00", NOW) == datetime(2026, 11, 22, 23)
    assert next_moment("06:30", NOW) == datetime(2026, 11, 23, 6, 30)


def test_a_clock_that_was_moved_back_makes_nobody_wait_for_days() -> None:
    plan = make_plan([A], STAGES, start=datetime(2026, 11, 22, 23).isoformat())
    assert seconds_until_start(plan, NOW) == 45 * 60
    assert seconds_until_start(plan, NOW + timedelta(hours=1)) == 0
    assert seconds_until_start(plan, NOW - timedelta(days=300)) == 0
    assert plans.concluded(plan, 0, "done", -3000.0).steps[0].seconds == 0


def test_a_step_that_is_cut_off_again_and_again_fails() -> None:
    plan = make_plan([A], STAGES)
    for _ in range(MOST_CUTS):
        assert plan.next == 0
        plan = plans.cut(plans.begun(plan, 0), 0, 10, "It crashed.")
    assert plan.steps[0].message == "It crashed."
    assert plan.steps[0].seconds == 30
    assert states(plan) == ["failed", "left out", "left out", "left out"]


MOVES = st.lists(st.sampled_from(["done", "failed", "cut", "paused"]), max_size=40)


@settings(max_examples=25, deadline=None)
@given(MOVES, st.sets(st.sampled_from(STAGES), min_size=1))
def test_a_plan_always_comes_to_its_end_and_is_read_back_as_it_was(moves: list[str], stages: set[str]) -> None:
    plan = make_plan([A, B], sorted(stages))
    for move in moves:
        place = plan.next
        if place is None:
            break
        plan = plans.begun(plan, place)
        write_plan(plan)
        assert read_plan() == plan
        if move in ("done", "failed"):
            plan = plans.concluded(plan, place, "done" if move == "done" else "failed", 1)
        else:
            plan = plans.cut(plan, place, 1, "Cut.") if move == "cut" else plans.paused(plan, place, 1)
    over = [step for step in plan.steps if step.is_over]
    assert plan.next in (None, len(over)), "steps end in their order"
    assert plans.stopped(plan, "Enough.").next is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"steps": [{"project": "/a", "stage": "dance"}], "made": ""}'])
def test_a_plan_that_cannot_be_read_is_none(text: str) -> None:
    plan_file().parent.mkdir(parents=True, exist_ok=True)
    plan_file().write_text(text)
    assert read_plan() is None
    forget_plan()
    forget_plan()


def test_the_report_says_what_was_done_and_what_waits(example: Path, tmp_path: Path) -> None:
    plan = make_plan([example, tmp_path / "gone"], ("generate", "evaluate"))
    plan = plans.concluded(plan, 0, "failed", 75, "The disk is full at /x. Make room.")
    values = report_values(plan)
    first, gone = values["projects"]
    assert first["needs"][0] == "The disk is full at /x. Make room."
    assert "is no Espalier project" in gone["needs"][0]
    assert not (tmp_path / "gone").exists()
    (file,) = [file for file in write_reports(values) if file.is_relative_to(example)]
    text = file.read_text()
    assert "it did not succeed, 1 min 15 s. The disk is full at /x. Make room." in text
    assert "They were not asked." in text
    assert as_markdown(first, values, lambda words: words.upper()).startswith("# OVERNIGHT REPORT")
