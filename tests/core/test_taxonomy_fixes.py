import random
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from taxonomy_texts import CORPUS, MODES, corpus_texts, knowledge, skill, text_of, write

from espalier.cli import main
from espalier.taxonomy.checker import check_file, examine_text
from espalier.taxonomy.codes import CODES, code
from espalier.taxonomy.fixes import fix, mend
from espalier.taxonomy.migrate import migrated
from espalier.taxonomy.problems import Mode, Problem
from espalier.taxonomy.source import parse

SKILL = text_of(skill())
KNOWLEDGE = text_of(knowledge())
HERE = Path("compositional_skills/a/qna.yaml")
THERE = Path("knowledge/a/qna.yaml")
OLD = (
    "created_by: ada\ndomain: otters\ntask_description: About otters\nseed_examples:\n# mine\n"
    + "".join(f"- question: Question {number}?\n  answer: 'Answer: {number}'  # good\n" for number in range(7))
    + "document:\n  repo: https://example.org/o.git\n  commit: abc\n  patterns: ['*.md']\n"
)


def errors(text: str, path: Path, mode: Mode = "strict") -> list[Problem]:
    return [problem for problem in examine_text(text, path, mode).problems if problem.is_error]


@pytest.mark.parametrize(
    ("old", "new", "mended"),
    [
        ("Answer 0.", "Yes", '"Yes"'),
        ("Answer 0.", "010", '"010"'),
        ("Answer 0.", "2024-01-01", '"2024-01-01"'),
        ("Answer 0.", "[a, b]", '"[a, b]"'),
        ("Answer 0.", "@home", '"@home"'),
        ("Answer 0.", "Note: this", '"Note: this"'),
        ("Answer 0.", "*bold* text", '"*bold* text"'),
        ("Answer 0.", '"said" she', "'\"said\" she'"),
        ("created_by", "createdby", "created_by"),
        ("created_by", "Created-By", "created_by"),
        ("- question: Question 0?", "- qestion: Question 0?", "- question: Question 0?"),
        ("version: 3", 'version: "3"', "version: 3"),
        ("ada\n", "ada  \t\n", "ada\n"),
        ("created_by: ada", "created_by:   ada", "created_by: ada"),
        ("created_by: ada", "created_by : ada", "created_by: ada"),
        ("version", "\n\nversion", "version"),
        ("seed_examples:", "\n\n\n\nseed_examples:", "\n\nseed_examples:"),
        ("  answer: Answer 0.", "\tanswer: Answer 0.", "  answer: Answer 0."),
        ("answer: Answer 0.", "answer:\tAnswer 0.", "answer: Answer 0."),
        (": ada", ": {a:  b,c: d}", ': "{a:  b,c: d}"'),
        ("Answer 0.", "null", None),
        ("Answer 0.", "", None),
        ("version: 3", "version: 9", None),
        ("created_by: ada", "created_by: ada\nnobody: x", None),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_safe_mend(tmp_path: Path, old: str, new: str, mended: str | None, newline: str) -> None:
    broken = SKILL.replace(old, new, 1).replace("\n", newline)
    assert errors(broken, HERE)
    file = write(tmp_path, str(HERE.parent), broken)
    found = mend(file)
    assert (tmp_path / HERE).read_bytes() == broken.encode()
    if mended is None:
        assert errors(found.new, HERE)
    else:
        assert found.new == SKILL.replace(old, mended, 1).replace("\n", newline)
        assert found.left == ()


def test_repeats_inside_of_repeats_are_dropped() -> None:
    seed = {"context": "One.", "questions_and_answers": [{"question": "Who?", "answer": "He."}] * 3}
    text = text_of({**knowledge(), "seed_examples": [seed] * 5})
    repeats = [problem for problem in examine_text(text, THERE).problems if problem.code == "duplicate"]
    assert len(repeats) > 1
    mended = fix(text, THERE, repeats)
    assert mended is None or len(parse(mended.text).contents["seed_examples"]) == 1


def test_the_last_line_is_ended_and_repeats_are_dropped(tmp_path: Path) -> None:
    assert mend(write(tmp_path, "compositional_skills/a", SKILL.rstrip())).new == SKILL
    six = SKILL + "- question: Question 1?\n  answer: Answer 1.\n"
    assert mend(write(tmp_path, "compositional_skills/a", six)).new == SKILL
    five = SKILL.replace("Question 3?\n  answer: Answer 3.", "Question 1?\n  answer: Answer 1.")
    assert mend(write(tmp_path, "compositional_skills/a", five)).new == five


def test_every_code_that_says_it_is_mended_is(tmp_path: Path) -> None:
    assert {name for name, each in CODES.items() if each.fix} == {
        *(
            "file-name",
            "yaml-syntax",
            "old-knowledge",
            "misplaced",
            "version",
            "missing-key",
            "unknown-key",
            "wrong-type",
            "no-repository",
        ),
        *("duplicate", "lint-braces", "lint-brackets", "lint-colons", "lint-commas", "lint-empty-lines"),
        *("lint-hyphens", "lint-new-line-at-end-of-file", "lint-trailing-spaces"),
    }
    flow = SKILL.replace("version: 3", "version:  3").replace("- question: Question 0?\n  answer: Answer 0.", "{}")
    flow = flow.replace("{}", "-  {  question: 'Question 0?' ,  answer: 'Answer 0.'  }", 1)
    flow += "# end\n"
    file = write(tmp_path, "compositional_skills/a", flow)
    assert {problem.code for problem in check_file(file)} >= {
        *("lint-braces", "lint-colons", "lint-commas", "lint-hyphens"),
    }
    assert mend(file).left == ()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("repo", "commit"), [("", ""), ("", "local"), ("local", "")])
def test_documents_that_are_in_no_repository_are_kept_in_the_project(
    tmp_path: Path, repo: str, commit: str, mode: Mode
) -> None:
    document = {"repo": repo, "commit": commit, "patterns": ["*.md"]}
    file = write(tmp_path, "knowledge/a", knowledge(document=document))
    assert {problem.code for problem in check_file(file, mode) if problem.is_error} == {"no-repository"}
    found = mend(file, mode)
    assert parse(found.new).contents["document"] == {"repo": "local", "commit": "local", "patterns": ["*.md"]}
    [hint] = found.left
    assert (hint.severity, hint.code, hint.yaml_path) == ("hint", "local-documents", ".document.repo")


def test_a_repository_without_its_commit_is_for_the_person_to_complete(tmp_path: Path) -> None:
    document = {"repo": "https://example.org/otters.git", "commit": "", "patterns": ["*.md"]}
    found = mend(write(tmp_path, "knowledge/a", knowledge(document=document)))
    assert found.new == found.old
    named = knowledge(document=document | {"commit": "local"})
    assert [problem.yaml_path for problem in check_file(write(tmp_path, "knowledge/a", named))] == [".document.commit"]


def assert_safe(text: str, path: Path, mode: Mode) -> int:
    """Mend each kind of problem alone: what is mended is gone, and nothing came that was not hidden."""
    before = examine_text(text, path, mode)
    made = 0
    for problem in {problem.code: problem for problem in before.problems}.values():
        found = fix(text, path, [problem], mode)
        if not found:
            continue
        made += 1
        after = examine_text(found.text, path, mode)
        old, new = (Counter(each.code for each in side.problems) for side in (before, after))
        assert new[problem.code] < old[problem.code]
        if not code(problem.code).hides:
            assert set(new - old) <= {code(problem.code).brings}
    return made


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this repository")
def test_fixes_of_historical_files_are_safe() -> None:
    chance = random.Random(3)
    sample = chance.sample(corpus_texts(), 40)
    assert sum(assert_safe(text, Path(place, "qna.yaml"), mode) for place, text in sample for mode in MODES) > 25


MESS = [
    *("  ", "\t", "\n", "\n\n\n\n", " :", ":  ", "Yes", "42", "@", "*", "- ", "#", '"', "'", "version: 2\n", "[a, b]"),
    *("\r\n", "  \n", "created_by: bob\n", "answer", "context: x\n", "é", "{", "}", "\ufeff", "0x1F"),
]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([(SKILL, HERE), (KNOWLEDGE, THERE), (SKILL, THERE), (OLD, THERE)]),
    st.lists(st.tuples(st.integers(0, 900), st.sampled_from(MESS), st.integers(0, 3)), min_size=1, max_size=3),
    st.sampled_from(MODES),
)
def test_fixes_of_damaged_files_are_safe(
    leaf: tuple[str, Path], damage: list[tuple[int, str, int]], mode: Mode
) -> None:
    text, path = leaf
    for at, piece, cut in damage:
        text = text[: at % len(text)] + piece + text[at % len(text) + cut :]
    assert_safe(text, path, mode)


