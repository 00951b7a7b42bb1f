import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextCursor, QTextDocument
from pytestqt.qtbot import QtBot

from espalier_desktop.pages.compare.bench import TEXTS
from espalier_desktop.pages.compare.code_colours import coloured
from espalier_desktop.pages.compare.differences import differences, mark_differences
from espalier_desktop.pages.compare.markdown import MOST_COLUMNS, MOST_ROWS, Block, web_address
from espalier_desktop.pages.compare.scrolling import counterpart
from espalier_desktop.pages.compare.stream import LONGEST, PIECE, MarkdownStream, blocks_of, pieces, plain_text
from espalier_desktop.pages.compare.transcript import Transcript

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "html in a block": "<div onclick='x()'>\n<img src='file:///etc/passwd' onerror='x()'>\n</div>",
    "style": "<style>* { display: none }</style>",
    "frame": "<iframe src='https://evil.example'></iframe>",
    "picture": "![see](https://evil.example/track.png)",
    "picture of the disk": "![see](file:///etc/passwd)",
    "picture as data": "![see](data:image/png;base64,iVBORw0KGgo=)",
    "resource": "![see](qrc:/x) ![see](:/x)",
    "reference": "![see][1]\n\n[1]: https://evil.example/a.png",
    "file link": "[see](file:///etc/passwd)",
    "script link": "[see](javascript:alert(1))",
    "script link in letters": "[see](&#106;avascript:alert(1)) [see](JaVaScRiPt:alert(1)) [see](java\tscript:x)",
    "data link": "[see](data:text/html,<script>x</script>)",
    "auto link": "<javascript:alert(1)> <file:///etc/passwd>",
    "password in a link": "[bank](https://bank.example@evil.example/)",
    "bidi": "good\u202e}dab\u2066 hidden\u2069",
    "zero width": "pass\u200bword \ufeff\u2060 \U000e0041\U000e0042",
    "Qt's own signs": "a\ufdd0b\ufdd1c\ufffcd\u2029e\u2028f\x00g\x07h",
    "half of a character": "a\ud800b",
    "pile": "z" + "\u0301" * 500,
    "lists in lists": "".join("  " * depth + "- x\n" for depth in range(120)),
    "quotes in quotes": ">" * 4000 + " x",
    "brackets": "[" * 8000,
    "stars": "*a " * 4000,
    "links in links": "[a](" * 3000,
    "one long line": "word " * 4000,
    "many lines": "word\n" * 3000,
    "long code": "```py\n" + "x = 1\n" * 2000,
    "long list": "- item\n" * 2000,
}


def runs_of(blocks: list[Block]) -> Iterator[str]:
    for block in blocks:
        for run in (*block.runs, *(run for row in block.rows for cell in row for run in cell)):
            yield run.href


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_text(text: str, qtbot: QtBot) -> None:
    assert not [href for href in runs_of(blocks_of(text)) if href]
    view = Transcript("Answer")
    qtbot.addWidget(view)
    view.begin_turn("Why?")
    view.add_text(text)
    view.finish()
    block = view.document().begin()
    while block.isValid():
        for part in block.textFormats():
            assert not part.format.isImageFormat()
            assert not part.format.anchorHref()
        block = block.next()
    shown = view.toPlainText()
    assert not set(shown) & set("\u202e\u2066\u2069\u200b\ufeff\ufdd0\ufdd1\U000e0041\x00\x07"), "nothing is hidden"


def test_what_deceives_the_eye_is_shown_by_its_number() -> None:
    assert plain_text("good\u202e}dab") == "good⟨U+202E⟩}dab"


def test_html_and_pictures_are_shown_as_what_was_written() -> None:
    assert plain_text("<b>x</b>") == "<b>x</b>"
    assert plain_text("![a cat](https://x.example/cat.png)") == "[picture: a cat]"
    assert plain_text("![](https://x.example/cat.png)") == "[picture: without a name]"


