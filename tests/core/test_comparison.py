"""A comparison as the window and the command line use it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from comparisons import RUN, alone, make_compared, write_trained

import espalier.metal  # first: it prepares the process for MLX
from espalier import stages
from espalier.client import Screen
from espalier.comparison import service
from espalier.comparison.nearest import nearest_rows
from espalier.comparison.panes import choices
from espalier.comparison.retrieval import bm25, in_view, retrieve
from espalier.comparison.session import Session
from espalier.comparison.turns import Asked, Facts, Said, Settings, read_conversation, read_settings
from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.inbox import Inbox
from espalier.language import Message
from espalier.messages import Answered, Event, Failed, Loaded, Note, Request, Text, decode, encode
from espalier.metal.backend import MlxBackend
from espalier.metal.panes import SAME
from espalier.project import Project

assert espalier.metal
PAIR = ({"kind": "base"}, {"kind": "tuned"})
SHORT = {"max_tokens": 5}


def asking(text: str, **more: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    return {"conversations": [turns, turns], "settings": SHORT, **more}


def never() -> bool:
    return False


class Heard(list[Event]):
    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]

    def text(self, pane: str) -> str:
        return "".join(event.text for event in self.of(Text) if event.pane == pane)


def session_of(project: Project, panes: Sequence[Mapping[str, Any]] = PAIR) -> tuple[Session, Heard]:
    heard = Heard()
    session = Session(project, MlxBackend().panes(), heard.append)
    session.open(panes)
    return session, heard


@pytest.mark.parametrize("method", ["lora", "dora", "full", "prompt"])
def test_whatever_was_trained_answers_beside_its_base(tiny_folder: Path, tmp_path: Path, method: str) -> None:
    project = make_compared(tmp_path / "p", tiny_folder, method)
    session, heard = session_of(project)
    base, tuned = heard.of(Loaded)
    assert [base.proof, tuned.proof] == ["", ""]
    assert base.is_paired == tuned.is_paired == (method in ("lora", "prompt"))
    assert base.fingerprint == ""
    assert len(tuned.fingerprint) == 8
    backend = MlxBackend()
    models = [backend.load(tiny_folder), backend.load(tiny_folder, project.runs / RUN / "adapter")]
    for values in (SHORT, {**SHORT, "temperature": 0.9, "seed": 3}):
        heard.clear()
        session.answer(asking("Who?", settings=values), never)
        assert [heard.text(pane) for pane in ("base", "tuned")] == [
            alone(model, "Who?", read_settings(values)) for model in models
        ]
        ended = heard.of(Answered)
        assert {answer.pane for answer in ended} == {"base", "tuned"}
        assert all(answer.figures["tokens"] <= 5 and answer.figures["context"] > 5 for answer in ended)
    assert heard.text("base") != heard.text("tuned")


def test_an_adapter_that_changes_nothing_is_loud(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder, size=0.0)
    _, heard = session_of(project)
    assert [loaded.proof for loaded in heard.of(Loaded)] == [SAME, SAME]
    with pytest.raises(EspalierError, match="same as its base"):
        stages.ask(project, MlxBackend(), "Who?", {}, lambda event: None)
    _, heard = session_of(project, [{"kind": "base"}, {"kind": "base"}])
    assert all(loaded.proof == SAME for loaded in heard.of(Loaded))


def test_a_base_that_was_tampered_with_is_loud(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    panes, heard = MlxBackend().panes(), Heard()
    session = Session(project, panes, heard.append)
    session.open(PAIR)
    base = next(iter(panes._bases.values())).paired.student.model
    base.layers[0].mlp.down_proj.linear.weight += 0.01
    heard.clear()
    session.open(PAIR)
    (base_pane,) = heard.of(Loaded)
    assert base_pane.pane == "base"
    assert "does not compute what the base computes" in base_pane.proof


def test_panes_change_without_loading_the_base_again(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    make_compared(tmp_path / "p", tiny_folder, run="2026-11-21T10-00-00")
    write_trained(project.runs / RUN / "best", tiny_folder, seed=9)
    session, heard = session_of(project)
    monkeypatch.setattr("espalier.metal.backend.load", lambda path: pytest.fail("the base was loaded again"))
    first = heard.of(Loaded)[1].fingerprint
    prints = {first}
    for pane in ({"kind": "tuned", "run": RUN}, {"kind": "tuned", "run": RUN, "checkpoint": "best"}):
        heard.clear()
        session.open([PAIR[0], pane])
        (loaded,) = heard.of(Loaded)
        assert loaded.pane == "tuned"
        assert loaded.is_paired
        prints.add(loaded.fingerprint)
    assert len(prints) == 3
    heard.clear()
    session.open([{"kind": "tuned", "run": RUN}, {"kind": "adapter", "model": str(project.runs / RUN / "best")}])
    assert all(loaded.is_paired and not loaded.proof for loaded in heard.of(Loaded))
    session.answer(asking("Who?"), never)
    assert heard.text("base") != heard.text("tuned")


def test_the_4_bit_student_and_another_model_are_panes(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    run = project.runs / RUN
    with pytest.raises(EspalierError, match="no 4-bit student yet"):
        session_of(project, [{"kind": "quantized"}, {"kind": "tuned"}])
    MlxBackend().quantize(tiny_folder, run / "adapter", run / "model-4bit")
    session, heard = session_of(project, [{"kind": "quantized"}, {"kind": "tuned"}])
    left, right = heard.of(Loaded)
    assert left.quantization == "4-bit"
    assert not left.is_paired
    assert not right.is_paired
    session.answer(asking("Who?"), never)
    assert heard.text("base") == alone(MlxBackend().load(run / "model-4bit"), "Who?", Settings(max_tokens=5))
    kinds = [choice.pane["kind"] for choice in choices(project)]
    assert kinds == ["base", "tuned", "quantized"]


def test_a_strength_of_0_is_the_base(tiny_folder: Path, tmp_path: Path) -> None:
    session, heard = session_of(make_compared(tmp_path / "p", tiny_folder))
    session.answer(asking("Who?", settings={**SHORT, "strength": 0}), never)
    assert heard.text("base") == heard.text("tuned") != ""


def test_a_pane_alone_is_answered_and_each_has_its_own_history(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    session, heard = session_of(project)
    left = [{"role": "user", "content": "Who?"}]
    right = [*left, {"role": "assistant", "content": "A fox."}, {"role": "user", "content": "Where does it live?"}]
    session.answer({"conversations": [left, right], "panes": ["tuned"], "settings": SHORT}, never)
    assert [answer.pane for answer in heard.of(Answered)] == ["tuned"]
    once = heard.text("tuned")
    heard.clear()
    session.answer({"conversations": [left, right], "settings": SHORT}, never)
    assert heard.text("tuned") == once
    assert heard.text("base")


class Slow:
    """Panes that write without end, a letter each step."""

    def __init__(self, on_step: Callable[[int], None]) -> None:
        self._on_step = on_step

    def open(self, sources: Sequence[Any]) -> list[Facts]:
        return [Facts("left", context=94), Facts("right", context=94)]

    def answer(self, asked: Sequence[Asked], is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        for step in range(1000):
            self._on_step(step)
            if is_stopped():
                yield [Said(question.pane, ended="stopped", figures={"context": 90}) for question in asked]
                return
            yield [Said(question.pane, "a") for question in asked]


def test_stop_ends_the_answers_at_once_and_other_requests_are_refused_meanwhile(
    tiny_folder: Path, tmp_path: Path
) -> None:
    project, inbox, heard = make_compared(tmp_path / "p", tiny_folder), Inbox(), Heard()

    def on_step(step: int) -> None:
        if step == 3:
            inbox.put(encode(Request("change", {"panes": list(PAIR)})))
            inbox.put(b"no request")
        elif step == 5:
            inbox.put(encode(Request("stop")))
            inbox.put(encode(Request("answer", asking("Again?", panes=["tuned"]))))
        elif step == 6:
            pytest.fail("stop did not stop")

    steps = {"answers": 0}

    def counted(step: int) -> None:
        steps["answers"] += step == 0
        if steps["answers"] == 1:
            on_step(step)
        elif step == 2:
            inbox.put(encode(Request("stop")))
            inbox.close()

    inbox.put(encode(Request("stop")))  # with nothing to stop
    inbox.put(encode(Request("dance")))
    inbox.put(encode(Request("answer", asking("Who?"))))
    service.serve({"project": str(project.root)}, Slow(counted), heard.append, inbox)
    assert heard.text("base") == "a" * 5
    assert heard.text("tuned") == "a" * 7  # and two of the question that waited
    assert [answer.ended for answer in heard.of(Answered)] == ["stopped"] * 3
    refused = [event.message for event in heard.of(Failed)]
    assert refused[0].startswith("A comparison takes")
    assert refused[1].startswith("An answer is being written.")
    assert refused[2].startswith("A line is no request.")
    assert any("may be cut short" in note.text for note in heard.of(Note))


def test_the_worker_stays_answers_stops_and_ends_with_its_stdin(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    with subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def say(request: Request) -> None:
            stdin.write(encode(request))
            stdin.flush()

        def until(count: int, kind: type[Any]) -> list[Any]:
            found: list[Any] = []
            while sum(isinstance(event, kind) for event in found) < count:
                found.append(decode(stdout.readline()))
            return found

        say(Request("compare", {"project": str(project.root), "panes": list(PAIR)}))
        assert until(2, Loaded)[-1].pane == "tuned"
        say(Request("answer", asking("Who?", settings={"max_tokens": 100_000})))
        until(1, Text)
        say(Request("stop"))
        assert {event.ended for event in until(2, Answered) if isinstance(event, Answered)} <= {"stopped", "end"}
        say(Request("answer", asking("Who?", settings={"temperature": 9})))
        assert "Give a number from 0 to 2" in until(1, Failed)[-1].message
        say(Request("answer", asking("And now?")))
        until(2, Answered)
        stdin.close()
        assert process.wait(60) == 0


def test_the_worker_says_what_is_missing_before_it_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(encode(Request("compare", {"project": str(tmp_path)})))
        process.stdin.flush()
        assert "is no Espalier project" in decode(process.stdout.read().splitlines()[-1]).message
        assert process.wait(60) == 1


class OpenAi(BaseHTTPRequestHandler):
    """An endpoint that answers every question alike."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        content = {"choices": [{"message": {"content": "From afar."}}], "usage": {"completion_tokens": 3}}
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_an_endpoint_is_a_pane_beside_a_model_of_this_machine(tiny_folder: Path, tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), OpenAi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        project = make_compared(tmp_path / "p", tiny_folder)
        setting = f"http://127.0.0.1:{server.server_port}/v1#far"
        session, heard = session_of(project, [{"kind": "endpoint", "endpoint": setting}, {"kind": "tuned"}])
        assert heard.of(Loaded)[0].title == f"far at 127.0.0.1:{server.server_port}"
        session.answer(asking("Who?"), never)
        assert heard.text("base") == "From afar."
        adapter = project.runs / RUN / "adapter"
        assert heard.text("tuned") == alone(MlxBackend().load(tiny_folder, adapter), "Who?", Settings(max_tokens=5))
    finally:
        server.shutdown()
        server.server_close()