def test_old_knowledge_is_migrated_with_what_is_still_to_do() -> None:
    found = migrated(OLD, "knowledge")
    contents = parse(found.text).contents
    assert list(contents) == ["version", "created_by", "domain", "document_outline", "seed_examples", "document"]
    assert contents["document_outline"] == "About otters"
    pairs = [pair for seed in contents["seed_examples"] for pair in seed["questions_and_answers"]]
    assert pairs == parse(OLD).contents["seed_examples"]
    assert "# mine" in found.text
    assert [problem.code for problem in found.todo] == [
        *("too-few", "empty-text", "empty-text", "empty-text", "too-few"),
    ]
    hints = [problem.message for problem in examine_text(found.text, THERE).problems if problem.code == "todo"]
    assert len(hints) == 5
    assert "This is still to do: add 2 more contexts with three questions each." in hints[-1]
    assert [problem.code for problem in errors(OLD, THERE)] == ["old-knowledge"]
    (old,) = errors("version: 2\n" + OLD, THERE)
    offered = fix("version: 2\n" + OLD, THERE, [old])
    assert offered is not None
    assert offered.text == found.text


def test_a_skill_of_version_1_is_migrated() -> None:
    old = "created_by: ada  \ntask_description: ''\nseed_examples:\n- question: a b c d?\n  answer: b # why\n\n\n\n"
    found = migrated(old, "compositional_skills")
    assert found.text == (
        "version: 3\ncreated_by: ada\ntask_description: ''  # TODO: say what the skill is about\nseed_examples:\n"
        "- question: a b c d?\n  answer: b # why\n# TODO: add 4 more seed examples\n"
    )
    assert [problem.code for problem in found.todo] == ["empty-text", "too-few"]
    assert migrated(SKILL, "compositional_skills").text == SKILL
    full = migrated(SKILL.replace("version: 3\n", ""), "compositional_skills")
    assert (full.text, full.todo) == (SKILL, ())


