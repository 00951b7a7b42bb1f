"""What generating will take, foretold; a few samples tried; and why a leaf's samples are out of date."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projects import FREEFORM, GROUNDED, KNOWLEDGE, make_project
from scripted_teacher import Scripted, Teacher

from espalier.demo import create_example
from espalier.messages import Drawn, Event, Funnel
from espalier.project import open_project, write_settings
from espalier.project_survey import survey
from espalier.status import LeafStatus, decode_status, encode_status
from espalier.survey_cache import SurveyCache
from espalier.synthesis import leaf_work
from espalier.synthesis.forecast import Outlook, forecast, foretell, outlooks, told
from espalier.synthesis.generate import generate
from espalier.synthesis.pace import Pace, read_pace, remember_pace
from espalier.synthesis.trial import try_few
from espalier.teachers import opening

PACE = Pace(rows=10, seconds=2.0, calls=3.0, accepted=0.5, bytes=400, per_source=4.0)


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are names here, and a token is a word."""
    monkeypatch.setattr(leaf_work, "find_model", Path)
    monkeypatch.setattr(opening, "find_model", Path)
    monkeypatch.setattr(leaf_work, "token_counter", lambda folder: lambda text: len(text.split()))


def test_what_is_foretold_of_a_scaled_pipeline_is_what_comes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    assert forecast(outlooks(project), {}).rows is None
    try_few(project, Scripted(Teacher()), lambda event: None)
    before, paces = told(foretell({"project": str(project.root)}))
    expected = forecast(before, paces)
    events: list[Event] = []
    parts = generate(project, Scripted(Teacher()), events.append)
    drawn = sum(len(part.rows) for part in parts)
    assert expected.waiting == 3
    assert expected.rows
    assert 0.4 * drawn < expected.rows[0] <= expected.rows[1] < 2.5 * drawn
    after, paces = told(foretell({"project": str(project.root)}))
    assert all(each.is_done for each in after)
    assert forecast(after, paces).rows == (0, 0)
    assert sum(each.drawn for each in after) == drawn
    again = forecast([replace(each, is_done=False, drawn=0, accepted=0) for each in after], paces)
    assert again.rows
    assert again.rows[0] == pytest.approx(drawn, abs=3)  # a full run has measured what a source gives


def test_the_compact_pipeline_says_its_rows_before_anything_was_measured(tmp_path: Path) -> None:
    create_example(tmp_path / "p")
    found = outlooks(open_project(tmp_path / "p"))
    wheel = next(each for each in found if each.kind == "knowledge")
    assert (wheel.unit, wheel.rounds) == ("facts", (1, 2))
    expected = forecast(found, {})
    assert expected.rows == (
        sum(e.sources * e.per_source for e in found),
        2 * sum(e.sources * e.per_source for e in found),
    )
    assert (expected.seconds, expected.calls, expected.unmeasured) == (None, None, ("skill", "knowledge"))


def test_a_leaf_that_a_pipeline_cannot_take_says_why(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "compact")
    found = {each.leaf: each for each in outlooks(project)}
    assert "grounded skill" in found[GROUNDED].problem
    assert not found[KNOWLEDGE].problem
    assert forecast([found[GROUNDED]], {}).waiting == 0


def test_a_target_is_reached_by_drawing_on(tmp_path: Path) -> None:
    leaf = Outlook("a", "skill", "rows", sources=5, per_source=0, rounds=(3, 3), drawn=60, accepted=30, is_done=True)
    assert forecast([leaf], {"skill": PACE}).rows == (0, 0)
    more = forecast([leaf], {"skill": PACE}, per_leaf=40)
    assert more.rows == (20, 20)
    assert (more.accepted, more.calls, more.seconds, more.bytes) == ((10, 10), (60, 60), (40, 40), (8000, 8000))
    assert forecast([leaf], {"skill": PACE}, per_leaf=30).waiting == 0
    most = forecast([leaf], {"skill": replace(PACE, accepted=0)}, per_leaf=40)
    assert most.rows == (340, 340)  # twenty waves are the most


