import difflib
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from taxonomy_texts import CORPUS, corpus_texts, knowledge, skill, text_of

from espalier.taxonomy import edit, splice
from espalier.taxonomy.edit import new_problems
from espalier.taxonomy.leaf_text import EditError
from espalier.taxonomy.scalars import LINE, is_text, written
from espalier.taxonomy.schema import Folder
from espalier.taxonomy.source import ReadingError, parse

SKILL = """\
# My rivers
version: 3
created_by: ada  # that is me
task_description: 'Answer.'
seed_examples:
  # the easy ones
  - question: "What is river 1?"   # first
    answer: Wet.
  # a remark on the second
  - question: What is river 2?
    answer: |
      Two lines,
      and wet.

  - question: What is river 3?
    answer: >-
      Folded
      and wet.
  - {question: What is river 4, answer: "Wet, too."}
  - answer: Wet.
    question: What is river 5?
  - question: What is river 6?
    answer: Wet.
"""
KNOWLEDGE = text_of(knowledge())
NASTY = [
    *("a: b", "# x", "a #b", " lead", "trail ", "\ttab", "tab\t", "yes", "No", "1e3", "0o17", "12:30", "2024-01-01"),
    *("null", "~", "=", "<<", "---", "--- x", "...", "a\r\nb", "a\rb", "😀 and é", "x" * 300, "word " * 80 + "end"),
    *("one\ntwo\n", "one\ntwo", "  deep\nflat\n", "\n\nlate", "\n\n\nlater", "a\n\n\n\nb", "a\n\n", "\n", " ", "- x"),
    *("'q'", '"dq"', 'it\'s "both"', "\\n", "\x07", "\0", "\x85", "\u2028", "\ufeffbom", "*a", "&a", "!t", "%d", "@a"),
    *("`b`", "[a]", "{a}", "a, b", "? x", ": x", "x:", "| x", "> x", "a\n  b\n c\n", "a\n\tb\n", "a \nb", "\xa0", "#"),
    *("C:\\path\\to " * 20, 'say "no" ' * 30 + "!", "\U0010ffff\uffff", "a  b " * 40 + "c", "# yamllint disable-file"),
]
texts = st.one_of(
    st.sampled_from(NASTY), st.text(), st.lists(st.sampled_from(NASTY), min_size=2, max_size=3).map("".join)
)
sane = texts.filter(lambda text: text and not any("\ud800" <= character <= "\udfff" for character in text))


def problems_of(text: str, folder: Folder) -> list[Any]:
    return new_problems(KNOWLEDGE if folder == "knowledge" else text_of(skill()), text, folder)


@settings(deadline=None, max_examples=100)
@given(sane, st.integers(0, 5), st.sampled_from(["question", "answer", "context"]))
def test_any_text_is_written_so_that_it_reads_back_and_passes(value: str, index: int, key: str) -> None:
    text = edit.set_value(SKILL, ("seed_examples", index, key), value, "compositional_skills")
    assert parse(text).contents["seed_examples"][index][key] == value
    assert problems_of(text, "compositional_skills") == []


@settings(deadline=None, max_examples=60)
@given(sane, sane, st.integers(0, 5), st.sampled_from(["insert", "add", "pattern", "description", "crlf"]))
def test_new_seeds_pairs_and_patterns_read_back_and_pass(one: str, two: str, index: int, what: str) -> None:
    pair = {"question": one, "answer": two}
    match what:
        case "insert":
            text = edit.insert(SKILL, ("seed_examples", index), pair | {"context": two}, "compositional_skills")
            assert parse(text).contents["seed_examples"][index] == pair | {"context": two}
        case "add":
            where = ("seed_examples", min(index, 4), "questions_and_answers", index % 4)
            text = edit.insert(KNOWLEDGE, where, pair, "knowledge")
            found = parse(text).contents["seed_examples"][where[1]]["questions_and_answers"]
            assert found[where[3]] == pair
        case "pattern":
            text = edit.set_value(KNOWLEDGE, ("document", "patterns"), [one, one + two], "knowledge")
            assert parse(text).contents["document"]["patterns"] == [one, one + two]
        case "description":
            text = edit.set_value(KNOWLEDGE, ("document_outline",), one, "knowledge")
            assert parse(text).contents["document_outline"] == one
        case _:
            crlf = SKILL.replace("\n", "\r\n")
            text = edit.set_value(crlf, ("seed_examples", index, "answer"), two, "compositional_skills")
            assert parse(text).contents["seed_examples"][index]["answer"] == two
            assert "\n" not in text.replace("\r\n", "")