def test_nothing_is_fetched_from_anywhere(qtbot: QtBot) -> None:
    view = Transcript("Answer")
    qtbot.addWidget(view)
    for kind in QTextDocument.ResourceType:
        assert view.loadResource(kind.value, QUrl("file:///etc/passwd")) is None


def test_only_addresses_of_the_web_are_links_and_they_are_not_followed(qtbot: QtBot) -> None:
    assert web_address("https://example.org/a") == "https://example.org/a"
    for address in (
        "javascript:x",
        "file:///x",
        "data:x",
        "ftp://x",
        "https://a@b",
        "https://",
        "//x",
        "https://[",
        "",
    ):
        assert web_address(address) == ""
    view = Transcript("Answer")
    qtbot.addWidget(view)
    view.begin_turn("Why?")
    view.add_text("See [here](https://example.org/a).")
    view.finish()
    with qtbot.waitSignal(view.link_wanted) as wanted:
        view.anchorClicked.emit(QUrl("https://example.org/a"))
    assert wanted.args == ["https://example.org/a"]
    assert "here" in view.toPlainText(), "the page is still the answer"


def test_a_huge_table_is_cut_and_says_so() -> None:
    rows = "|a|b|\n|-|-|\n" + "|x|y|\n" * 3000
    tables = [block for block in blocks_of(rows) if block.kind == "table"]
    assert sum(len(block.rows) for block in tables) <= MOST_ROWS + 1
    assert f"{3001 - MOST_ROWS}" in plain_text(rows)
    wide = "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n|" + "x|" * 50
    [table, note] = blocks_of(wide)
    assert all(len(row) == MOST_COLUMNS for row in table.rows)
    assert "42" in note.text


def test_markdown_is_understood() -> None:
    text = "# Wheel\n\nIt is **high** and `round`.\n\n- one\n- two\n\n3. three\n\n> said\n\n```py\nx = 1\n```\n\n---\n"
    found = [(block.kind, block.text, block.marker) for block in blocks_of(text)]
    assert found == [
        ("heading", "Wheel", ""),
        ("paragraph", "It is high and round.", ""),
        ("paragraph", "one", "•"),
        ("paragraph", "two", "•"),
        ("paragraph", "three", "3."),
        ("paragraph", "said", ""),
        ("code", "x = 1", ""),
        ("rule", "", ""),
    ]


def words(blocks: list[Block]) -> str:
    return "".join("".join(block.text.split()) for block in blocks)


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# A",
            "text",
            "**b** c",
            "- x",
            "  - y",
            "1. z",
            "> q",
            "```",
            "x = 1",
            "",
            "| a | b |",
            "|---|---|",
            "| 1 | 2 |",
        ]
    ),
    max_size=30,
).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(text=MARKDOWN, size=st.integers(1, 40))
def test_what_comes_in_pieces_is_read_as_what_comes_at_once(text: str, size: int) -> None:
    stream, settled, last = MarkdownStream(), list[Block](), tuple[Block, ...]()
    for start in range(0, len(text), size):
        step = stream.feed(text[start : start + size])
        settled += step.settled
        last = step.open
    whole, at_once = [*settled, *last], MarkdownStream()
    step = at_once.feed(text)
    assert words(whole) == words([*step.settled, *step.open])


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    blocks_of(text)


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("ab \n\r#"), max_size=3 * PIECE))
def test_pieces_make_up_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert all(len(piece) <= PIECE for piece in pieces(text))


@pytest.mark.parametrize("line", ["word " * 20, "- item", "| a | b |", "> said so", "x"])
def test_a_block_that_grows_without_end_is_settled_in_portions_and_loses_nothing(line: str) -> None:
    opening = "|h|i|\n|-|-|\n" if line.startswith("|") else ""
    text = opening + f"{line}\n" * 400
    stream, settled = MarkdownStream(), list[Block]()
    for piece in pieces(text):
        step = stream.feed(piece)
        settled += step.settled
        assert len(stream._tail) <= LONGEST + PIECE
    if not opening:
        assert words([*settled, *step.open]).count(line.split()[-1][0]) >= 400


