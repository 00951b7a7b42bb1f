import csv
import json
import time
from pathlib import Path
from random import Random

import pytest
from made_samples import LEAF, sample

from espalier import cli
from espalier.errors import EspalierError
from espalier.evaluation.questions import read_questions
from espalier.project import open_project
from espalier.stages import mixture_of
from espalier.synthesis.export_rows import export
from espalier.synthesis.final import LEARNED, Final, final, finals
from espalier.synthesis.import_rows import import_samples
from espalier.synthesis.imported import imported_samples, is_imported
from espalier.synthesis.practice import practice_of
from espalier.synthesis.reviews import Reviews, review
from espalier.synthesis.row_forms import read_pairs
from espalier.taxonomy.reader import read_taxonomy


@pytest.fixture
def reviews(tmp_path: Path) -> Reviews:
    return Reviews(tmp_path / "reviews.jsonl")


FORMS = {
    "messages": '{"messages": [{"role": "system", "content": "Be brief."},'
    ' {"role": "user", "content": "What is an olm?"}, {"role": "assistant", "content": "A blind salamander."}]}',
    "conversations": '{"conversations": [{"from": "human", "value": "What is an olm?"},'
    ' {"from": "gpt", "value": "A blind salamander."}]}',
    "prompt": '{"prompt": "What is an olm?", "completion": "A blind salamander."}',
    "turns": '{"prompt": [{"role": "user", "content": "What is an olm?"}],'
    ' "completion": [{"role": "assistant", "content": "A blind salamander."}]}',
    "alpaca": '{"instruction": "What is an olm?", "input": "", "output": "A blind salamander."}',
    "instructlab": '{"system": "", "user": "What is an olm?", "assistant": "A blind salamander."}',
    "plain": '{"question": " What is an olm? ", "answer": "A blind salamander.", "context": null}',
    "list": '[\n{"instruction": "What is an olm?", "output": "A blind salamander."}\n]',
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_rows_of_every_form_that_people_have_are_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text, encoding="utf-8-sig")
    pairs, bad = read_pairs(file)
    assert not bad
    assert [(pair.question, pair.answer, pair.context) for pair in pairs] == [
        ("What is an olm?", "A blind salamander.", "")
    ]


