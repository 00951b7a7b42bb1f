import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from taxonomy_texts import CORPUS, MODES, Values, changed, codes, errors, knowledge, skill, text_of, write

from espalier.errors import EspalierError
from espalier.taxonomy import source
from espalier.taxonomy.attribution import (
    LICENSES,
    Attribution,
    attribution_problems,
    parse_attributions,
    write_attributions,
)
from espalier.taxonomy.checker import check_file
from espalier.taxonomy.codes import CODES, code
from espalier.taxonomy.licenses import is_license, licenses
from espalier.taxonomy.lint import read_rules
from espalier.taxonomy.problems import Mode
from espalier.taxonomy.reader import read_leaf, read_origin, read_taxonomy
from espalier.taxonomy.tree_check import check, check_files, check_tree

PROBES = yaml.safe_load((Path(__file__).parents[1] / "data" / "taxonomy_probes.yaml").read_text(encoding="utf-8"))


def with_answer(raw: str) -> str:
    """A valid skill whose first answer is written as given, on line 6."""
    return text_of(skill()).replace("Answer 0.", raw, 1)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this repository")
@pytest.mark.parametrize("mode", MODES)
def test_every_historical_file_gets_the_verdict_of_the_reference_parser(mode: Mode) -> None:
    verdicts = json.loads((CORPUS / "verdicts.json").read_text(encoding="utf-8"))
    assert len(verdicts) == 237
    for name, verdict in verdicts.items():
        file = CORPUS / "files" / name
        assert_as_reference(file, mode, verdict[mode]["errors"], verdict[mode]["warnings"])


def assert_as_reference(file: Path, mode: Mode, their_errors: int, their_warnings: int) -> None:
    problems = check_file(file, mode)
    found = errors(problems)
    assert bool(found) == bool(their_errors), (file, mode, problems)
    assert sum(item.severity == "warning" for item in problems) == their_warnings, (file, mode, problems)
    assert all(problem.code in CODES for problem in problems)
    if len(found) != their_errors:
        assert len(found) < their_errors, (file, mode, problems)
        assert any(code(problem.code).counted for problem in found), (file, mode, problems)


def probe_bytes(probe: Values) -> bytes:
    if "latin1" in probe:
        return str(probe["latin1"]).encode("latin1")
    text = str(probe.get("text", PROBES["bases"].get(probe.get("base"), "")))
    for old, new in (("old", "new"), ("old2", "new2")):
        if old in probe:
            assert probe[old] in text
            text = text.replace(probe[old], probe[new], 1)
    if "all_old" in probe:
        text = text.replace(probe["all_old"], probe["all_new"])
    return text.encode()


@pytest.mark.parametrize("probe", PROBES["probes"], ids=lambda probe: probe["name"])
def test_every_probe_gets_the_verdict_of_the_reference_parser(tmp_path: Path, probe: Values) -> None:
    file = tmp_path / probe["place"] / probe.get("file", "qna.yaml")
    file.parent.mkdir(parents=True)
    file.write_bytes(probe_bytes(probe))
    for mode in MODES:
        assert_as_reference(file, mode, *probe[mode])


@pytest.mark.parametrize("mode", MODES)
def test_a_valid_leaf_has_no_problem(tmp_path: Path, mode: Mode) -> None:
    assert check_file(write(tmp_path, "compositional_skills/a", skill()), mode) == []
    assert check_file(write(tmp_path, "knowledge/a", knowledge()), mode) == []


