import csv
import json
import math
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projects import KNOWLEDGE
from made_runs import QUESTIONS, Bench, Student, make_run, write_rows
from markdown_it import MarkdownIt

from espalier.cli import parser
from espalier.errors import EspalierError
from espalier.evaluation import commands
from espalier.evaluation.evaluate import evaluate
from espalier.evaluation.figures import branches, summary, totals
from espalier.evaluation.general import general_questions, general_texts, perplexity
from espalier.evaluation.intervals import compare, sign_test, wilson
from espalier.evaluation.judges import judge_of, token_f1
from espalier.evaluation.multiple_choice import make_choices, prompts, weights
from espalier.evaluation.questions import Question, read_questions
from espalier.evaluation.report_files import as_csv, as_html, as_markdown, write_report
from espalier.evaluation.seen import sort_out
from espalier.evaluation.talks import shipped_talks, wins
from espalier.evaluation.told import sentences
from espalier.language import Backend
from espalier.messages import Event, Note, Progress, Stage
from espalier.report import show_result
from espalier.resources import resource
from espalier.training.mixture import Row

FALKIRK = resource("example_project") / "documents/knowledge/engineering/falkirk_wheel/falkirk_wheel.md"


# Arithmetic


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (0, 0, 0, 1)],
)
def test_wilson_intervals_are_those_of_the_tables(right: int, asked: int, low: float, high: float) -> None:
    assert wilson(right, asked) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("won", "lost", "p_value"), [(0, 0, 1), (5, 5, 1), (9, 1, 22 / 1024), (0, 6, 2 / 64)])
def test_the_sign_test_counts_tails(won: int, lost: int, p_value: float) -> None:
    assert sign_test(won, lost) == pytest.approx(p_value)


def test_a_difference_has_the_interval_of_its_mean() -> None:
    base, tuned = [0.0] * 60 + [1.0] * 40, [1.0] * 30 + [0.0] * 30 + [1.0] * 40
    found = compare(base, tuned)
    assert found.mean == pytest.approx(0.3)
    half = 1.96 * math.sqrt(0.3 * 0.7 / 100)  # the normal approximation
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.015)
    assert found.is_sure
    assert compare(base, tuned) == found
    assert compare([], []).p_value == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
@settings(deadline=None, max_examples=30)
def test_counts_add_up(rows: list[tuple[bool, bool]]) -> None:
    found = summary([{"base": base, "tuned": tuned} for base, tuned in rows])
    if rows:
        tuned = found["tuned"]
        assert tuned["improved"] + tuned["same"] + tuned["regressed"] == len(rows)
        assert found["right"]["tuned"] - found["right"]["base"] == tuned["improved"] - tuned["regressed"]
        assert tuned["low"] <= tuned["mean"] <= tuned["high"]


def test_branches_hold_what_is_below_them() -> None:
    rows = [("knowledge/a/x", True), ("knowledge/a/x", False), ("knowledge/b", True), ("", True)]
    leaves = totals((leaf, {"base": right}) for leaf, right in rows)
    assert leaves["knowledge/a/x"] == {"questions": 2, "base": 1}
    assert branches(leaves) == {
        "": {"questions": 4, "base": 3},
        "knowledge": {"questions": 3, "base": 2},
        "knowledge/a": {"questions": 2, "base": 1},
    }


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("The Union Canal.", "union canal", 1),
        ("It is the Union Canal", "the Union Canal", 2 * 2 / 6),
        ("two two", "two", 2 * 1 / 3),
        ("", "x", 0),
        ("the", "a", 1),
    ],
)
def test_token_f1_is_that_of_squad(answer: str, reference: str, score: float) -> None:
    assert token_f1(answer, reference) == pytest.approx(score)


def test_perplexity_of_a_fair_coin_is_two() -> None:
    assert perplexity([math.log(0.5)] * 3) == pytest.approx(2)
    assert perplexity([-1e9]) > 1e300  # and no overflow