@settings(deadline=None, max_examples=200)
@given(sane, st.integers(0, 12), st.booleans())
def test_a_written_text_reads_back(value: str, indent: int, in_flow: bool) -> None:
    key = " " * indent + "k: "
    new = written(value, indent, len(key), in_flow=in_flow)
    head = "".join(f"{' ' * depth}p:\n" for depth in range(indent))
    whole = f"{head}{key}{{a: {new}}}\n" if in_flow else f"{head}{key}{new}\n"
    found = parse(whole).contents
    for _ in range(indent):
        found = found["p"]
    assert (found["k"]["a"] if in_flow else found["k"]) == value


@pytest.mark.parametrize(
    "value", ["word " * 90 + "end", '"said" ' * 40 + "x", "C:\\path " * 40, "é😀 " * 99, " lead" + " x" * 200]
)
def test_long_lines_are_broken_where_that_changes_nothing(value: str) -> None:
    new = f"  question: {written(value, 2, 12)}\n"
    assert all(len(line) <= LINE for line in new.split("\n"))
    assert parse(f"a:\n{new}").contents["a"]["question"] == value


@pytest.mark.parametrize(
    ("value", "style"),
    [
        ("Plain words, and more.", "P"),
        ("C# is fun", "C"),
        ("yes", '"'),
        ("1e3", '"'),
        ("2024-01-01", '"'),
        ("a: b", '"'),
        ('"No," she said', "'"),
        ("two\nlines\n", "|"),
        ("  indented\nblock", "|"),
        ("word " * 60 + "end", ">"),
    ],
)
def test_the_style_fits_the_text(value: str, style: str) -> None:
    assert written(value, 0, 8)[0] == style


def test_yaml_1_1_decides_what_is_text() -> None:
    assert [text for text in ("a", "yes", "1", "1e3", "0x1F", "1.5", "~", "2024-01-01") if is_text(text)] == [
        "a",
        "1e3",
    ]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this repository")
def test_an_edit_of_a_historical_file_changes_only_its_own_lines() -> None:
    chance = random.Random(5)
    edited = 0
    for place, text in chance.sample(corpus_texts(), 120):
        folder: Folder = "knowledge" if "knowledge" in place.split("/") else "compositional_skills"
        try:
            contents = parse(text).contents
        except ReadingError:
            continue
        seeds = contents.get("seed_examples") if isinstance(contents, dict) else None
        if not isinstance(seeds, list) or not seeds or not isinstance(seeds[0], dict):
            continue
        index = chance.randrange(len(seeds))
        key = chance.choice([key for key, value in seeds[index].items() if not isinstance(value, list)])
        where = ("seed_examples", index, key)
        value = f"Marker {edited}: one\nMarker two" if chance.random() < 0.5 else f"Marker {edited}"
        new = splice.set_value(text, where, value)
        before, after = text.splitlines(True), new.splitlines(True)
        moves = [
            move for move in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if move[0] != "equal"
        ]
        (_, start, end, new_start, new_end) = moves[0]
        assert len(moves) == 1
        assert "Marker" in "".join(after[new_start:new_end])
        assert key in before[start]
        assert [*before[:start], *before[end:]] == [*after[:new_start], *after[new_end:]]
        assert new_problems(text, new, folder) == [], place
        if not isinstance(seeds[index][key], str):
            continue
        again = splice.set_value(new, where, seeds[index][key])
        assert parse(again).contents == contents
        edited += 1
    assert edited > 60


def test_comments_order_and_quotes_of_the_rest_survive() -> None:
    text = splice.set_value(SKILL, ("created_by",), "bob: the other")
    assert text == SKILL.replace("created_by: ada  #", 'created_by: "bob: the other"  #')
    text = splice.set_value(SKILL, ("seed_examples", 0, "question"), "One\ntwo")
    assert "  - question: |-   # first\n      One\n      two\n    answer: Wet.\n" in text
    text = splice.set_value(SKILL, ("seed_examples", 1, "answer"), "Dry.")
    assert "    answer: Dry.\n\n  - question: What is river 3?" in text
    text = splice.set_value(SKILL, ("seed_examples", 3, "answer"), "No\nway")
    assert '{question: What is river 4, answer: "No\\nway"}' in text
    text = splice.set_value(SKILL, ("seed_examples", 4, "context"), "By\nthe sea\n")
    assert "  - context: |\n      By\n      the sea\n    answer: Wet.\n    question: What is river 5?" in text
    text = splice.set_value(SKILL, ("version",), 2)
    assert text == SKILL.replace("version: 3", "version: 2")


