"""PDF files as Markdown, from files written here; `tests/desktop/test_printed.py` has one that Qt prints."""

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import HEIGHT, WIDTH, Words, pdf, prose

from espalier.documents.pdf import page_count, page_picture, read_pdf
from espalier.documents.pdf_words import join_lines, vocabulary
from espalier.errors import EspalierError

BODY = [
    "The Falkirk Wheel is a rotating boat lift in central Scotland, and it con-",
    "nects two canals that had been apart since the nineteen-thirties. It was",
    "opened by the Queen in May 2002.",
    "",
    "The two canals meet at very different heights, which a flight of eleven",
    "locks once had to bridge.",
]
PARAGRAPHS = [
    "The Falkirk Wheel is a rotating boat lift in central Scotland, and it connects two canals that had been apart "
    "since the nineteen-thirties. It was opened by the Queen in May 2002.",
    "The two canals meet at very different heights, which a flight of eleven locks once had to bridge.",
]


def read(data: bytes) -> str:
    return read_pdf("a.pdf", data)[0]


@pytest.mark.parametrize("unit", [1, 0.24, 12])
def test_headings_and_paragraphs_are_found_in_any_unit(unit: float) -> None:
    page = [
        Words(72, 730, "The Falkirk Wheel", 22, "Helvetica-Bold"),
        Words(72, 700, "Opening", 15, "Helvetica-Bold"),
        *prose(BODY),
        Words(72, 570, "A bold title of the usual size", 11, "Helvetica-Bold"),
        *prose(["Its gondolas hold two boats each."], top=552),
    ]
    text = read(pdf([page], unit=unit))
    assert text.split("\n\n") == [
        "# The Falkirk Wheel",
        "## Opening",
        *PARAGRAPHS,
        "### A bold title of the usual size",
        "Its gondolas hold two boats each.\n",
    ]


def test_running_heads_and_page_numbers_are_dropped_and_paragraphs_go_on() -> None:
    lines = [f"Line number {number} says that the lift turns once more," for number in "abcdef"]
    pages = [
        [
            Words(72, 760, f"Chapter {page} of the manual", 9),
            *prose([*lines, "and on this page the sentence is not over"] if page < 3 else ["until the last page."]),
            Words(300, 30, f"– {page} –", 9),
        ]
        for page in range(1, 4)
    ]
    text = read(pdf(pages))
    assert "Chapter" not in text
    assert "–" not in text
    assert text.endswith("the sentence is not over until the last page.\n")
    assert text.count("\n\n") <= 1


def test_a_heading_that_returns_at_the_top_of_two_pages_stays() -> None:
    pages = [
        [Words(72, 750, "Results" if page in (1, 3) else f"Part {'abcdefgh'[page]}", 20), *prose([f"Text {page}."])]
        for page in range(8)
    ]
    assert read(pdf(pages)).count("# Results") == 2


def test_a_table_of_contents_is_left_out_aloud() -> None:
    contents = [f"{number}. Part {'.' * 40} {number + 4}" for number in range(1, 6)]
    page = [
        Words(72, 730, "Table of Contents", 20),
        *prose(contents),
        Words(72, 560, "Part", 20),
        *prose(BODY, top=530),
    ]
    text, _, notes = read_pdf("a.pdf", pdf([page]))
    assert text.split("\n\n")[:2] == ["# Part", PARAGRAPHS[0]]
    assert notes == ["5 lines of contents and index with page numbers were left out."]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [f"The left column tells of lift {name}" for name in "abcdef"]
    right = [f"the right one of the locks {name}" for name in "uvwxyz"]
    by_column = [*prose(left), *prose(right, x=330)]
    by_row = [word for row in zip(prose(left), prose(right, x=330), strict=True) for word in row]
    for page in (by_column, by_row):
        text = " ".join(read(pdf([page])).split())
        assert text.index("lift f") < text.index("locks u")
        assert "|" not in text