def test_wins_need_a_quarter_of_a_grade() -> None:
    found = wins([3, 3, 3, 3], [3.2, 3.25, 2, 3])
    assert (found["won"], found["lost"], found["tied"], found["rate"]) == (1, 1, 2, 0.5)
    assert wins([3], [3])["rate"] is None


# Questions


def test_there_are_enough_general_questions_and_each_is_right_about_itself() -> None:
    questions = general_questions()
    assert len(questions) >= 60
    assert len({question.question for question in questions}) == len(questions)
    assert {question.leaf for question in questions} == {"knowledge", "arithmetic", "language", "instructions"}
    for question in questions:
        assert question.is_right(question.reference), question.question
        assert not question.is_right(""), question.question
    assert len(general_texts()) >= 10
    assert len(shipped_talks()) >= 10


def test_a_question_file_needs_a_reference_or_what_to_accept(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    write_rows(file, [{"question": "Why?", "reference": "So.", "rubric": "Short is best.", "follow_up": "And then?"}])
    assert read_questions(file) == [Question("Why?", "So.", (), "", "And then?", "Short is best.")]
    wrong: tuple[Any, ...] = (
        {"question": "Why?"},
        {"question": " ", "reference": "x"},
        {"question": "a", "accept": "b"},
        [],
        3,
    )
    for bad in wrong:
        file.write_text(json.dumps(bad))
        with pytest.raises(EspalierError, match=r"q\.jsonl, line 1 is no question"):
            read_questions(file)


def test_questions_that_were_trained_on_are_sorted_out() -> None:
    rows = [
        Row("knowledge/a", "When was the Falkirk Wheel opened?", "2002", "sample"),
        Row("knowledge/b", "", "", "imported", turns=(("user", "Who drew it?"), ("assistant", "Ada."))),
    ]
    asked = [Question(text, "x") for text in ("when was the Falkirk wheel opened", "Who drew it?!", "Who paid for it?")]
    unseen, seen = sort_out(asked, rows)
    assert unseen == asked[2:]
    assert [each.leaf for each in seen] == ["knowledge/a", "knowledge/b"]
    assert "“when was the Falkirk wheel opened” is refused" in seen[0].sentence
    assert "“When was the Falkirk Wheel opened?”" in seen[0].sentence


# Multiple choice


def test_choices_come_from_the_documents_and_are_the_same_each_time() -> None:
    text = FALKIRK.read_text()
    found = make_choices("leaf", [text])
    assert len(found) >= 15
    assert found == make_choices("leaf", [text])
    for choice in found:
        assert len(set(choice.choices)) == 4
        assert choice.choices[choice.right] in text
        whole = choice.question.replace("____", choice.choices[choice.right])
        assert all(word in text for word in whole.split()[1:3])
    assert {choice.right for choice in found} == {0, 1, 2, 3}
    assert len(make_choices("leaf", [text], most=5)) == 5
    assert make_choices("leaf", ["# Nothing\n\nIt is a small and quiet place without anything."]) == []


def test_a_liking_for_a_letter_makes_no_difference() -> None:
    choice = make_choices("leaf", [FALKIRK.read_text()])[0]
    asked = prompts(choice)
    assert len({prompt.messages[-1].content for prompt in asked}) == 4
    assert weights([[0.7, 0.1, 0.1, 0.1]] * 4) == pytest.approx([0.25] * 4)
    rows = []
    for prompt in asked:  # one that knows the answer finds it at every letter
        lines = prompt.messages[-1].content.splitlines()[1:]
        rows.append([float(line.partition(". ")[2] == choice.choices[choice.right]) for line in lines])
    assert weights(rows)[choice.right] == pytest.approx(1)


# The whole evaluation


def parrot(*right: str) -> Student:
    """Return a student that knows these answers."""
    known = {row["question"]: row["reference"] for row in QUESTIONS}
    return Student(lambda asked: known[asked] if known.get(asked, "?").split()[0] in right else "I do not know.")


def run_evaluation(root: Path, bench: Bench, events: list[Event] | None = None, **more: Any) -> dict[str, Any]:
    project, _ = (None, None) if "project" in more else make_run(root)
    heard: list[Event] = [] if events is None else events
    return evaluate(more.pop("project", project), cast(Backend, bench), heard.append, **more)


def test_the_report_says_what_was_learned_and_what_it_cost(tmp_path: Path) -> None:
    bench = Bench(base=parrot("The"), tuned=parrot("Seven", "Ada"), small=parrot("Seven"))
    report = run_evaluation(tmp_path, bench)
    assert report["leaves"][KNOWLEDGE] == {"questions": 2, "base": 0, "tuned": 2, "4-bit": 1}
    by_hand = [row for row in report["questions"] if row["accept"]]
    assert [row["change"] for row in by_hand] == ["improved", "improved", "regressed"]
    assert {row["judge"] for row in by_hand} == {"accept strings"}
    assert by_hand[1]["answers"] == {"base": "I do not know.", "tuned": "Ada built it.", "4-bit": "I do not know."}
    assert report["summary"]["tuned"]["improved"] == 2
    assert report["summary"]["4-bit"]["regressed"] == 1
    spare = report["questions"][-1]
    assert (spare["question"], spare["judge"]) == ("What is spare?", "token F1")  # a held-out sample of a leaf without
    assert report["branches"][""]["questions"] == 4
    run = next((tmp_path / "project" / "runs").iterdir())
    assert json.loads((run / "report.json").read_text()) == report
    told = " ".join(sentences(report))
    assert "2 improved, 1 stayed the same, 1 regressed. That may be chance" in told
    assert "Of the right answers four bits lost 1 and won 0." in told


def test_nothing_is_asked_again_and_a_new_question_alone_is(tmp_path: Path) -> None:
    project, _ = make_run(tmp_path)
    models = {"base": parrot(), "tuned": parrot("Seven"), "small": parrot()}
    run_evaluation(tmp_path, Bench(**models), project=project)
    for model in models.values():
        assert len(model.asked) == 4
        model.asked.clear()
    bench, events = Bench(**models), list[Event]()
    run_evaluation(tmp_path, bench, events, project=project)
    assert bench.loaded == []
    assert all(event.is_fresh for event in events if isinstance(event, Stage))
    write_rows(project.questions, [*QUESTIONS, {"question": "What is new?", "reference": "This.", "accept": ["This"]}])
    run_evaluation(tmp_path, bench, events, project=project)
    assert [model.asked for model in models.values()] == [["What is new?"]] * 3
    assert [event.total for event in events if isinstance(event, Progress)][-1] == 1


class Killed(BaseException):
    pass


def test_what_was_answered_before_a_kill_is_not_asked_again(tmp_path: Path) -> None:
    project, run = make_run(tmp_path)

    def fall(asked: str) -> str:
        if asked.startswith("Which"):
            raise Killed
        return "Seven."

    with pytest.raises(Killed):
        run_evaluation(tmp_path, Bench(base=Student(fall)), project=project)
    journal = next(run.folder.glob("answers/base-*.jsonl"))
    with journal.open("a") as file:
        file.write('{"key": "torn')
    base, other = parrot("The"), parrot()
    report = run_evaluation(tmp_path, Bench(base=base, tuned=other, small=other), project=project)
    assert base.asked == ["Which river flows below?", "What is spare?"]
    assert report["questions"][0]["answers"]["base"] == "Seven."
    assert report["questions"][2]["right"]["base"]


def test_what_was_trained_on_is_refused_and_the_rest_is_asked(tmp_path: Path) -> None:
    seen = {"question": "When was the bridge opened", "reference": "1901", "accept": ["1901"]}
    project, _ = make_run(tmp_path, [*QUESTIONS, seen])
    bench, events = Bench(base=parrot(), tuned=parrot(), small=parrot()), list[Event]()
    report = run_evaluation(tmp_path, bench, events, project=project)
    assert [each["question"] for each in report["refused"]] == [seen["question"]]
    assert seen["question"] not in [row["question"] for row in report["questions"]]
    assert any(isinstance(event, Note) and "“When was the bridge opened” is refused" in event.text for event in events)
    file = tmp_path / "own.jsonl"
    write_rows(file, [seen])
    with pytest.raises(EspalierError, match="“When was the bridge opened” is refused: the student was trained on"):
        run_evaluation(tmp_path, bench, project=project, questions=file)


def test_without_a_question_file_the_held_out_samples_are_asked(tmp_path: Path) -> None:
    project, run = make_run(tmp_path, ())
    bench = Bench(base=parrot(), tuned=Student(lambda asked: "The spare wheel."), small=parrot())
    report = run_evaluation(tmp_path, bench, project=project)
    assert report["summary"]["right"] == {"base": 0, "tuned": 1, "4-bit": 0}
    (run.folder / "heldout.jsonl").write_text("")
    with pytest.raises(EspalierError, match="There are no held-out questions"):
        run_evaluation(tmp_path, bench, project=project)


def test_a_judge_that_is_not_the_student_decides_without_accept_strings(tmp_path: Path) -> None:
    project, _ = make_run(tmp_path, [{"question": "Who built it?", "reference": "Ada built it."}], critic="critic")
    critic = Student(
        lambda asked: "", lambda prompt: "YES" if "Answer: It was Ada" in prompt else "NO" if "…" not in prompt else ""
    )
    answers = {"base": "Nobody.", "tuned": "It was Ada herself.", "small": "Nobody."}
    bench = Bench(critic=critic, **{name: Student(lambda _, text=text: text) for name, text in answers.items()})  # type: ignore[misc]
    report = run_evaluation(tmp_path, bench, project=project)
    row = report["questions"][0]
    assert row["judge"] == "label probability"
    assert row["right"] == {"base": False, "tuned": True, "4-bit": False}
    assert row["agreement"]["tuned"] == pytest.approx(0.9)
    assert judge_of(Question("a", "b"), has_judge=False) == "token F1"


def test_all_parts_are_reported_and_stay_in_the_next_report(tmp_path: Path) -> None:
    project, _ = make_run(tmp_path, critic="critic")
    folder = project.documents / KNOWLEDGE
    (folder / "a.md").write_text(FALKIRK.read_text())
    general = {question.question: question.reference for question in general_questions()}

    def knows(asked: str) -> str:
        return general.get(asked, "I do not know.")

    def grade(prompt: str) -> str:
        return "" if "…" in prompt else "5" if "Assistant: Better." in prompt or "Answer: Ada" in prompt else "1"

    bench = Bench(
        base=Student(knows),
        tuned=Student(lambda asked: "Ada built it." if "bridge" in asked else "Better."),
        small=Student(knows),
        critic=Student(lambda asked: "", grade),
    )
    report = run_evaluation(tmp_path, bench, project=project, parts=["forgetting", "mcq", "two-turn", "grades"])
    check = report["forgetting"]
    assert check["summary"]["right"]["base"] == len(general)
    assert check["summary"]["tuned"]["regressed"] >= len(general) - 2
    assert check["perplexity"]["base"] == pytest.approx(math.exp(0.9))
    assert len(report["mcq"]["questions"]) >= 15
    assert report["two_turn"]["mean"]["tuned"] > 4 > report["two_turn"]["mean"]["base"]
    assert report["two_turn"]["wins"]["won"] == len(shipped_talks())
    graded = {row["question"]: row["grades"] for row in report["questions"]}
    assert graded["Who built the bridge?"]["tuned"] > 4 > graded["Who built the bridge?"]["base"]
    again = Bench(**bench.models)
    assert run_evaluation(tmp_path, again, project=project) == report
    assert again.loaded == []
    told = " ".join(sentences(report))
    for part in ("The student forgot", "Multiple choice", "Conversations of two turns", "Its win rate is 100%"):
        assert part in told


# Reports as files

HOSTILE = (
    "<script>alert(1)</script> | cell\n# heading\n[click](https://evil.example/x) ![p](file:///etc/passwd) "
    "https://evil.example www.evil.example `code` **bold** <img src=x onerror=alert(1)> &lt;b&gt; "
    "\u202egnirts\u0007 \u001b[2J [/red] $x$"
)


@pytest.fixture
def hostile_report(tmp_path: Path) -> dict[str, Any]:
    questions = [
        {"question": f"=1+1 {HOSTILE}", "reference": HOSTILE, "accept": ["yes"], "leaf": "knowledge/<b>x"},
        {"question": "@SUM(A1)", "reference": "-2+3", "accept": ["yes"]},
    ]
    project, _ = make_run(tmp_path, questions)
    bench = Bench(
        base=Student(lambda _: HOSTILE),
        tuned=Student(lambda _: f"yes {HOSTILE}"),
        small=Student(lambda _: "=cmd|' /C'!A0"),
    )
    return run_evaluation(tmp_path, bench, project=project)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_web_page_shows_hostile_answers_as_text(hostile_report: dict[str, Any]) -> None:
    page = as_html(hostile_report)
    parser = Tags()
    parser.feed(page)
    parser.close()
    assert not parser.tags & {"script", "img", "a", "b", "link", "iframe"}
    assert parser.attributes <= {"lang", "charset", "http-equiv", "content", "scope"}
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page and "\u0007" not in page  # noqa: PT018


def test_markdown_shows_hostile_answers_as_text(hostile_report: dict[str, Any]) -> None:
    text = as_markdown(hostile_report)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "strong_open", "fence"}
    rows = [line for line in text.splitlines() if line.startswith("|")]
    tables = sum(token.type == "table_open" for token in tokens)
    assert sum(token.type == "tr_open" for token in tokens) == len(rows) - tables  # no answer broke a row
    assert not re.search(r"www\.|https?://", text)  # which GitHub would make links