@pytest.mark.parametrize(
    "raw",
    [
        *("Yes", "no", "on", "42", "1_000", "010", "0x1F", "3.5", ".inf", "12:30", "2024-01-01"),
        *("null", "~", "[a, b]", "{a}", ""),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_an_unquoted_answer_that_yaml_1_1_does_not_read_as_text_is_refused(
    tmp_path: Path, raw: str, mode: Mode
) -> None:
    text = text_of(skill()).replace(" Answer 0.", f" {raw}" if raw else "", 1)
    (problem,) = check_file(write(tmp_path, "compositional_skills/a", text), mode)
    assert (problem.code, problem.yaml_path, problem.line) == ("wrong-type", ".seed_examples[0].answer", 6)


@pytest.mark.parametrize("raw", ["y", "1e5", "C# is fun", "'Yes'", '"42"'])
def test_an_answer_that_yaml_1_1_reads_as_text_is_accepted(tmp_path: Path, raw: str) -> None:
    assert codes(write(tmp_path, "compositional_skills/a", with_answer(raw))) == []


@pytest.mark.parametrize(
    "raw",
    [
        "@home",
        "`code`",
        "%",
        "*foo",
        "- item",
        "!tag x",
        '"said" she',
        "Answer: yes",
        "!!int x",
        "2024-13-45",
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_an_answer_that_breaks_the_syntax_gives_one_problem_with_its_line(tmp_path: Path, raw: str, mode: Mode) -> None:
    (problem,) = check_file(write(tmp_path, "compositional_skills/a", with_answer(raw)), mode)
    assert problem.code == "yaml-syntax"
    assert problem.line in (6, 7)


def skill_with(index: int, **changes: Any) -> Values:
    return changed(skill(), lambda it: it["seed_examples"][index].update(changes))


def knowledge_with(key: str, value: Any) -> Values:
    return changed(knowledge(), lambda it: it["document"].update({key: value}))


def without_a_pair() -> Values:
    return changed(knowledge(), lambda it: it["seed_examples"][3]["questions_and_answers"].pop())


@pytest.mark.parametrize(
    ("values", "code", "yaml_path"),
    [
        (skill_with(1, question=""), "empty-text", ".seed_examples[1].question"),
        (skill_with(2, context=None), "wrong-type", ".seed_examples[2].context"),
        (skill_with(1, question="Question 0?", answer="Answer 0."), "duplicate", ".seed_examples"),
        (skill_with(0, x="y"), "unknown-key", ".seed_examples[0]"),
        (skill(extra="x"), "unknown-key", "."),
        (changed(skill(), lambda it: it.pop("created_by")), "missing-key", "."),
        (changed(skill(), lambda it: it["seed_examples"].pop()), "too-few", ".seed_examples"),
        (skill(task_description=""), "empty-text", ".task_description"),
        (skill(seed_examples="none"), "wrong-type", ".seed_examples"),
        (knowledge_with("patterns", []), "too-few", ".document.patterns"),
        (knowledge_with("patterns", ["a", "a"]), "duplicate", ".document.patterns"),
        (knowledge_with("patterns", [""]), "empty-text", ".document.patterns[0]"),
        (knowledge_with("commit", 1234567), "wrong-type", ".document.commit"),
        (knowledge_with("folder", "here"), "unknown-key", ".document"),
        (without_a_pair(), "too-few", ".seed_examples[3].questions_and_answers"),
        (knowledge(task_description="x"), "unknown-key", "."),
    ],
)
def test_each_broken_rule_is_one_problem(tmp_path: Path, values: Values, code: str, yaml_path: str) -> None:
    folder = "knowledge" if "document" in values else "compositional_skills"
    for mode in MODES:
        (problem,) = errors(check_file(write(tmp_path, f"{folder}/a", values), mode))
        assert (problem.code, problem.yaml_path, problem.severity) == (code, yaml_path, "error")


@pytest.mark.parametrize(
    "values",
    [
        changed(skill(), lambda it: it["seed_examples"][1].update(question="Question 0?")),
        skill(created_by=" "),
        skill(version=3.0),
        skill(seed_examples=[{**seed, "context": "Same."} for seed in skill()["seed_examples"]]),
        changed(knowledge(), lambda it: it["seed_examples"][1].update(context="Otters 0.")),
        changed(knowledge(), lambda it: it["seed_examples"][0]["questions_and_answers"][0].update(note=7)),
        changed(knowledge(), lambda it: it["seed_examples"][0]["questions_and_answers"].extend(
            {"question": f"More {number}?", "answer": "Yes."} for number in range(3)
        )),
        changed(knowledge(), lambda it: it["document"].update(commit="1234e567")),
    ],
)  # fmt: skip
def test_what_the_schema_allows_is_accepted(tmp_path: Path, values: Values) -> None:
    folder = "knowledge" if "document" in values else "compositional_skills"
    for mode in MODES:
        assert check_file(write(tmp_path, f"{folder}/a", values), mode) == []


@pytest.mark.parametrize(
    ("text", "strict", "ci"),
    [
        ("\n" + text_of(skill()), ["lint-empty-lines"], []),
        (text_of(skill()) + "\n", ["lint-empty-lines"], []),
        (text_of(skill()).rstrip("\n"), ["lint-new-line-at-end-of-file"], ["lint-new-line-at-end-of-file"]),
        (text_of(skill()).replace("ada\n", "ada  \n"), ["lint-trailing-spaces"], ["lint-trailing-spaces"]),
        (text_of(skill()) + "created_by: bob\n", ["lint-key-duplicates"], ["lint-key-duplicates"]),
        (text_of(skill()).replace("by: ada", "by:   ada"), ["lint-colons"], []),
        (text_of(skill()).replace("\n", "\r\n"), [], []),
        ("\ufeff" + text_of(skill()), [], []),
        (text_of(skill()).replace(": ada", ": &name ada"), [], []),
        ("# yamllint disable-file\n\n\n\n\n" + text_of(skill()), [], []),
    ],
)
def test_the_layout_is_judged_as_yamllint_judges_it(
    tmp_path: Path, text: str, strict: list[str], ci: list[str]
) -> None:
    file = write(tmp_path, "compositional_skills/a", text)
    assert codes(file, "strict") == strict
    assert codes(file, "ci") == ci
    assert len(check_file(file, "ci")) == len(strict)


@pytest.mark.parametrize(
    ("line", "strict", "ci"),
    [
        ("version: 4\n", ["unknown-version"], ["version"]),
        ("version: 0\n", ["unknown-version"], ["version"]),
        ("version: true\n", ["unknown-version"], ["version"]),
        ("version: .inf\n", ["unknown-version"], ["version"]),
        ('version: "3"\n', ["version"], ["version"]),
        ("version: 2.5\n", ["version"], ["version"]),
        ("version:\n", ["version"], ["version"]),
        ("version: 2\n", [], ["version"]),
        ("version: 1\n", [], ["version"]),
        ("version: 3.0\n", [], []),
        ("", [], ["missing-key"]),
    ],
)
def test_the_version_picks_the_rules(tmp_path: Path, line: str, strict: list[str], ci: list[str]) -> None:
    file = write(tmp_path, "compositional_skills/a", text_of(skill()).replace("version: 3\n", line))
    assert codes(file, "strict") == strict
    assert codes(file, "ci") == ci


def test_version_1_needs_one_seed_example_and_no_layout(tmp_path: Path) -> None:
    seeds = "seed_examples:\n- question: a\n  answer: b\n"
    text = f"created_by: ada\ncreated_by: bob  \ntask_description: ''\n{seeds}\n\n\n\n"
    assert codes(write(tmp_path, "compositional_skills/a", text)) == []


@pytest.mark.parametrize("version", [1, 2])
def test_old_knowledge_is_refused_in_one_sentence(tmp_path: Path, version: int) -> None:
    file = write(tmp_path, "knowledge/a", knowledge(version=version))
    assert codes(file) == ["old-knowledge"]
    assert codes(file, "ci") == ["version"]


def test_a_leaf_in_the_wrong_folder_gives_one_problem(tmp_path: Path) -> None:
    for mode in MODES:
        assert codes(write(tmp_path, "compositional_skills/a", knowledge()), mode) == ["misplaced"]
        assert codes(write(tmp_path, "knowledge/a", skill()), mode) == ["misplaced"]
    assert codes(write(tmp_path, "knowledge/a", skill(version=2))) == ["misplaced"]


def test_the_deepest_folder_name_decides(tmp_path: Path) -> None:
    (problem,) = check_file(write(tmp_path, "compositional_skills/x/knowledge/y", skill()))
    assert problem.code == "misplaced"
    assert "Rename that folder" in problem.message
    assert codes(write(tmp_path, "compositional_skills/x/knowledge/z", knowledge())) == []
    assert codes(write(tmp_path, "elsewhere/k", knowledge())) == []
    assert codes(write(tmp_path, "elsewhere/s", skill())) == []


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[]\n", "{}\n", "---\n", "false\n"])
@pytest.mark.parametrize("mode", MODES)
def test_an_empty_file_is_a_warning(tmp_path: Path, text: str, mode: Mode) -> None:
    (problem,) = check_file(write(tmp_path, "compositional_skills/a", text), mode)
    assert (problem.code, problem.severity) == ("empty-file", "warning")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("- a\n- b\n", "not-a-mapping"),
        ("just words\n", "not-a-mapping"),
        ("a: 1\n---\nb: 2\n", "yaml-syntax"),
        ("a:\n\tb: 1\n", "yaml-syntax"),
        ("a: b\nc\nd: e\n", "yaml-syntax"),
        ("a: \x00\n", "yaml-syntax"),
        ("? {a: b}\n: c\n", "yaml-syntax"),
        (b"created_by: caf\xe9\n", "not-utf8"),
        (bytes(range(256)) * 20, "not-utf8"),
        ("version: 3\n".encode("utf-16"), "not-utf8"),
        ("[" * 100_000, "too-deep"),
        ("a: " + "{b: " * 5_000, "too-deep"),
        (b"a" * 1_000_001, "too-large"),
        ("".join(f"k{number}: v\n" for number in range(1_001)), "too-large"),
        ("a: &a [*a]\n", "aliases"),
        (f"version: {'1:' * 3_000}1\n", "yaml-syntax"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_hostile_input_gives_one_problem(tmp_path: Path, content: str | bytes, code: str) -> None:
    file = write(tmp_path, "knowledge/a", content)
    for mode in MODES:
        (problem,) = check_file(file, mode)
        assert (problem.code, problem.severity) == (code, "error")


@pytest.mark.parametrize(
    "item", ["[*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0}]", "{{<<: [*{0},*{0},*{0},*{0},*{0}]}}"]
)
def test_a_yaml_bomb_gives_one_problem(tmp_path: Path, item: str) -> None:
    lines = ["a0: &a0 {x: lol}"] + [f"a{n}: &a{n} {item.format(f'a{n - 1}')}" for n in range(1, 30)]
    (problem,) = check_file(write(tmp_path, "compositional_skills/a", "\n".join(lines) + "\n"))
    assert problem.code == "aliases"


def test_too_many_items_give_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MAX_EVENTS", 1_000)
    assert codes(write(tmp_path, "compositional_skills/a", "a:\n" + "- x\n" * 1_000)) == ["too-large"]


def test_a_harmless_alias_is_accepted(tmp_path: Path) -> None:
    text = (
        text_of(skill()).replace(": ada", ": &name ada").replace("task_description: Answer.", "task_description: *name")
    )
    assert codes(write(tmp_path, "compositional_skills/a", text)) == []


def test_a_missing_file_and_a_wrong_name_are_problems(tmp_path: Path) -> None:
    assert codes(tmp_path / "qna.yaml") == ["not-found"]
    assert codes(tmp_path / "a\0b") == ["unreadable"]
    assert codes(tmp_path / ("x" * 300)) != []
    for name in ("qna.yml", "QNA.yaml"):
        wrong = tmp_path / name
        wrong.write_text(text_of(skill()), encoding="utf-8")
        assert codes(wrong) == ["file-name"]


def test_a_loop_of_links_is_a_problem(tmp_path: Path) -> None:
    loop = tmp_path / "qna.yaml"
    loop.symlink_to(loop)
    assert len(codes(loop)) == 1
    assert check(tmp_path)[0].code == "outside"


def test_a_problem_has_its_line_and_column(tmp_path: Path) -> None:
    text = text_of(skill()).replace("created_by: ada", "created_by: ada\ncreatedby: ada").replace("Answer 3.", "no")
    unknown, wrong = check_file(write(tmp_path, "compositional_skills/a", text))
    assert (unknown.code, unknown.line, unknown.column) == ("unknown-key", 3, 1)
    assert (wrong.code, wrong.line, wrong.column) == ("wrong-type", 13, 11)
    assert wrong.message.startswith("“answer” of seed example 4 must be a text, but YAML reads no as")
    assert list(wrong.as_json()) == ["path", "line", "column", "severity", "code", "message", "yaml_path"]


def test_hints_reject_nothing(tmp_path: Path) -> None:
    mixed = changed(skill(), lambda it: it["seed_examples"][2].update(context="word " * 501 + "end"))
    found = check_file(write(tmp_path, "compositional_skills/a", mixed))
    assert [(item.severity, item.code, item.yaml_path) for item in found] == [
        ("hint", "mixed-seeds", ".seed_examples[2]"),
        ("hint", "long-context", ".seed_examples[2].context"),
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Write to ada.lovelace@analytical.uk today.", "personal-data"),
        ("Write to ada@mail.example.com today.", None),
        ("Call +44 20 7946 0958.", "personal-data"),
        ("Call (212) 736-5000.", "personal-data"),
        ("Call 212-555-0142.", None),
        ("Pay with 4111 1111 1111 1111.", "personal-data"),
        ("Its number is 4111 1111 1111 1112.", None),
        ("From 1914 to 1918, and 1939-1945; ISBN 978-0-306-40615-7.", None),
        ("As an AI language model, I cannot say.", "other-model"),
        ("Ask ChatGPT.", "other-model"),
        ("The bard of Avon and Claude Monet liked llamas.", None),
        ("word " * 251, "long-answer"),
    ],
)
def test_what_reviewers_turn_away_is_a_hint(tmp_path: Path, answer: str, code: str | None) -> None:
    file = write(tmp_path, "compositional_skills/a", skill_with(1, answer=answer.strip()))
    assert [(item.severity, item.code) for item in check_file(file)] == ([("hint", code)] if code else [])


def test_questions_that_almost_repeat_another_are_a_hint(tmp_path: Path) -> None:
    def ask(values: Values) -> None:
        values["seed_examples"][1]["question"] = "How many boats can the wheel lift at once?"
        values["seed_examples"][3]["question"] = "How many boats can the wheel lift at once"

    (hint,) = check_file(write(tmp_path, "compositional_skills/a", changed(skill(), ask)))
    assert (hint.code, hint.yaml_path) == ("near-duplicate", ".seed_examples[3].question")
    assert "seed example 2" in hint.message
    grounded = changed(skill(), ask)
    for seed, topic in zip(grounded["seed_examples"], ("Otters", "Boats and wheels", "x", "Cheese", "y"), strict=True):
        seed["context"] = topic
    assert check_file(write(tmp_path, "compositional_skills/b", grounded)) == []


def test_a_todo_comment_is_a_hint_but_not_inside_a_text(tmp_path: Path) -> None:
    text = text_of(skill()).replace("created_by: ada\n", "created_by: ada  # TODO: your own name\n")
    text = text.replace("Answer 0.", "|\n    # TODO is a word\n    here")
    (hint,) = check_file(write(tmp_path, "compositional_skills/a", text))
    assert (hint.code, hint.line, hint.column) == ("todo", 2, 18)


def test_rules_of_ones_own_replace_the_layout_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("extends: relaxed\nrules: {line-length: {max: 60}, trailing-spaces: disable}\n", encoding="utf-8")
    file = write(tmp_path, "compositional_skills/a", text_of(skill(created_by="a" * 30 + " " + "b" * 30)) + "# x \n")
    found = check_file(file, rules=read_rules(rules))
    assert [(item.code, item.severity, item.line) for item in found] == [("lint-line-length", "error", 2)]
    assert [item.severity for item in check_file(file, "ci", read_rules(rules))] == ["warning"]
    rules.write_text("rules: {no-such-rule: enable}\n", encoding="utf-8")
    with pytest.raises(EspalierError, match="holds no rules for yamllint"):
        read_rules(rules)
    with pytest.raises(EspalierError, match="holds no rules"):
        read_rules(tmp_path / "absent")


def test_many_files_are_checked_on_all_cores_in_order(tmp_path: Path) -> None:
    files = [
        write(tmp_path, f"knowledge/k{number}", knowledge(domain="" if number % 3 else "x")) for number in range(8)
    ]
    alone = list(check_files(files, processes=1))
    assert list(check_files(files, processes=2)) == alone
    assert [len(problems) for problems in alone] == [1 if number % 3 else 0 for number in range(8)]
    begun = check_files(files, processes=2)
    next(begun)
    begun.close()  # type: ignore[attr-defined]


def test_ci_asks_for_an_attribution(tmp_path: Path) -> None:
    file = write(tmp_path, "knowledge/a", knowledge())
    assert check(tmp_path) == []
    assert [(item.severity, item.code) for item in check(tmp_path, "ci")] == [("hint", "no-attribution")]
    file.with_name("attribution.txt").write_text("Title of work: Otters\n", encoding="utf-8")
    assert check(tmp_path, "ci") == []


def test_the_origin_of_a_leaf_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, "knowledge/a", knowledge())
    file.with_name("attribution.txt").write_text(
        "Title of work: Otters\nLink to work: https://example.org\nLicense of the work: CC-BY-SA-4.0\n"
        "Creator names: Ada\nChanged by me\n\nTitle: Rivers\nLicence: All rights reserved\n",
        encoding="utf-8",
    )
    origin = read_origin(tmp_path, file)
    assert origin.document is not None
    assert (origin.version, origin.created_by, origin.document.patterns) == (3, "ada", ("*.md",))
    otters, rivers = origin.works
    assert (otters.title, otters.creators, otters.notes, otters.is_accepted) == ("Otters", "Ada", "Changed by me", True)
    assert (rivers.title, rivers.is_accepted) == ("Rivers", False)
    assert parse_attributions(write_attributions([otters, rivers])) == [otters, rivers]
    first = "created_by: ada\ntask_description: ''\nseed_examples: [{question: a, answer: b}]\n"
    assert read_origin(tmp_path, write(tmp_path, "compositional_skills/v1", first)).version == 1


def test_comments_and_unknown_lines_of_an_attribution_stay_with_their_work() -> None:
    text = "# sources of the wheel\nTitle: Wheel\nISBN: 1\n\nTitle: Canal\nCopyright the authors\n"
    works = parse_attributions(text)
    assert [(work.title, work.notes) for work in works] == [
        ("Wheel", "# sources of the wheel\nISBN: 1"),
        ("Canal", "Copyright the authors"),
    ]
    assert parse_attributions(write_attributions(works)) == works


def test_a_line_that_says_something_a_second_time_is_kept() -> None:
    (work,) = parse_attributions("Title: A\nLink: \nLink: b\nLink: c\n")
    assert (work.link, work.notes) == ("b", "Link: c")


LINES = st.sampled_from(["Title: A", "Title of work:", "Link: b", "Link:", "# note", "Copyright: me", "", " x "])


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES | st.text(max_size=20)).map("\n".join))
def test_an_attribution_that_is_written_again_says_the_same(text: str) -> None:
    works = parse_attributions(text)
    assert parse_attributions(write_attributions(works)) == works


def test_what_a_work_lacks_is_said_by_field() -> None:
    assert set(attribution_problems(Attribution())) == {"title", "link", "revision", "license", "creators"}
    link = "https://en.wikipedia.org/wiki/Otter"
    whole = Attribution("Otters", link, "-", "CC-BY-SA-4.0", "Ada")
    assert attribution_problems(whole) == {}
    wrong = replace(whole, link="wikipedia", license="free")
    assert attribution_problems(wrong) == {"link": "no address", "license": "no identifier"}
    assert attribution_problems(replace(whole, license="GPL-3.0-only")) == {"license": "not accepted"}


def test_licences_are_known_by_their_spdx_identifiers() -> None:
    assert set(LICENSES) <= set(licenses())
    assert all(map(is_license, licenses()))
    assert is_license("MIT OR Apache-2.0")
    assert is_license("LicenseRef-mine")
    assert not any(map(is_license, ["", "free for all", "Creative", "MIT OR", "MIT Apache-2.0", "<b>"]))


def test_a_tree_is_checked_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, "compositional_skills/a", "a: b: c\n")
    write(tmp_path, "compositional_skills/b", b"\xff")
    write(tmp_path, "knowledge/c", knowledge(domain=""))
    write(tmp_path, "foundational_skills/d", "not: read\n")
    write(tmp_path, "docs", "not: read\n")
    write(tmp_path, "knowledge/.git", "not: read\n")
    (tmp_path / "knowledge/c/qna.yml").write_text("", encoding="utf-8")
    assert [problem.code for problem in check(tmp_path)] == [
        "yaml-syntax",
        "not-utf8",
        "empty-text",
        "file-name",
    ]
    assert [problem.code for problem in check_tree(tmp_path / "knowledge/c")] == ["empty-text", "file-name"]