def test_the_command_shows_and_makes_the_mends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "taxonomy"
    file = write(root, "compositional_skills/a", SKILL.replace("Answer 0.", "Yes"))
    wrong = write(root, "compositional_skills/otters", KNOWLEDGE + "\n")
    misnamed = root / "knowledge" / "b" / "qna.yml"
    misnamed.parent.mkdir(parents=True)
    misnamed.write_text(KNOWLEDGE.rstrip(), encoding="utf-8")
    assert main(["check", str(root), "--diff"]) == 1
    shown = capsys.readouterr().out
    assert '-  answer: Yes\n+  answer: "Yes"\n' in shown
    assert "\\ No newline at end of file" in shown
    assert f"rename from {misnamed}\nrename to {misnamed.with_name('qna.yaml')}" in shown
    assert wrong.is_file()
    assert misnamed.is_file()
    assert "answer: Yes\n" in file.read_text(encoding="utf-8")
    assert main(["check", str(root), "--fix"]) == 0
    made = capsys.readouterr().out
    assert made.endswith("No problems found.\n")
    assert made.removesuffix("No problems found.\n") == shown[: shown.index(f"{root}/compositional_skills/a/qna.yaml:")]
    assert (root / "knowledge/otters/qna.yaml").read_text(encoding="utf-8") == KNOWLEDGE
    assert (root / "knowledge/b/qna.yaml").read_text(encoding="utf-8") == KNOWLEDGE
    assert not wrong.exists()
    assert main(["check", str(file), "--fix"]) == 0
    assert capsys.readouterr().out == "No problems found.\n"


def test_a_project_keeps_the_documents_of_a_leaf_that_moves(example: Path) -> None:
    qna = next((example / "taxonomy/knowledge").rglob("qna.yaml"))
    place = qna.parent.relative_to(example / "taxonomy/knowledge")
    wrong = example / "taxonomy/compositional_skills" / place
    wrong.parent.mkdir(parents=True, exist_ok=True)
    qna.parent.rename(wrong)
    (example / "documents/knowledge" / place).rename(example / "documents/elsewhere")
    (example / "documents/compositional_skills" / place).parent.mkdir(parents=True)
    (example / "documents/elsewhere").rename(example / "documents/compositional_skills" / place)
    assert main(["check", str(example / "taxonomy"), "--fix"]) == 0
    assert qna.is_file()
    assert any((example / "documents/knowledge" / place).glob("*.md"))


def test_fixing_never_writes_through_a_link_out_of_the_taxonomy(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "knowledge/a", KNOWLEDGE + "\n")
    root = tmp_path / "taxonomy"
    for name in ("qna.yaml", "qna.yml"):
        link = root / "knowledge" / name.partition(".")[2] / name
        link.parent.mkdir(parents=True)
        link.symlink_to(outside)
    main(["check", str(root), "--fix"])
    assert outside.read_text(encoding="utf-8") == KNOWLEDGE + "\n"
    assert yaml.safe_load(outside.read_text(encoding="utf-8")) == knowledge()
