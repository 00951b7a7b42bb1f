"""The critic: verdicts that can be decided again, checks that each catch what they name."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz
from scripted_model import ScriptedModel

from espalier.errors import EspalierError
from espalier.language import Prompt
from espalier.project import Project, create, open_project, write_settings
from espalier.synthesis import judge
from espalier.synthesis.across import judge_across
from espalier.synthesis.checks import NEAR
from espalier.synthesis.decide import changes, decide, decide_all, movable
from espalier.synthesis.duplicates import near_earlier, repeats
from espalier.synthesis.later import checked, explanations, keep_explanation, later_path, settle
from espalier.synthesis.sample import UNCHECKED, Check, Journal, Sample, measured
from espalier.synthesis.words import plain

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


class Asked:
    """A pipeline that makes one missing check a call, always with the same score."""

    def __init__(self, score: float) -> None:
        self.score = score
        self.calls = 0

    def complete(self, samples: Sequence[Sample]) -> list[Sample]:
        self.calls += 1
        check = measured("round trip", self.score, 0.3, "Asked again, the teacher says: “A number.”")
        return [sample.judged(check).leaving(sample.unchecked) for sample in samples]


def settled(journal: Journal, pipeline: object, least: float) -> list[Sample]:
    thresholds = {"grounding gain": least}
    return decide_all(settle(journal, pipeline, thresholds), thresholds)


def drawn(path: Path, samples: list[Sample]) -> Journal:
    Journal(path).add(samples, 1)
    return Journal(path)


def test_what_a_looser_threshold_brings_in_is_checked_once_and_kept(tmp_path: Path) -> None:
    journal = drawn(tmp_path / "key.jsonl", [scored(1, 0.1, None), scored(2, 0.5), scored(3, 0.0, None)])
    pipeline = Asked(0.9)
    before = journal.path.read_bytes()
    now = settled(journal, pipeline, 0.05)
    assert [sample.is_accepted for sample in now] == [True, True, False]
    assert now[2].unchecked == ("round trip",)
    assert settled(Journal(journal.path), pipeline, 0.05) == now
    assert pipeline.calls == 1
    assert [sample.is_accepted for sample in checked(journal)] == [False, True, False]
    assert journal.path.read_bytes() == before


def test_what_no_pipeline_can_check_stays_waiting(tmp_path: Path) -> None:
    journal = drawn(tmp_path / "key.jsonl", [scored(1, 0.1, None)])
    (now,) = settled(journal, object(), 0.05)
    assert now.is_waiting


def test_what_is_checked_later_can_still_fail(tmp_path: Path) -> None:
    (now,) = settled(drawn(tmp_path / "key.jsonl", [scored(1, 0.1, None)]), Asked(0.1), 0.05)
    assert now.failure
    assert now.failure.name == "round trip"
    assert not now.is_waiting


def test_explanations_are_kept_beside_the_verdict_and_the_last_counts(tmp_path: Path) -> None:
    sample = scored(1, 0.1, None)
    journal = drawn(tmp_path / "key.jsonl", [sample])
    path = later_path(journal.path)
    keep_explanation(path, sample, "grounding gain", "It is guessed.")
    keep_explanation(path, sample, "grounding gain", "The text says otherwise.")
    assert explanations(path) == {(sample.key, "grounding gain"): "The text says otherwise."}
    assert checked(journal) == [sample]


def asked(number: int, leaf: str, question: str) -> Sample:
    return Sample(f"0-{number}", leaf, question, "An answer.", "A fact.", (FORM,))


def test_what_another_leaf_has_and_what_is_held_out_is_turned_away_and_taken_back(tmp_path: Path) -> None:
    first = drawn(tmp_path / "a.jsonl", [asked(0, "a", "Who drew the Otter Bridge?")])
    rows = [asked(0, "b", "Who drew the otter bridge?"), asked(1, "b", "Where is Marl?"), asked(2, "b", "Why?")]
    second = drawn(tmp_path / "b.jsonl", rows)
    before = second.path.read_bytes()
    judge_across([first, second], {}, ["Where is Marl"])
    assert [sample.is_accepted for sample in checked(first)] == [True]
    found = checked(second)
    assert [sample.failure.name if sample.failure else "" for sample in found] == ["new", "held out", ""]
    assert found[0].failure
    assert "in a" in found[0].failure.reason
    lines = later_path(second.path).read_bytes()
    judge_across([first, second], {}, ["Where is Marl"])
    assert later_path(second.path).read_bytes() == lines
    judge_across([second], {}, [])
    assert all(sample.is_accepted for sample in checked(second))
    assert second.path.read_bytes() == before


def test_near_duplicates_are_found_among_many_and_the_first_stays() -> None:
    questions = [f"Which river crosses the land of {name} in the year {year}?" for name in NAMES for year in YEARS]
    questions += [
        "Who drew the Otter Bridge?",
        "Who drew the otter bridge",
        "Who drew the Otter-Bridges?",
        "Who knows?",
    ]
    start = len(NAMES) * len(YEARS)
    found = repeats(questions)
    assert {later: found[later] for later in found if later >= start} == {start + 1: start, start + 2: start}
    reference = [
        later
        for later in range(start)
        if any(fuzz.ratio(plain(questions[later]), plain(questions[one])) >= NEAR for one in range(later))
    ]
    assert set(found) - {start + 1, start + 2} <= set(reference)


def test_the_same_question_about_another_context_is_no_repeat_nor_another_one_about_the_same() -> None:
    long = "The Otter Bridge crosses the Wend at Marl and is made of larch on granite blocks. " * 4
    questions = ["Who drew it?", "Who drew it?", "How long is it?", "Who drew it?"]
    assert repeats(questions, [long, "Another.", long, long]) == {3: 0}


_WORDS = st.lists(
    st.sampled_from(["who", "drew", "the", "otter", "otters", "bridge", "bridges", "of", "marl"]), max_size=9
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_WORDS.map(" ".join), max_size=12), st.integers(0, 4))
def test_no_near_duplicate_is_overlooked_whatever_the_lengths(texts: list[str], first: int) -> None:
    expected: dict[int, int] = {}
    for later in range(first, len(texts)):
        for one in range(later):
            if one not in expected and fuzz.ratio(texts[one], texts[later]) >= NEAR:
                expected[later] = one
                break
    assert near_earlier(texts, first) == expected


NAMES = ("Vaurelia", "Grauwald", "Ossington", "Marlborough")
YEARS = range(1500, 1560)


def test_a_verdict_is_the_expected_label_with_the_leaning_taken_out() -> None:
    assert judge.weigh([0.0, 1.0]).score == 1.0
    assert judge.weigh([0.25, 0.5, 0.25]).score == 0.5
    assert judge.weigh([0.5, 0.5]).confidence == pytest.approx(0.0)
    assert judge.weigh([1.0, 0.0]).confidence == 1.0
    biased = judge.weigh([0.2, 0.8], [0.2, 0.8])
    assert biased.score == pytest.approx(0.5)


class Reader(ScriptedModel):
    """Says YES to rows whose answer stands in the text that it is shown, and leans to YES by itself."""

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        self.shown += [prompt.messages[-1].content for prompt in prompts]
        found = []
        for prompt in prompts:
            parts = dict(line.split(": ", 1) for line in prompt.messages[-1].content.split("\n") if ": " in line)
            yes = 0.7 if "…" in parts["Question"] else 0.95 if parts["Answer"] in parts["Text"] else 0.6
            found.append([1 - yes, yes])
        return found


def test_the_judge_reads_rows_after_a_shared_rubric_and_its_threshold_moves() -> None:
    model = Reader(lambda prompt: "The text says larch.")
    rows = [replace(scored(n, 0.5), answer=answer) for n, answer in enumerate(("larch", "granite"))]
    checks = judge.judge(model, judge.rubric("faithful"), rows, ["The deck is made of larch."] * 2)
    assert [check.passed for check in checks] == [True, False]
    assert all(check.name == "faithful" and check.least == 0.5 and check.reason for check in checks)
    assert not decide(rows[0].judged(checks[0]), {"faithful": 0.99}).is_accepted
    prompt = judge.row_prompt(judge.rubric("faithful"), "Q?", "A.", "P.")
    assert prompt.messages[0].content == judge.rubric("faithful").text
    assert judge.judge(model, judge.rubric("faithful"), [], []) == []


@pytest.mark.parametrize("name", judge.rubrics())
def test_rubrics_have_labels_that_differ_and_speak_the_leaf_s_language(name: str) -> None:
    english, french = judge.rubric(name, "en"), judge.rubric(name, "fr")
    assert english.text != french.text
    assert judge.rubric(name, "xx") == english
    assert len(set(english.labels)) == len(english.labels) >= 2
    assert all(label in english.text and label in french.text for label in english.labels)


def test_an_explanation_shows_the_judge_the_row_and_what_was_found() -> None:
    model = ScriptedModel(lambda prompt: "The deck is larch, not granite.")
    sample = scored(1, 0.1, None)
    assert judge.explain(model, sample, sample.verdict[1], "The deck is larch.") == "The deck is larch, not granite."
    shown = "\n".join(model.shown)
    assert all(text in shown for text in (sample.question, sample.answer, "The deck is larch.", sample.verdict[1].told))