def test_a_table_has_no_formula_and_every_answer_whole(hostile_report: dict[str, Any], tmp_path: Path) -> None:
    rows = list(csv.DictReader(as_csv(hostile_report).splitlines(keepends=True)))
    assert len(rows) == len(hostile_report["questions"])
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert rows[0]["4-bit answer"] == "'=cmd|' /C'!A0"
    assert rows[0]["base answer"] == re.sub("[\u202e\u0007\u001b]", "", HOSTILE)
    with pytest.raises(EspalierError, match=r"r\.pdf is no report"):
        write_report(hostile_report, tmp_path / "r.pdf")
    for form, other in combinations(("md", "html", "csv"), 2):
        for ending in (form, other):
            write_report(hostile_report, tmp_path / f"r.{ending}")
        assert (tmp_path / f"r.{form}").read_text() != (tmp_path / f"r.{other}").read_text()


# The command line


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (
        (["--with", "mcq,magic"], "magic is no part of an evaluation; choose from forgetting, mcq, two-turn, grades"),
        (["--report", "r.pdf"], "r.pdf is no report; its name must end in .md, .html, .csv"),
        (["--report", f"{tmp_path}/none/r.md"], "the folder of"),
    ):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args(["evaluate", "project", *arguments])
        assert ended.value.code == 2
        assert told in capsys.readouterr().err


def test_the_command_asks_for_parts_and_writes_the_report(
    hostile_report: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.md"
    options = parser().parse_args(["evaluate", "p", "--with", "mcq, grades", "--report", str(file), "--questions", "q"])
    assert commands.values_of(options) == {"questions": str(Path("q").absolute()), "parts": ["mcq", "grades"]}
    commands.write(options, hostile_report)
    assert file.read_text().startswith("# Evaluation of")
    show_result(hostile_report, None)
    printed = capsys.readouterr().out
    assert not re.search("[\u202e\u0007\u001b]", printed)
    assert "2 improved, 1 stayed the same, 0 regressed" in " ".join(printed.split())
