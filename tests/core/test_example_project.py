"""The texts of the example project and of the test subjects keep their promises."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rapidfuzz import fuzz
from yamllint import linter
from yamllint.config import YamlLintConfig

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "example_project"
SUBJECTS = ROOT / "tests" / "data" / "subjects"
KNOWLEDGE_LEAF = "knowledge/engineering/falkirk_wheel"
SKILL_LEAF = "compositional_skills/writing/support_triage"
LEAD = "Sort this message: "
TEAMS = {"Billing": "4 hours", "Delivery": "1 day", "Returns": "2 days", "Account": "1 hour"}
FORMS = [f"Team: {team} | Reply within: {time}" for team, time in TEAMS.items()]


@dataclass(frozen=True)
class Subject:
    """Where a leaf's seeds, its document and its held-out questions are."""

    name: str
    qna: Path
    document: Path | None
    questions: Path
    leaf: str | None = None

    def seeds(self) -> list[dict[str, Any]]:
        seeds: list[dict[str, Any]] = yaml.safe_load(self.qna.read_text("utf-8"))["seed_examples"]
        return seeds

    def seed_questions(self) -> list[str]:
        return [pair["question"] for seed in self.seeds() for pair in seed.get("questions_and_answers", [seed])]

    def text(self) -> str:
        assert self.document is not None
        return self.document.read_text("utf-8")

    def held_out(self) -> list[dict[str, Any]]:
        rows = [json.loads(line) for line in self.questions.read_text("utf-8").splitlines()]
        return [row for row in rows if self.leaf is None or row["leaf"] == self.leaf]


def subject_at(folder: Path) -> Subject:
    return Subject(folder.name, folder / "qna.yaml", folder / "document.md", folder / "questions.jsonl")


KNOWLEDGE = [
    Subject(
        "falkirk_wheel",
        EXAMPLE / "taxonomy" / KNOWLEDGE_LEAF / "qna.yaml",
        EXAMPLE / "documents" / KNOWLEDGE_LEAF / "falkirk_wheel.md",
        EXAMPLE / "questions.jsonl",
        KNOWLEDGE_LEAF,
    ),
    *(subject_at(SUBJECTS / name) for name in ("marrowick_ferries", "olm", "telharmonium")),
]
SKILL = Subject(
    "support_triage",
    EXAMPLE / "taxonomy" / SKILL_LEAF / "qna.yaml",
    None,
    EXAMPLE / "questions.jsonl",
    SKILL_LEAF,
)
every_subject = pytest.mark.parametrize("subject", [*KNOWLEDGE, SKILL], ids=lambda subject: subject.name)
every_knowledge_subject = pytest.mark.parametrize("subject", KNOWLEDGE, ids=lambda subject: subject.name)


def plain(text: str) -> str:
    return " ".join(text.split())


def sentences(text: str) -> list[str]:
    """The lines that state something: the subjects put one sentence, or one list item, on a line."""
    return [line for line in text.splitlines() if line.endswith(".") and not line.startswith("#")]


@every_subject
def test_the_linter_finds_nothing_in_the_seed_file(subject: Subject) -> None:
    config = YamlLintConfig("{extends: relaxed, rules: {line-length: disable}}")
    assert list(linter.run(subject.qna.read_text("utf-8"), config)) == []


@every_subject
def test_every_seed_text_is_a_string(subject: Subject) -> None:
    for seed in subject.seeds():
        for pair in seed.get("questions_and_answers", [seed]):
            assert isinstance(pair["question"], str)
            assert isinstance(pair["answer"], str)


@every_subject
def test_no_seed_question_is_asked_twice(subject: Subject) -> None:
    questions = [question.casefold() for question in subject.seed_questions()]
    assert len(questions) == len(set(questions))


@every_subject
def test_no_held_out_question_is_close_to_a_seed_question(subject: Subject) -> None:
    for row in subject.held_out():
        question = row["question"].removeprefix(LEAD).casefold()
        for seed in subject.seed_questions():
            assert fuzz.ratio(question, seed.removeprefix(LEAD).casefold()) < 85, (row["question"], seed)