def test_a_leaf_is_read(tmp_path: Path) -> None:
    grounded = skill(version=2, seed_examples=[{**seed, "context": "C.\n"} for seed in skill()["seed_examples"]])
    write(tmp_path, "knowledge/science/otters", knowledge())
    write(tmp_path, "compositional_skills/plain", skill())
    write(tmp_path, "compositional_skills/grounded/x", grounded)
    write(tmp_path, "foundational_skills/y", skill())
    on_text, plain, otters = read_taxonomy(tmp_path)
    assert (on_text.path, on_text.kind, on_text.contexts) == (
        "compositional_skills/grounded/x",
        "grounded skill",
        ("C.",),
    )
    assert (plain.path, plain.kind, plain.domain) == ("compositional_skills/plain", "skill", "")
    assert (otters.path, otters.kind, otters.domain) == ("knowledge/science/otters", "knowledge", "animals")
    assert otters.description == "About otters"
    assert len(otters.seeds) == 15
    assert (otters.seeds[3].question, otters.seeds[3].answer, otters.seeds[3].context) == (
        "What 1.0?",
        "Fish 0.",
        "Otters 1.",
    )


def test_a_leaf_with_errors_is_not_read(tmp_path: Path) -> None:
    bad = changed(skill(created_by=""), lambda it: it["seed_examples"].pop())
    file = write(tmp_path, "compositional_skills/a", bad)
    with pytest.raises(EspalierError, match=r"qna\.yaml, line 2, column 13: .* There is 1 more error in this file\."):
        read_leaf(tmp_path, file)
    with pytest.raises(EspalierError, match="is empty"):
        read_leaf(tmp_path, write(tmp_path, "compositional_skills/b", ""))


def test_an_empty_taxonomy_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "foundational_skills/a", skill())
    for root in (tmp_path, tmp_path / "absent"):
        with pytest.raises(EspalierError, match=r"has no leaf yet\. Add a file"):
            read_taxonomy(root)


def test_links_never_lead_out_of_the_taxonomy(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "knowledge/a", knowledge())
    root = tmp_path / "taxonomy"
    write(root, "knowledge/inside", knowledge())
    (root / "knowledge/file").mkdir()
    (root / "knowledge/file/qna.yaml").symlink_to(outside)
    (root / "knowledge/folder").symlink_to(outside.parent)
    os.symlink(outside.parent.parent, root / "compositional_skills")
    assert [leaf.path for leaf in read_taxonomy(root)] == ["knowledge/inside"]
    assert {problem.code for problem in check_tree(root)} == {"outside"}
    with pytest.raises(EspalierError, match="is not inside the taxonomy"):
        read_leaf(root, root / "knowledge/folder/qna.yaml")