@given(
    st.lists(st.builds(Outlook, st.text(), st.just("skill"), sources=st.integers(1, 50), drawn=st.integers(0, 90))),
    st.integers(0, 100),
)
@settings(deadline=None, max_examples=60)
def test_more_leaves_never_take_less(leaves: list[Outlook], per_leaf: int) -> None:
    whole = forecast(leaves, {"skill": PACE}, per_leaf)
    part = forecast(leaves[1:], {"skill": PACE}, per_leaf)
    assert whole.rows
    assert part.rows
    assert part.rows[1] <= whole.rows[1]
    assert 0 <= whole.rows[0] <= whole.rows[1]


def test_a_few_samples_are_tried_and_nothing_is_written(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "simple")
    events: list[Event] = []
    teacher = Teacher()
    accepted = try_few(project, Scripted(teacher), events.append, [FREEFORM, KNOWLEDGE])
    told_rows = [row for event in events if isinstance(event, Drawn) for row in event.rows]
    assert {event.leaf for event in events if isinstance(event, Drawn)} == {FREEFORM, KNOWLEDGE}
    assert len(told_rows) >= 5
    assert sum(row["accepted"] for row in told_rows) == accepted
    assert all(row["reason"] for row in told_rows if not row["accepted"])
    assert [event for event in events if isinstance(event, Funnel)]
    assert not list(project.samples.glob("*.jsonl"))
    pace = read_pace(project, "knowledge")
    assert pace
    assert pace.calls > 0
    untried = make_project(tmp_path / "q", "simple")
    for each in (project, untried):
        generate(each, Scripted(Teacher()), lambda event: None)
    assert {file.name: file.read_bytes() for file in project.samples.iterdir() if file.is_file()} == {
        file.name: file.read_bytes() for file in untried.samples.iterdir() if file.is_file()
    }


def test_a_pace_survives_what_cannot_be_measured(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    assert read_pace(project, "skill") is None
    remember_pace(project, "skill", PACE)
    remember_pace(project, "skill", replace(PACE, seconds=1.0, per_source=0.0))
    known = read_pace(project, "skill")
    assert known
    assert (known.seconds, known.per_source) == (1.0, 4.0)
    assert read_pace(replace(project, teacher="other"), "skill") is None


def statuses(root: Path) -> dict[str, LeafStatus]:
    project = open_project(root)
    return {each.path: each for each in survey(project, SurveyCache(root)) if isinstance(each, LeafStatus)}


def test_why_samples_are_out_of_date_is_known(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    assert all(not each.changed for each in statuses(project.root).values())
    generate(project, Scripted(Teacher()), lambda event: None)
    assert {each.samples for each in statuses(project.root).values()} == {"all"}
    assert all(not each.changed for each in statuses(project.root).values())
    document = project.documents / KNOWLEDGE / "a.md"
    document.write_text(document.read_text() + "\n\nThe bridge was painted green in May.")
    leaf = project.taxonomy / FREEFORM / "qna.yaml"
    leaf.write_text(leaf.read_text().replace("Write rhymes.", "Write short rhymes."))
    found = statuses(project.root)
    assert (found[KNOWLEDGE].changed, found[FREEFORM].changed) == (("documents",), ("leaf",))
    assert found[GROUNDED].changed == ()
    assert decode_status(encode_status(found[KNOWLEDGE])) == found[KNOWLEDGE]
    write_settings(replace(project, teacher="another"))
    assert statuses(project.root)[GROUNDED].changed == ("teacher", "critic")
    write_settings(replace(project, pipeline="simple"))
    assert "pipeline" in statuses(project.root)[GROUNDED].changed
    lines = (project.root / "origins.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert all(json.loads(line)["parts"] for line in lines)