def test_a_table_of_a_spreadsheet_is_read_and_its_lines_are_counted_as_it_shows_them(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('Question,Answer\n"What is\nan olm?",A salamander.\n,empty\n')
    pairs, bad = read_pairs(file)
    assert [(pair.line, pair.question) for pair in pairs] == [(3, "What is\nan olm?")]
    assert [(line.line, line.reason) for line in bad] == [(4, "Its question is empty.")]


TURNS = ('{"role": "user", "content": "a"}', '{"role": "assistant", "content": "b"}')


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no json", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"text": "a"}', "none of the forms"),
        ('{"question": "a", "answer": 3}', "no text"),
        ('{"question": "a", "answer": "  "}', "answer is empty"),
        ('{"messages": "hello"}', "no list of turns"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "then one by assistant"),
        ('{"messages": [' + ",".join([*TURNS, *TURNS]) + "]}", "Split longer"),
        ("[" * 100_000, "no JSON object"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_others_come_in(line: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f'{{"question": "a", "answer": "b"}}\n\n{line}\n')
    pairs, bad = read_pairs(file)
    assert len(pairs) == 1
    assert bad[0].line == 3
    assert reason in bad[0].reason


def test_imported_rows_are_checked_learned_and_not_brought_in_twice(example: Path, tmp_path: Path) -> None:
    project = open_project(example)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    file = tmp_path / "mine.jsonl"
    rows = [
        {"question": "Who built the model lift in my shed?", "answer": "I did, in 2019."},
        {"question": "What does this passage say?", "answer": "It tells of the wheel."},
        {"question": leaf.seeds[0].question, "answer": "Something new."},
        {"instruction": "Whom does it name?", "input": "Ada drew it.", "output": "It names Ada."},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    brought = import_samples(project, LEAF, file)
    assert [made.is_accepted for made in brought.added] == [True, False, False, True]
    assert [made.failure.name for made in brought.added if made.failure] == ["stands alone", "copies no example"]
    assert all(is_imported(made) and "mine.jsonl, line" in made.verdict[0].reason for made in brought.added)
    assert [line.line for line in brought.bad] == [5]
    again = import_samples(project, LEAF, file)
    assert (again.added, again.known) == ((), 4)
    assert imported_samples(project, LEAF) == list(brought.added)
    rows_of_mixture = mixture_of(project, [practice_of(project, leaf, [])]).train
    imported = [(row.question, row.answer) for row in rows_of_mixture if row.origin == "imported"]
    assert imported == [
        ("Who built the model lift in my shed?", "I did, in 2019."),
        ("Ada drew it.\n\nWhom does it name?", "It names Ada."),
    ]


def bring(root: Path, leaf: str, file: Path, *rows: tuple[str, str]) -> list[str]:
    """Import rows and return the check that turned each away, "" where none did."""
    file.write_text("".join(json.dumps({"question": asked, "answer": told}) + "\n" for asked, told in rows))
    added = import_samples(open_project(root), leaf, file).added
    return [made.failure.name if made.failure else "" for made in added]


def test_imported_rows_go_through_every_check_that_needs_no_model(example: Path, tmp_path: Path) -> None:
    project = open_project(example)
    held_out = read_questions(project.questions)[0].question
    found = bring(
        example,
        LEAF,
        tmp_path / "mine.jsonl",
        ("Who paints the gondolas of the model lift?", "Ada Brown does, in spring."),
        ("Whom does one ring about the model lift?", "Ada Brown, ada.brown@lochside-post.co.uk, at noon."),
        ("How many wheels has the model lift?", "As an AI developed by OpenAI, I have no wheels to count."),
        ("Who paints the model lift in autumn?", "C'est la dame qui est dans le jardin, et elle ne le fait pas."),
        ("Who knows the age of the model lift?", "I'm sorry, that is not mentioned."),
        (held_out.upper(), "It is as tall as it is."),
        ("Who paints the gondola of the model lift?", "Ada, who paints everything."),
    )
    assert found == ["", "personal data", "other model", "language", "gives an answer", "held out", "new"]


def test_an_imported_question_that_another_leaf_has_is_turned_away_and_says_where(
    example: Path, tmp_path: Path
) -> None:
    other = next(leaf.path for leaf in read_taxonomy(open_project(example).taxonomy) if leaf.path != LEAF)
    assert bring(example, LEAF, tmp_path / "one.jsonl", ("Who paints the model lift?", "Ada does.")) == [""]
    assert bring(example, other, tmp_path / "two.jsonl", ("Who paints the model lifts?", "Nobody does.")) == ["new"]
    told = imported_samples(open_project(example), other)[0].failure
    assert told
    assert told.reason == f"It is nearly the same as “Who paints the model lift?” in {LEAF}."


def test_a_leaf_with_errors_does_not_keep_rows_out_of_another(example: Path, tmp_path: Path) -> None:
    broken = example / "taxonomy" / "knowledge" / "broken" / "qna.yaml"
    broken.parent.mkdir()
    broken.write_text("version: 3\n")
    assert bring(example, LEAF, tmp_path / "one.jsonl", ("Who paints the model lift?", "Ada does.")) == [""]


def test_ten_thousand_rows_come_in_within_seconds(example: Path, tmp_path: Path) -> None:
    chance = Random(3)
    words = [f"{first}{second}" for first in ("lo", "ma", "ti", "re") for second in ("ck", "st", "rin", "vel", "don")]
    rows = [
        (f"Who saw the {' '.join(chance.choices(words, k=8))} of {number}?", f"It was {words[number % 20]}.")
        for number in range(10_000)
    ]
    begun = time.process_time()
    found = bring(example, LEAF, tmp_path / "many.jsonl", *rows, (rows[17][0].replace("Who", "He who"), "Nobody."))
    assert time.process_time() - begun < 20  # about 5 where nothing else runs
    assert found[17] == ""
    assert found[-1] == "new"


def rows_to_export(reviews: Reviews) -> list[Final]:
    drawn = [sample(1), sample(2, trip=0.0), sample(3)]
    reviews.add([review(drawn[2], "edit", "Où est-il, « là » ?", "Là.")])
    return finals(drawn, {}, reviews)


def test_exports_have_the_columns_that_other_programs_read(reviews: Reviews, tmp_path: Path) -> None:
    rows = [row for row in rows_to_export(reviews) if row.state in LEARNED]
    for form, keys in {
        "messages": ["id", "messages", "metadata", "unmask"],
        "instructlab": ["system", "user", "assistant"],
        "mlx": ["messages"],
    }.items():
        target = tmp_path / f"{form}.jsonl"
        assert export(rows, form, target) == 2
        lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
        assert [list(line) for line in lines] == [keys, keys]
        if form == "messages":
            assert lines[0]["unmask"] is False
            assert json.loads(lines[0]["metadata"])["leaf"] == LEAF
        if form != "instructlab":
            assert lines[1]["messages"] == [
                {"role": "user", "content": "Où est-il, « là » ?"},
                {"role": "assistant", "content": "Là."},
            ]
        pairs, bad = read_pairs(target)
        assert [(pair.question, pair.answer) for pair in pairs] == [(r.sample.question, r.sample.answer) for r in rows]
        assert not bad


def test_a_table_tells_every_row_with_its_state_and_reason(reviews: Reviews, tmp_path: Path) -> None:
    export(rows_to_export(reviews), "csv", tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["accepted", "rejected", "edited"]
    assert rows[1]["reason"].startswith("Asked again")


def test_export_and_import_are_commands(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"question": "Who built the lift in my shed?", "answer": "I did, in 2019."}\nbroken\n')
    assert cli.main(["samples", "import", str(example), LEAF, str(mine)]) == 0
    told = capsys.readouterr()
    assert "1 sample added" in told.out
    assert "Line 2: It is no JSON object." in told.err
    target = tmp_path / "out.jsonl"
    assert cli.main(["samples", "export", str(example), "--form", "messages", "--to", str(target)]) == 0
    assert "in my shed" in target.read_text()
    assert (
        cli.main(
            ["samples", "export", str(example), "--form", "csv", "--to", str(target), "--leaf", "knowledge/nothing"]
        )
        == 1
    )
    assert "no leaf knowledge/nothing" in capsys.readouterr().err


def test_what_cannot_be_exported_or_imported_is_one_sentence(example: Path, tmp_path: Path) -> None:
    project = open_project(example)
    with pytest.raises(EspalierError, match="no sample to export"):
        export([], "mlx", tmp_path / "x")
    with pytest.raises(EspalierError, match="no form parquet"):
        export([final(sample(1), {}, None)], "parquet", tmp_path / "x")
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"")
    with pytest.raises(EspalierError, match="holds no question and answer"):
        import_samples(project, LEAF, empty)
    empty.write_bytes(b"\xff\xfe")
    with pytest.raises(EspalierError, match="not UTF-8"):
        import_samples(project, LEAF, empty)
    with pytest.raises(EspalierError, match=r"no leaf \.\./x"):
        import_samples(project, "../x", empty)