def test_code_is_settled_in_portions_that_go_on_without_a_gap() -> None:
    code = "".join(f"line{number} = {number}\n" for number in range(600))
    blocks = blocks_of(f"```py\n{code}```\n\nDone.")
    assert "\n".join(block.text for block in blocks if block.kind == "code").split() == code.split()
    assert [block.is_joined for block in blocks if block.kind == "code"].count(False) == 1
    assert blocks[-1].text == "Done."


def test_code_has_colours_and_plain_text_has_none() -> None:
    found = {text: kind for kind, text in coloured('if x == "a": return 1  # why', "python")}
    assert (found["if"], found['"a"'], found["1"], found["# why"]) == ("keyword", "string", "number", "comment")
    assert list(coloured("if 1", "")) == [("", "if 1")]


def test_an_answer_that_is_written_keeps_what_was_settled(qtbot: QtBot) -> None:
    view = Transcript("Answer")
    qtbot.addWidget(view)
    view.begin_turn("Why?")
    for text in ("First *par", "agraph*.\n\nSec", "ond."):
        view.add_text(text)
        view.paint_some()
    view.end_answer(["Stopped."])
    view.finish()
    assert view.toPlainText() == "Why?\nFirst paragraph.\nSecond.\nStopped."
    view.begin_turn("And?")
    view.add_text("So.")
    view.finish()
    view.cut_from(1)
    assert view.toPlainText() == "Why?\nFirst paragraph.\nSecond.\nStopped."
    view.cut_from(0)
    assert view.toPlainText() == ""


def test_a_conversation_is_shown_again_in_other_colours(qtbot: QtBot) -> None:
    view = Transcript("Answer")
    qtbot.addWidget(view)
    view.show_turns([("One?", "", "1\n\n| a |\n|---|\n| b |", []), ("Two?", "by x", "2", ["Stopped."])])
    view.finish()
    before = view.toPlainText()
    view.repaint_all()
    view.finish()
    assert view.toPlainText() == before


def test_differences_are_words_that_the_other_answer_has_not() -> None:
    left, right = differences("it lifts boats by 24 metres", "it lifts boats by 100 long metres today")
    assert [(mark.start, mark.end) for mark in left] == [(18, 20)]
    assert ["it lifts boats by 100 long metres today"[mark.start : mark.end] for mark in right][-1] == "today"
    same = differences("the same", "the same")
    assert same == ([], [])


def test_differences_are_marked_where_the_words_are(qtbot: QtBot, differ: Callable[..., list[list[str]]]) -> None:
    assert differ("😀 The **wheel** is high.", "😀 The **wheel** is low.") == [["high."], ["low."]]
    assert differ("same", "same") == [[], []]


@pytest.fixture
def differ(qtbot: QtBot) -> Callable[..., list[list[str]]]:
    """Return a function that gives the words that are marked left and right."""

    def differ(*texts: str) -> list[list[str]]:
        views = []
        for text in texts:
            view = Transcript("Answer")
            qtbot.addWidget(view)
            view.begin_turn("Why?")
            view.add_text(text)
            view.finish()
            views.append(view)
        mark_differences(*views)
        return [[_selected(each.cursor) for each in view.extraSelections()] for view in views]

    return differ


def _selected(cursor: QTextCursor) -> str:
    return cursor.selectedText()


def test_the_bench_measures_every_kind_of_text() -> None:
    program = (
        "import json\n"
        "from espalier_desktop.pages.compare.bench import measure_streaming\n"
        "print(json.dumps(measure_streaming(200)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {
        f"{text}, {what}" for text in TEXTS for what in ("longest pause", "differences")
    }


def test_scrolling_keeps_to_the_turn_and_the_share_of_it() -> None:
    here, there = [0.0, 100.0, 300.0], [0.0, 400.0, 500.0]
    assert counterpart(50, here, there) == 200
    assert counterpart(200, here, there) == 450
    assert counterpart(7, [0.0], [0.0]) == 7
