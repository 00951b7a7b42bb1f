"""Documents in chunks."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.documents.chunks import chunks, token_counter
from espalier.documents.sentences import sentences


def words(text: str) -> int:
    return len(text.split())


DOCUMENT = """# Lifts

A lift raises boats. It saves locks.

## Falkirk

The wheel turns in four minutes. Dr. Smith built it in St. Andrews at 3.5 m. It is e.g. used daily.

These are its parts:

- a wheel
  with arms
- two gondolas

| Part | Mass |
| --- | --- |
| gondola | 300 t |
| arm | 100 t |

```python
def turn():

    return 180
```

## Anderton

It goes up and down.
"""


def test_a_small_document_is_one_chunk() -> None:
    (chunk,) = chunks(DOCUMENT, words, 200)
    assert chunk.text == DOCUMENT.strip()
    assert (chunk.headings, chunk.cut, chunk.tokens) == ((), "", words(DOCUMENT))


def test_blocks_stay_whole_and_know_their_headings() -> None:
    found = chunks(DOCUMENT, words, 34)
    assert [chunk.headings for chunk in found] == [(), ("Lifts", "Falkirk"), ("Lifts", "Falkirk"), ("Lifts",)]
    assert found[1].text == "These are its parts:\n\n- a wheel\n  with arms\n- two gondolas"
    assert found[2].text.startswith("| Part | Mass |")
    assert found[2].text.endswith("```python\ndef turn():\n\n    return 180\n```")
    assert found[3].passage == "Lifts\n\n## Anderton\n\nIt goes up and down."
    assert all(chunk.cut == "" and chunk.tokens <= 34 for chunk in found)


def test_a_paragraph_longer_than_a_chunk_is_cut_between_sentences() -> None:
    text = "First one here. " * 20
    found = chunks(text, words, 10)
    assert {chunk.text for chunk in found} == {
        "First one here. First one here. First one here. ",
        "First one here. First one here. ",
    }
    assert {chunk.cut for chunk in found} == {""}


def test_a_table_longer_than_a_chunk_is_cut_between_rows_under_its_header() -> None:
    table = "| Part | Mass |\n| --- | --- |\n" + "".join(f"| part {n} | {n} t |\n" for n in range(30))
    found = chunks(f"# T\n\n{table}\nAfter it.", words, 40)
    tables = [chunk for chunk in found if "| part" in chunk.text]
    assert all(chunk.cut == "table" for chunk in tables)
    assert all("| Part | Mass |\n| --- | --- |\n| part" in chunk.text for chunk in tables)
    assert [
        line for chunk in tables for line in chunk.text.splitlines() if line.startswith("| part")
    ] == table.splitlines()[2:]
    assert found[-1].text.endswith("After it.")


def test_code_longer_than_a_chunk_is_cut_between_lines_in_fences() -> None:
    lines = [f"    line {n}" for n in range(30)]
    found = chunks("~~~~py\n" + "\n".join(lines) + "\n~~~~\n\nAfter.", words, 12)
    parts = [chunk.text for chunk in found if chunk.cut == "code"]
    assert all(text.startswith("~~~~py\n    line") for text in parts)
    assert "\n~~~~" in parts[0]
    assert [line for text in parts for line in text.splitlines() if "line" in line] == lines


def test_a_sentence_longer_than_a_chunk_is_cut_at_clauses_then_words_then_characters() -> None:
    found = chunks("one two three, four five six, seven eight nine", words, 7)
    assert [chunk.text.strip() for chunk in found] == ["one two three, four five six,", "seven eight nine"]
    found = chunks("word " * 1_000, words, 10)
    assert len(found) == 100
    found = chunks("x" * 1_000, len, 300)
    assert [len(chunk.text) for chunk in found] == [300, 300, 300, 100]
    assert {chunk.cut for chunk in found} == {"sentence"}


def test_a_header_too_long_to_be_repeated_is_not() -> None:
    header = "| " + " | ".join(f"column {n}" for n in range(30)) + " |"
    table = f"{header}\n|{' --- |' * 30}\n" + "".join(f"| {n} |\n" for n in range(30))
    found = chunks(table, words, 40)
    assert "".join(chunk.text for chunk in found).count("column 29") == 1
    assert len(found) < 10


def test_endless_headings_do_not_crowd_out_the_text() -> None:
    found = chunks("# " + "title " * 300 + "\n\nText one. Text two.", words, 20)
    assert found[-1].text.endswith("Text two.")
    assert all(chunk.tokens <= 20 for chunk in found)


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks("", words) == []
    assert chunks("\n \n", words) == []


def test_a_long_document_is_chunked_quickly() -> None:
    text = "\n\n".join(f"## Part {n}\n\n" + "The wheel turns once more and the boats go on. " * 20 for n in range(300))
    assert len(chunks(text + "\n\n" + "word " * 50_000, words)) > 200


@pytest.mark.parametrize(
    "text", ["." * 100_000, ". " * 50_000, "[" * 100_000, "](" * 50_000, "|" * 100_000, "> " * 50_000]
)
def test_a_document_made_to_take_for_ever_does_not(text: str) -> None:
    assert chunks(text, len, 1_000)
    assert sentences(text)


def test_the_tokens_are_those_of_the_model(tiny_folder: Path) -> None:
    count = token_counter(tiny_folder)
    assert count("Wheel") == 5
    found = chunks(DOCUMENT, count, 120)
    assert all(chunk.tokens == count(chunk.passage) <= 120 for chunk in found)


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# Title",
            "## Part *two*",
            "### Three",
            "A sentence. Another one, with a clause; and more.",
            "word " * 30,
            "- item one\n- item two\n  more of it\n\n  1. deep",
            "1. first\n2. second",
            "| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |",
            "```\ncode\n\n  more\n```",
            "```\nnever closed",
            "> a quotation\n> of two lines",
            "<div>\nhtml\n</div>",
            "Setext\n======",
            "[ref]: http://x.org",
            "---",
            "    indented code\n    of two lines",
            "日本語の文。もう一つの文！",
            "x" * 60,
            "a\fb\x0bc\u2028d",
            "",
        ]
    ),
    max_size=12,
).map("\n\n".join)


@settings(deadline=None, max_examples=100)
@given(MARKDOWN, st.integers(1, 60))
def test_nothing_is_lost_nothing_doubled_and_every_chunk_fits(text: str, limit: int) -> None:
    found = chunks(text, len, limit)
    assert found == chunks(text, len, limit)
    assert all(chunk.tokens == len(chunk.passage) for chunk in found)
    assert all(chunk.tokens <= limit or chunk.cut for chunk in found)
    if not any(chunk.cut in ("table", "code") for chunk in found):
        assert "".join("".join(chunk.text.split()) for chunk in found) == "".join(text.split())


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("aB1 .!?。\n“”)…e.g"), max_size=60))
def test_sentences_put_together_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "One. |Two! |Three? |“Four.” |Five",
        "Dr. Smith met J. R. Lee. |They left.",
        "It costs 3.5 m. |It is ca. 5 m, e.g. Here.",
        "See Fig. 3 and No. 4. |Then go.",
        "Version 2. |It works…",
        "これは文です。|もう一つ！|終わり",
        "It is a. b. c. and ends.",
        "Él vino. |Über alles.",
    ],
)
def test_sentences_end_where_they_end(text: str) -> None:
    assert sentences(text.replace("|", "")) == text.split("|")