@every_subject
def test_no_held_out_question_gives_its_answer_away(subject: Subject) -> None:
    for row in subject.held_out():
        for accepted in row["accept"]:
            assert accepted.casefold() not in row["question"].casefold(), row["question"]


@every_subject
def test_every_reference_is_accepted(subject: Subject) -> None:
    for row in subject.held_out():
        assert any(accepted.casefold() in row["reference"].casefold() for accepted in row["accept"]), row


@every_knowledge_subject
def test_a_knowledge_seed_file_has_the_fields_of_version_3(subject: Subject) -> None:
    leaf = yaml.safe_load(subject.qna.read_text("utf-8"))
    assert set(leaf) == {"version", "created_by", "domain", "document_outline", "seed_examples", "document"}
    assert leaf["version"] == 3
    assert isinstance(leaf["document"]["commit"], str)
    assert subject.document is not None
    assert leaf["document"]["patterns"] == [subject.document.name]


@every_knowledge_subject
def test_a_knowledge_leaf_has_five_seeds_of_three_pairs_and_24_held_out_questions(subject: Subject) -> None:
    assert [len(seed["questions_and_answers"]) for seed in subject.seeds()] == [3] * 5
    assert len(subject.held_out()) == 24
    assert len({row["question"].casefold() for row in subject.held_out()}) == 24


@every_knowledge_subject
def test_every_seed_context_is_in_its_document(subject: Subject) -> None:
    document = plain(subject.text())
    for seed in subject.seeds():
        assert plain(seed["context"]) in document


@every_knowledge_subject
def test_the_seeds_show_at_most_half_of_the_document(subject: Subject) -> None:
    stated = sentences(subject.text())
    shown = [line for seed in subject.seeds() for line in sentences(seed["context"])]
    assert 25 <= len(stated) <= 32
    assert len(shown) * 2 <= len(stated)


@every_knowledge_subject
def test_every_held_out_answer_is_in_the_document(subject: Subject) -> None:
    document = plain(subject.text()).casefold()
    for row in subject.held_out():
        assert any(accepted.casefold() in document for accepted in row["accept"]), row["question"]


@every_knowledge_subject
def test_the_document_has_a_title_and_four_to_six_headings(subject: Subject) -> None:
    levels = Counter(line.split(" ")[0] for line in subject.text().splitlines() if line.startswith("#"))
    assert levels["#"] == 1
    assert 4 <= levels["##"] <= 6


@pytest.mark.parametrize("leaf", [KNOWLEDGE_LEAF, SKILL_LEAF])
def test_every_example_leaf_says_where_its_text_comes_from(leaf: str) -> None:
    assert (EXAMPLE / "taxonomy" / leaf / "attribution.txt").read_text("utf-8").strip()


def test_every_example_question_names_one_of_the_two_leaves() -> None:
    rows = [json.loads(line) for line in (EXAMPLE / "questions.jsonl").read_text("utf-8").splitlines()]
    assert Counter(row["leaf"] for row in rows) == {KNOWLEDGE_LEAF: 24, SKILL_LEAF: 16}


def test_the_skill_has_the_fields_of_version_3() -> None:
    leaf = yaml.safe_load(SKILL.qna.read_text("utf-8"))
    assert set(leaf) == {"version", "created_by", "task_description", "seed_examples"}
    assert leaf["version"] == 3


def test_the_skill_has_five_seeds_for_each_team() -> None:
    assert Counter(seed["answer"] for seed in SKILL.seeds()) == dict.fromkeys(FORMS, 5)


def test_the_skill_has_four_held_out_messages_for_each_team() -> None:
    assert Counter(row["reference"] for row in SKILL.held_out()) == dict.fromkeys(FORMS, 4)
    assert all(row["accept"] == [row["reference"]] for row in SKILL.held_out())


def test_every_skill_question_begins_with_the_same_lead() -> None:
    questions = SKILL.seed_questions() + [row["question"] for row in SKILL.held_out()]
    assert all(question.startswith(LEAD) for question in questions)
