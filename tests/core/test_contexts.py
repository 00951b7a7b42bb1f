"""The hint for a context that is in none of a leaf's documents."""

import json
import re
import time
from pathlib import Path

import pytest
import yaml

from espalier import cli
from espalier.documents.contexts import missing_contexts, project_hints
from espalier.project import open_project
from espalier.taxonomy.problems import Problem

DOCUMENT = """# Boat lifts

The **Falkirk Wheel** is a [rotating boat lift](https://example.org) in
central Scotland, opened on 24&nbsp;May 2002.

| Part | Mass |
| --- | --- |
| gondola | 300 t |

- It turns in four minutes,
  and uses 22.5 kilowatts.
"""


def hints(tmp_path: Path, *contexts: str, document: str = DOCUMENT) -> list[Problem]:
    seeds = [{"context": context, "questions_and_answers": []} for context in contexts]
    file = tmp_path / "qna.yaml"
    file.write_text(yaml.safe_dump({"seed_examples": seeds, "document": {}}, sort_keys=False, allow_unicode=True))
    return missing_contexts(file, {"wheel.md": document})


@pytest.mark.parametrize(
    "context",
    [
        "The Falkirk Wheel is a rotating boat lift in central Scotland",
        "the FALKIRK   wheel\nis a *rotating* boat-lift in central Scotland, opened",
        "Part Mass\ngondola 300 t",
        "It turns in four minutes, and uses 22.5 kilowatts.",
        "| gondola | 300 t |\n\n* It turns in four minutes",
        "",
        "…",
    ],
)
def test_line_breaks_markup_and_capitals_make_no_difference(tmp_path: Path, context: str) -> None:
    assert hints(tmp_path, context) == []


def test_accents_written_in_two_ways_are_the_same(tmp_path: Path) -> None:
    assert hints(tmp_path, "Un cafe\u0301 ou\u0300", document="Un café où l'on va.") == []


def test_a_context_found_nowhere_is_a_hint_at_its_place(tmp_path: Path) -> None:
    (problem,) = hints(tmp_path, "It turns in four minutes", "Otters eat fish and live in rivers all over Europe.")
    assert (problem.severity, problem.code) == ("hint", "context-not-in-document")
    assert problem.yaml_path == ".seed_examples[1].context"
    assert (problem.line, problem.column) == (4, 12)
    assert "Copy a passage from one of them" in problem.message
    assert "seed example 2" in problem.message


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (
            "The Falkirk Wheel is a rotating boat lift in southern Scotland, opened",
            "has “central” where the context has “southern”",
        ),
        ("The Falkirk Wheel is a large rotating boat lift in central Scotland", "lacks “large”"),
        ("The Falkirk Wheel is a boat lift in central Scotland", "also has “rotating”"),
    ],
)
def test_a_near_miss_names_the_passage_and_what_differs(tmp_path: Path, context: str, said: str) -> None:
    (problem,) = hints(tmp_path, context)
    assert said in problem.message
    assert re.search(r"in wheel\.md, starts “(The )?Falkirk Wheel is a (rotating )?", problem.message)


def test_the_words_must_follow_each_other_as_whole_words(tmp_path: Path) -> None:
    assert len(hints(tmp_path, "minutes four in", "n four minute")) == 2


def test_without_documents_or_contexts_there_is_nothing_to_say(tmp_path: Path) -> None:
    file = tmp_path / "qna.yaml"
    for text in (
        "document: {}\nseed_examples: [{context: x y}]\n",
        "[",
        "",
        "a: b\n",
        "document: 1\nseed_examples: 1\n",
    ):
        file.write_text(text)
        assert missing_contexts(file, {}) == []
        assert len(missing_contexts(file, {"a.md": "other words"})) == text.count("context")


def test_a_long_document_is_searched_quickly(tmp_path: Path) -> None:
    document = " ".join(f"word{n % 977} of{n % 31} line{n}" for n in range(60_000))
    context = " ".join(document.split()[90_000:90_400]).replace("line30050", "line999")
    started = time.process_time()
    (problem,) = hints(tmp_path, context, document=document)
    assert "has “line30050” where the context has “line999”" in problem.message
    assert time.process_time() - started < 5


def test_checking_a_project_shows_the_hint(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(example)]) == 0
    assert capsys.readouterr().out == "No problems found.\n"
    qna = example / "taxonomy" / "knowledge" / "engineering" / "falkirk_wheel" / "qna.yaml"
    qna.write_text(qna.read_text().replace("lifts boats by 24 metres", "lifts boats by 24 walruses", 1))
    assert cli.main(["check", str(example), "--json"]) == 0
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [problem["code"] for problem in problems] == ["context-not-in-document"]
    assert "walrus" in problems[0]["message"]
    assert project_hints(open_project(example))[0].path == str(qna)
