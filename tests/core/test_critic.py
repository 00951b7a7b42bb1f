"""The critic: verdicts that can be decided again, checks that each catch what they name."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from espalier.errors import EspalierError
from espalier.project import Project, create, open_project, write_settings
from espalier.synthesis.decide import changes, decide, decide_all, movable
from espalier.synthesis.sample import UNCHECKED, Check, Sample, measured

FORM = Check("form", True, "It is one question.")


def scored(number: int, gain: float, trip: float | None = 0.5) -> Sample:
    sample = Sample(f"0-{number}", "knowledge/a", f"What is number {number}?", "A number.", "A fact.", (FORM,))
    sample = sample.judged(measured("grounding gain", gain, 0.2, f"The text makes the answer likelier: {gain:.2f}."))
    if trip is not None:
        sample = sample.judged(measured("round trip", trip, 0.3, "Asked again, the teacher says: “A number.”"))
    return sample.leaving(("grounding gain", "round trip"))


def test_a_moved_threshold_decides_again_and_tells_the_threshold() -> None:
    sample = scored(1, 0.5)
    assert sample.is_accepted
    stricter = decide(sample, {"grounding gain": 0.6})
    assert stricter.failure
    assert stricter.failure.name == "grounding gain"
    assert stricter.failure.told == "The text makes the answer likelier: 0.50. At least 0.60 is wanted."
    assert decide(stricter, {"grounding gain": 0.5}).is_accepted
    assert decide(sample, {"form": 3.0}) is sample
    assert movable([sample]) == {"grounding gain": 0.2, "round trip": 0.3}


def test_a_sample_whose_later_checks_were_never_made_is_not_accepted_by_moving_a_threshold() -> None:
    sample = scored(1, 0.1, None)
    assert sample.unchecked == ("round trip",)
    assert not sample.is_waiting
    looser = decide(sample, {"grounding gain": 0.05})
    assert looser.is_waiting
    assert not looser.is_accepted
    assert looser.failure
    assert looser.failure.name == UNCHECKED
    assert "round trip" in looser.failure.reason
    last = measured("round trip", 0.9, 0.3, "Asked again, the teacher says: “A number.”")
    assert looser.judged(last).leaving(("grounding gain", "round trip")).is_accepted


def test_what_fails_a_check_without_a_threshold_stays_rejected() -> None:
    sample = scored(1, 0.5).judged(Check("new", False, "It is nearly the same."))
    assert not decide(sample, {"grounding gain": -9.0, "round trip": 0.0, "new": 0.0}).is_accepted


def test_a_hundred_thousand_samples_are_decided_again_in_a_second_or_two() -> None:
    samples = [scored(number, number // 10 / 10_000) for number in range(100_000)]
    started = time.process_time()
    decided = decide_all(samples, {"grounding gain": 0.7, "round trip": 0.4})
    spent = time.process_time() - started
    assert sum(sample.is_accepted for sample in decided) == 30_000
    brought, turned = changes(samples, {"grounding gain": 0.7})
    assert not brought
    assert turned == list(range(20_000, 70_000))
    assert spent < 4, "about 0.4 s on two busy cores"


def test_a_key_is_of_what_the_student_learns_and_of_nothing_else() -> None:
    sample = scored(1, 0.5)
    assert replace(sample, id="9-9", verdict=()).key == sample.key
    assert len({sample.key, replace(sample, answer="B").key, replace(sample, context="c").key}) == 3


def test_thresholds_and_the_critic_are_kept_in_the_project(tmp_path: Path) -> None:
    project = create(tmp_path / "p")
    assert project.judge == project.teacher
    assert not open_project(project.root).thresholds
    changed = replace(project, critic="a-judge", thresholds={"round trip": 0.45})
    write_settings(changed)
    assert open_project(project.root) == changed
    assert open_project(project.root).judge == "a-judge"


@pytest.mark.parametrize("value", ["high", "true", ".nan", "[1]"])
def test_a_threshold_that_is_no_number_is_refused_in_a_sentence(tmp_path: Path, value: str) -> None:
    project: Project = create(tmp_path / "p")
    path = project.root / "project.yaml"
    path.write_text(path.read_text() + f"critic:\n  thresholds:\n    round trip: {value}\n")
    with pytest.raises(EspalierError, match=r"must give each check a number"):
        open_project(project.root)