def test_a_table_is_a_markdown_table() -> None:
    rows = [
        ("Lift", "Opened", "Height"),
        ("Falkirk", "2002", "24 m"),
        ("Anderton", "1875", "15 m"),
        ("", "", "(rebuilt)"),
    ]
    cells = [
        Words(72 + 130 * column, 600 - 14 * row, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
        if cell
    ]
    text = read(pdf([[*prose(BODY), *cells, *prose(["After the table the text goes on."], top=530)]]))
    assert text.split("\n\n")[2:] == [
        "| Lift | Opened | Height |\n| --- | --- | --- |\n"
        "| Falkirk | 2002 | 24 m |\n| Anderton | 1875 | 15 m (rebuilt) |",
        "After the table the text goes on.\n",
    ]


def test_lists_are_lists() -> None:
    lines = [
        Words(72, 600, "•"),
        Words(90, 600, "a gondola that holds six hundred tonnes of water and two boats, and is"),
        Words(90, 586, "always in balance"),
        Words(72, 572, "• a motor"),
        Words(86, 558, "– of 22.5 kilowatts"),
        Words(72, 530, "1. Close the gates."),
        Words(72, 516, "2. Turn the wheel."),
    ]
    text = read(pdf([[*prose(BODY), *lines]]))
    assert text.split("\n\n", 2)[2].splitlines() == [
        "- a gondola that holds six hundred tonnes of water and two boats, and is always in balance",
        "- a motor",
        "  - of 22.5 kilowatts",
        "1. Close the gates.",
        "2. Turn the wheel.",
    ]


def test_code_keeps_its_lines_and_indents() -> None:
    width = 6.6  # of a character of Courier at 11 points
    code = [
        Words(72, 600, "def turn(wheel):"),
        Words(72 + 4 * width, 586, "return wheel + 180"),
        Words(72, 558, "turn(0)"),
    ]
    page = [*prose(BODY), *(Words(word.x, word.y, word.text, 11, "Courier") for word in code)]
    assert "```\ndef turn(wheel):\n    return wheel + 180\n\nturn(0)\n```" in read(pdf([page]))


def test_a_stamp_along_the_margin_is_dropped_and_a_turned_page_is_read() -> None:
    stamp = Words(30, 200, "Draft of 12 May", 11, turn=90)
    assert "Draft" not in read(pdf([[*prose(BODY), stamp]]))
    turned = [Words(100 + 14 * row, 72, line, 11, turn=90) for row, line in enumerate(BODY[:3])]
    assert read(pdf([turned])).strip() == PARAGRAPHS[0]


def test_raised_and_lowered_digits_keep_their_meaning() -> None:
    page = [
        Words(72, 600, "It holds 300 m"),
        Words(141.2, 605, "3", 7),
        Words(148, 600, "of H"),
        Words(168.3, 597, "2", 7),
        Words(172.3, 600, "O in each gondola."),
        *prose(BODY),
    ]
    text = read(pdf([page]))
    assert "300 m³" in text
    assert "H₂O" in text


def test_a_note_at_the_foot_does_not_cut_the_paragraph() -> None:
    first = [*prose([*BODY[:2], "opened in the month of May of the year"]), Words(72, 80, "1 See the archive.", 8)]
    text = read(pdf([first, prose(["two thousand and two."])]))
    assert "of the year two thousand and two." in text
    assert "See the archive." in text


@pytest.mark.parametrize(
    ("lines", "others", "joined"),
    [
        (["it con-", "nects"], "", "it connects"),
        (["a well-", "known lift"], "a well-known lift", "a well-known lift"),
        (["a well-", "known lift"], "wellknown", "a wellknown lift"),
        (["the Anglo-", "Saxon"], "", "the Anglo-Saxon"),
        (["from 1990-", "1995"], "", "from 1990-1995"),
        (["a dash -", "and more"], "", "a dash - and more"),
        (["see https://", "example.org"], "", "see https://example.org"),
        (["one", "two"], "", "one two"),
    ],
)
def test_broken_words_are_joined(lines: list[str], others: str, joined: str) -> None:
    assert join_lines(lines, vocabulary([*lines, others])) == joined


def test_what_cannot_be_read_is_one_sentence() -> None:
    whole = pdf([prose(BODY)])
    locked = (
        "/Encrypt << /Filter /Standard /V 1 /R 2 /P -1 /O <" + "00" * 32 + "> /U <" + "11" * 32 + "> >> /ID [<00> <00>]"
    )
    cases = {
        "is damaged": [b"", b"%PDF-1.7\n", b"not a pdf at all", whole[:200]],
        "protected with a password": [pdf([prose(BODY)], locked)],
        "holds pictures of pages and no text": [pdf([[]])],
    }
    for sentence, files in cases.items():
        for data in files:
            with pytest.raises(EspalierError, match=sentence):
                read_pdf("a.pdf", data)


def test_pages_without_text_are_named() -> None:
    line = "0 0 m 100 100 l S"
    scan = pdf([prose(BODY), [Words(0, 0, "PICTURE")], [], [Words(0, 0, "PICTURE")]])
    start = scan.index(b"BT", scan.index(b"PICTURE") - 90)
    data = bytearray(scan)
    while (place := data.find(b"(PICTURE)")) >= 0:
        start = data.rfind(b"BT", 0, place)
        end = data.find(b"ET", place) + 2
        data[start:end] = line.encode().ljust(end - start)
    text, starts, notes = read_pdf("a.pdf", bytes(data))
    assert starts == [0, len(text), len(text), len(text)]
    assert notes == ["No text on pages 2, 4: these hold only pictures, which are left out."]
    assert text.startswith("The Falkirk Wheel")


def test_a_page_is_drawn_as_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[Words(100, 400, "X", 300, "Helvetica-Bold")], []]))
    width, height, rows = unpacked(page_picture(path, 0, 306))
    assert (width, height) == (WIDTH // 2, HEIGHT // 2)
    assert rows[0][1:4] == b"\xff\xff\xff"
    assert any(b"\0\0\0" in row[1:] for row in rows)
    blank = unpacked(page_picture(path, 1, 100))
    assert all(set(row[1:]) == {255} for row in blank[2])
    assert page_count(path) == 2
    with pytest.raises(EspalierError, match="no page 3"):
        page_picture(path, 2, 100)


def unpacked(png: bytes) -> tuple[int, int, list[bytes]]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    rows = zlib.decompress(png[start + 4 : start + 4 + length])
    return width, height, [rows[y * (3 * width + 1) : (y + 1) * (3 * width + 1)] for y in range(height)]


PLACED = st.builds(
    Words,
    st.sampled_from([72.0, 90.0, 330.0, 500.0]),
    st.sampled_from([760.0, 690.0, 676.0, 662.0, 648.0, 400.0, 20.0]),
    st.sampled_from(["•", "1.", "Hello there, world.", "| a", "# b", "x ....... 3", "Contents", "con-", "A B C " * 9]),
    st.sampled_from([11.0, 11.0, 8.0, 15.0, 22.0, 0.5]),
    st.sampled_from(["Helvetica", "Helvetica-Bold", "Courier"]),
    st.sampled_from([0, 0, 0, 90, 180, 270]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PLACED, max_size=25), min_size=1, max_size=3))
def test_any_placing_of_words_is_read(pages: list[list[Words]]) -> None:
    if any(pages):
        text = read_pdf("a.pdf", pdf(pages))[0]
        assert text.endswith("\n") or text == ""
    else:
        with pytest.raises(EspalierError, match="no text"):
            read_pdf("a.pdf", pdf(pages))