def test_items_come_go_and_move_with_their_comments() -> None:
    moved = splice.move(SKILL, ("seed_examples", 1), 3)
    assert parse(moved).contents["seed_examples"][3]["question"] == "What is river 2?"
    assert "  # a remark on the second\n  - question: What is river 2?" in moved
    assert splice.move(moved, ("seed_examples", 3), 1) == SKILL
    removed = splice.remove(SKILL, ("seed_examples", 1))
    assert "remark" not in removed
    assert removed.startswith(SKILL[: SKILL.index("  # a remark")])
    assert removed.endswith(SKILL[SKILL.index("  - question: What is river 3?") :])
    last = splice.remove(SKILL, ("seed_examples", 5))
    assert SKILL.startswith(last)
    added = splice.insert(SKILL, ("seed_examples", 6), {"question": "Why?", "answer": "Rain.\nMuch."})
    assert added == SKILL + "  - question: Why?\n    answer: |-\n      Rain.\n      Much.\n"
    assert splice.remove(added, ("seed_examples", 6)) == SKILL
    assert "  - answer: Wet.\n" in splice.remove(SKILL, ("seed_examples", 0, "question"))
    emptied = splice.remove("a: 1\nseed_examples:\n- x\n", ("seed_examples", 0))
    assert emptied == "a: 1\nseed_examples: []\n"
    assert splice.insert(emptied, ("seed_examples", 0), "z") == "a: 1\nseed_examples:\n  - z\n"
    flow = splice.insert("a: 1\np: [x, 'y']\n", ("p", 1), "no")
    assert flow == "a: 1\np: [x, \"no\", 'y']\n"
    assert splice.move(flow, ("p", 2), 0) == "a: 1\np: ['y', x, \"no\"]\n"
    assert splice.rename_key("a: 1\nb: 2\n", ("b",), "c") == "a: 1\nc: 2\n"


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("seed_examples", 0, "answer"), "", "is empty"),
        (("created_by",), 7, "must be a text"),
        (("seed_examples", 0, "note"), "x", "is not a key"),
        (("seed_examples", 9, "answer"), "x", "There is no seed example 10"),
        (("version",), 9, "does not exist"),
        (("seed_examples", 0, "answer"), "\ud83d", "half of a character"),
        (("seed_examples", 0, "answer"), "x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_the_format_forbids_is_refused(where: tuple[str | int, ...], value: Any, sentence: str) -> None:
    with pytest.raises(EditError, match=sentence):
        edit.set_value(SKILL, where, value, "compositional_skills")


def test_a_leaf_keeps_its_five_seeds_unless_it_is_a_draft() -> None:
    text = text_of(skill())
    with pytest.raises(EditError, match="4 of at least 5 seed examples"):
        edit.remove(text, ("seed_examples", 0), "compositional_skills")
    assert len(parse(splice.remove(text, ("seed_examples", 0))).contents["seed_examples"]) == 4
    with pytest.raises(EditError, match="same as an earlier one"):
        edit.insert(text, ("seed_examples", 0), skill()["seed_examples"][3], "compositional_skills")
    assert splice.set_value(text, ("seed_examples", 0, "answer"), "").count('answer: ""') == 1


def test_what_an_alias_would_carry_elsewhere_is_refused() -> None:
    text = "a: &x one\nb: *x\nc: {d: 1}\n"
    with pytest.raises(EditError, match="woven into other parts"):
        splice.set_value(text, ("a",), "two")
    assert splice.set_value(text, ("b",), "two") == "a: &x one\nb: two\nc: {d: 1}\n"
    with pytest.raises(EditError, match="Mend line 3 first"):
        splice.set_value("a: b\nc\nd: e\n", ("a",), "x")
    with pytest.raises(EditError, match="no keys and values yet"):
        splice.set_value("# nothing\n", ("a",), "x")