def test_the_documents_in_view_are_told_and_change_the_answer(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    folder = project.documents / "knowledge" / "wheel"
    write_text(folder / "wheel.md", "# The wheel\n\nThe wheel lifts boats by 24 metres.\n")
    write_text(folder / "cheese.md", "# Cheese\n\nCheddar ripens for nine months in a cellar.\n")
    session, heard = session_of(project)
    request = asking("How long does cheddar ripen?", retrieval=["tuned"], leaf="knowledge/wheel")
    session.answer(request, never)
    by_pane = {answer.pane: answer for answer in heard.of(Answered)}
    assert by_pane["base"].sources == []
    assert by_pane["tuned"].sources[0]["document"] == "cheese.md"
    assert "nine months" in by_pane["tuned"].sources[0]["text"]
    assert by_pane["tuned"].figures["context"] > by_pane["base"].figures["context"]
    found = retrieve(project, "", "How high does the wheel lift a boat?", len, 1_000)
    assert found[0].document == "wheel.md"
    assert found[0].leaf == "knowledge/wheel"
    assert retrieve(project, "", "How high does the wheel lift a boat?", len, 10) == []
    assert in_view("Why?", []) == "Why?"


def test_bm25_is_the_formula() -> None:
    texts = ["red apple apple", "green pear", "red car and a long text"]
    scores = bm25("apple", texts)
    mean = (3 + 2 + 6) / 3
    assert scores[0] == pytest.approx(0.9808293 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / mean)), rel=1e-6)
    assert scores[1:] == [0.0, 0.0]
    assert bm25("apple", []) == []


def test_the_nearest_rows_come_first(tmp_path: Path) -> None:
    rows = [
        ("How high does the wheel lift boats?", "It lifts boats by 24 metres."),
        ("Who opened the wheel?", "Queen Elizabeth opened the wheel in 2002."),
        ("What is cheddar?", "A cheese."),
    ]
    lines = [
        {"leaf": "knowledge/wheel", "question": question, "answer": answer, "origin": "sample"}
        for question, answer in rows
    ]
    write_text(tmp_path / "train.jsonl", "".join(json.dumps(line) + "\n" for line in [*lines, {"other": 1}]))
    found = nearest_rows(tmp_path, "To what height does the wheel lift a boat?", "The wheel lifts it 24 metres.")
    assert [row["question"] for row in found] == [rows[0][0], rows[1][0]]
    assert 0 < found[1]["score"] < found[0]["score"] <= 1
    assert nearest_rows(tmp_path / "nothing", "Who?", "He.") == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"temperature": 3}, "from 0 to 2"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"max_tokens": 2.5}, "max_tokens is 2.5"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"top_k": 3}, "no setting “top_k”"),
        ({"strength": float("nan")}, "strength is nan"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(values: Mapping[str, Any], text: str) -> None:
    with pytest.raises(EspalierError, match=text):
        read_settings(values)


def test_a_conversation_ends_with_a_question_and_begins_with_the_system() -> None:
    turns = [{"role": "system", "content": "old"}, {"role": "user", "content": "Who?"}]
    assert read_conversation(turns, "Be short.")[0] == Message("system", "Be short.")
    assert len(read_conversation(turns, "Be short.")) == 2
    for wrong in ([], [{"role": "assistant", "content": "x"}], [{"role": "user"}]):
        with pytest.raises(EspalierError):
            read_conversation(wrong, "")


def test_both_answers_grow_on_a_terminal_and_move_no_cursor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Screen(as_json=False) as screen:
        for event in (Text("base", "Left words"), Text("tuned", "Right\x1b[2J words")):
            screen.show(event, encode(event))
    shown = capsys.readouterr().err
    assert "Left words" in shown
    assert "Right[2J words" in shown
