import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import pytest
from fault_server import (
    Fault,
    Handler,
    Script,
    counted,
    cut,
    empty,
    every,
    garbage,
    in_turn,
    serving,
    slow,
    status,
    together,
)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from espalier.errors import Cancelled, EspalierError
from espalier.language import Message, Prompt, Sampling, TooLongError
from espalier.messages import Event, Note, Request, encode
from espalier.project import Project, open_project, write_settings
from espalier.settings import settings_file
from espalier.synthesis.generate import generate
from espalier.synthesis.sample import Journal
from espalier.teachers import scores
from espalier.teachers.commands import ask_leave
from espalier.teachers.endpoint import Endpoint, is_endpoint, parse_endpoint
from espalier.teachers.keys import Key, find_key, forget_key, store_key, variable
from espalier.teachers.offered import model_list
from espalier.teachers.opening import open_model
from espalier.teachers.patience import Patience, asked_pause
from espalier.teachers.permission import allow, forbid, is_allowed
from espalier.teachers.remote import RemoteModel
from espalier.teachers.wire import AT_ONCE

QUICK = Patience(tries=6, first=0.002, most=0.01, asked=2, read=60)
HASTY = replace(QUICK, read=2)  # for servers that do not answer: each time this is waited out
SECRET = "sk-very-secret-0123456789"
FEW = Sampling(max_tokens=8, temperature=0.7)


class Memory(KeyringBackend):
    """A keychain that ends with the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def keychain() -> Iterator[Memory]:
    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def prompt(text: str, start: str = "") -> Prompt:
    return Prompt((Message("user", text),), start)


def shout(asked: Prompt) -> str:
    return asked.messages[-1].content.upper()


def remote(script: Script, patience: Patience = QUICK, answers: Path | None = None, key: str = "") -> RemoteModel:
    endpoint = parse_endpoint(f"{script.url}#scripted")
    return RemoteModel(endpoint, Key(key) if key else None, answers=answers, patience=patience)


# The address


def test_an_endpoint_is_an_address_and_a_model() -> None:
    endpoint = parse_endpoint("http://127.0.0.1:8080/v1#qwen/3:4b")
    assert endpoint == Endpoint("http://127.0.0.1:8080/v1", "qwen/3:4b", "127.0.0.1:8080", "http://127.0.0.1:8080")
    assert parse_endpoint("HTTPS://API.Example.com").url == "https://api.example.com/v1"
    assert parse_endpoint("https://api.example.com/v1/chat/completions#m").setting == "https://api.example.com/v1#m"
    assert is_endpoint("https://a#b")
    assert not is_endpoint("smollm2-135m-instruct")


@pytest.mark.parametrize(
    ("address", "here", "nearby", "readable"),
    [
        ("http://localhost:1234/v1", True, True, False),
        ("http://[::1]:1234/v1", True, True, False),
        ("http://192.168.1.7/v1", False, True, False),
        ("http://studio.local/v1", False, True, False),
        ("http://api.example.com/v1", False, False, True),
        ("https://api.example.com/v1", False, False, False),
        ("http://localhost.example.com", False, False, True),
        ("http://8.8.8.8/v1", False, False, True),
    ],
)
def test_what_leaves_this_machine_is_known_by_the_address(
    address: str, here: bool, nearby: bool, readable: bool
) -> None:
    endpoint = parse_endpoint(address)
    assert (endpoint.stays_here, endpoint.is_nearby, endpoint.is_readable) == (here, nearby, readable)


@pytest.mark.parametrize("address", [f"https://me:{SECRET}@host/v1#m", f"https://host/v1?key={SECRET}#m"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(EspalierError, match="models key") as refused:
        parse_endpoint(address)
    assert SECRET not in str(refused.value)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_an_endpoint_or_refused_in_a_sentence(text: str) -> None:
    try:
        endpoint = parse_endpoint("http://" + text)
    except EspalierError:
        return
    assert parse_endpoint(endpoint.setting) == endpoint


# What it answers


def test_answers_come_in_order_and_several_at_a_time() -> None:
    script = Script(shout, lambda number: together, after=4)
    with serving(script):
        told: list[int] = []
        texts = [f"word {number}" for number in range(40)]
        answers = remote(script).answer([prompt(text) for text in texts], FEW, list(range(40)), told.append)
    assert answers == [text.upper() for text in texts]
    assert told == [7] * 40
    assert 4 <= script.busiest <= 8
    assert {body["seed"] for body in script.asked if "seed" in body} >= set(range(40))


def test_what_the_endpoint_can_do_is_found_out_once_and_told() -> None:
    told: list[Event] = []
    script = Script(shout, ranks={"A": -0.1, "B": -3.0}, echo=lambda text: -1.0)
    with serving(script):
        model = RemoteModel(parse_endpoint(f"{script.url}#scripted"), emit=told.append, patience=QUICK)
        dialect = model.dialect()
        model.answer([prompt("a")], FEW)
    assert (dialect.continues, dialect.gives_probabilities, dialect.ranks, dialect.echoes) == ("flag", True, True, True)
    assert [type(event) for event in told] == [Note]
    poor = Script(
        shout,
        log_probability=None,
        continues=False,
        refused=("chat_template_kwargs", "continue_final_message", "logprobs"),
    )
    with serving(poor):
        dialect = remote(poor).dialect()
    assert dialect.fields == {"seed"}
    assert (dialect.continues, dialect.gives_probabilities, dialect.ranks, dialect.echoes) == ("", False, False, False)


def test_an_answer_is_begun_where_the_endpoint_goes_on_and_asked_for_in_words_where_it_does_not() -> None:
    with serving(script := Script(lambda asked: "far is it?" if asked.start else "no")):
        assert remote(script).answer([prompt("x", "How")], FEW) == ["far is it?"]
    replies = {"a": "How far is it?", "b": "However it is", "c": "What is it?"}
    with serving(script := Script(lambda asked: replies.get(asked.messages[-1].content[0], ""), continues=False)):
        answers = remote(script).answer([prompt(letter, "How") for letter in "abc"], FEW)
    assert answers == ["far is it?", "", ""]
    assert any("exact words: How" in body["messages"][-1]["content"] for body in script.asked)


def test_rows_are_told_as_they_come_and_what_is_too_long_is_named() -> None:
    told: list[tuple[int, str]] = []
    script = Script(shout)
    too_long = status(400, message="This model's maximum context length is 8 tokens.")
    script.fault = lambda number: (
        lambda handler: (
            too_long(handler) if "long" in handler.body["messages"][0]["content"] else handler.answer(handler.body)
        )
    )
    script.after = 4
    with serving(script):
        model = remote(script)
        assert model.context_length == 4096
        assert model.answer([prompt("a"), prompt("b")], FEW, on_row=lambda *row: told.append(row)) == ["A", "B"]
        with pytest.raises(TooLongError, match="maximum context length") as failed:
            model.answer([prompt("a"), prompt("long"), prompt("c")], FEW, [1, 2, 3])
        assert list(failed.value.rows) == [1]
        begun = len(script.asked)
        assert model.answer([prompt("a"), prompt("c")], FEW, [1, 3]) == ["A", "C"]
        assert len(script.asked) == begun
    assert sorted(told) == [(0, "A"), (1, "B")]


def test_thoughts_and_what_follows_a_stop_text_are_no_part_of_an_answer() -> None:
    with serving(script := Script(lambda asked: "<think>hm\nhm</think>\n\nYes.\nNo.")):
        assert remote(script).answer([prompt("x")], Sampling(8, stop=("\n",))) == ["Yes."]


def test_half_a_character_does_no_harm(tmp_path: Path) -> None:
    with serving(script := Script(lambda asked: "caf\ud83d")):
        assert remote(script, answers=tmp_path / "answers.jsonl").answer([prompt("x")], Sampling(8)) == ["caf?"]


def test_drafts_have_their_likelihood_or_say_that_it_is_not_known() -> None:
    with serving(script := Script(shout)):
        [draft] = remote(script).draw([prompt("a")], FEW, [1])
    assert (draft.text, draft.log_probability) == ("A", -0.4)
    with serving(script := Script(shout, log_probability=None)):
        [draft] = remote(script).draw([prompt("a")], FEW, [1])
    assert (draft.text, draft.log_probability) == ("A", None)


def test_a_given_text_is_scored_by_its_echo_or_by_agreement() -> None:
    pairs = [
        (prompt("The deck is larch.\n\nWhat is the deck?"), "The deck is larch."),
        (prompt("What?"), "It is larch."),
    ]
    with serving(script := Script(shout, echo=lambda text: -0.25 if "User: The deck" in text else -2.0)):
        assert remote(script).log_probability(pairs) == [-0.25, -2.0]
    with serving(script := Script(lambda asked: "larch" if "larch" in asked.messages[-1].content else "granite")):
        seen, blind = remote(script).log_probability(pairs)
    assert seen > blind + 1


def test_an_option_is_weighed_by_ranks_or_by_a_short_answer() -> None:
    with serving(script := Script(shout, ranks={"Ye": -0.2, "No": -1.7, "x": -9.0})):
        [[yes, no]] = remote(script).choose([prompt("x")], ["Yes", "No"])
    assert yes == pytest.approx(1 / (1 + 2.718281828**-1.5), rel=1e-3)
    assert yes + no == pytest.approx(1)
    with serving(script := Script(lambda asked: "no, never.")):
        [[yes, no]] = remote(script).choose([prompt("x")], ["Yes", "No"])
    assert no > 0.9


def test_options_that_begin_alike_are_told_apart_where_they_differ() -> None:
    def step(written: str, **others: float) -> dict[str, object]:
        tops = [{"token": token, "logprob": value} for token, value in others.items()]
        return {"token": written, "logprob": -0.1, "top_logprobs": tops}

    reply = {"choices": [{"logprobs": {"content": [step("Team", Team=-0.1, The=-3), step("A", A=-0.5, B=-1.0)]}}]}
    assert scores.option_probabilities(reply, ["Team A", "Team B"]) is None  # the blank is another token
    spaced = {
        "choices": [{"logprobs": {"content": [step("x", **{"ĠTeam": -0.1}), step("x", **{"ĠA": -0.5, "ĠB": -1})]}}]
    }
    found = scores.option_probabilities(spaced, ["Team A", "Team B"])
    assert found
    assert found[0] > found[1] > 0.3
    assert scores.option_probabilities({"choices": [{"logprobs": None}]}, ["a", "b"]) is None


@hypothesis_settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "logprobs", "content", "top_logprobs", "token", "logprob", "token_logprobs"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_a_hostile_reply_gives_no_score_and_breaks_nothing(reply: object) -> None:
    wrapped = {"choices": [{"logprobs": {"content": [reply], "tokens": [reply], "token_logprobs": [reply]}}]}
    for value in (reply, wrapped):
        likelihood = scores.mean_log_probability(value)
        assert likelihood is None or likelihood >= scores.LEAST
        chances = scores.option_probabilities(value, ["a", "b"])
        assert chances is None or sum(chances) == pytest.approx(1)
        scores.echoed_log_probability(value, "a", "ab")


# What goes wrong


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        status(429, {"Retry-After": "0.01"}),
        status(500),
        status(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        cut,
        garbage,
        empty,
        slow,
    ],
    ids=["429", "429 with a pause", "500", "503 with a date", "cut", "garbage", "empty", "slow"],
)
def test_a_fault_is_got_over_and_every_row_is_asked_until_it_is_answered(fault: Callable[..., None]) -> None:
    script = Script(shout, every(fault, 4), after=4)
    texts = [f"word {number}" for number in range(12)]
    with serving(script):
        model = remote(script, HASTY if fault is slow else QUICK)
        answers = model.answer([prompt(text) for text in texts], FEW, list(range(12)))
    assert answers == [text.upper() for text in texts]


def test_a_pause_that_is_asked_for_is_kept_by_all_requests() -> None:
    script = Script(shout, lambda number: status(429, {"Retry-After": "0.4"}) if number == 0 else None, after=4)
    with serving(script):
        model = remote(script)
        model.dialect()
        begun = time.monotonic()
        model.answer([prompt("a")], FEW)
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"fault": lambda number: status(500, message="on fire")},
            r"no usable answer in 6 tries: it said 500: on fire",
        ),
        ({"fault": lambda number: garbage}, "could not be read"),
        ({"fault": lambda number: cut}, "connection was cut"),
        ({"fault": lambda number: status(429, {"Retry-After": "7200"})}, "asks to wait 120 minutes"),
        ({"fault": lambda number: status(429, message="insufficient_quota")}, "no credit left"),
        ({"fault": lambda number: status(307, {"Location": "http://elsewhere.example/"})}, "redirects to http://else"),
        ({"models": ("another",)}, r"does not know scripted .*does not exist.*models list --endpoint"),
        ({"key": "k"}, r"wants a key .*models key http.*ESPALIER_KEY_127_0_0_1"),
    ],
)
def test_what_cannot_be_got_over_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    script = Script(shout, **change)  # type: ignore[arg-type]
    with serving(script), pytest.raises(EspalierError, match=sentence) as failed:
        remote(script).answer([prompt("a")], FEW)
    assert "\n" not in str(failed.value)


class Impatience(Patience):
    """Never asks twice."""

    def pause(self, failures: int) -> float:
        raise AssertionError("It is asked again.")


def test_nobody_there_is_told_at_once() -> None:
    with serving(script := Script()):
        pass
    with pytest.raises(EspalierError, match="Nothing answers at 127"):
        remote(script, Impatience()).answer([prompt("a")], FEW)


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("espalier.teachers.wire.LARGEST", 1000)
    script = Script(lambda asked: "a" * 2000)
    with serving(script), pytest.raises(EspalierError, match="for one answer"):
        remote(script).answer([prompt("a")], FEW)


def test_answers_that_came_before_a_failure_are_not_asked_for_again(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    prompts = [prompt(f"word {number}") for number in range(20)]
    script = Script(shout, lambda number: status(400, message="no") if number == 14 else None, after=4)
    with serving(script):
        with pytest.raises(EspalierError, match="refused the request"):
            remote(script, answers=answers).answer(prompts, FEW, list(range(20)))
        first = {json.dumps(body) for body in script.answered}
        kept = len(answers.read_text().splitlines())
        script.fault = lambda number: None
        begun = len(script.answered)
        assert remote(script, answers=answers).answer(prompts, FEW, list(range(20))) == [shout(p) for p in prompts]
        rows = [body for body in script.answered[begun:] if body["messages"][0]["content"].startswith("word")]
        again = [body for body in rows if json.dumps(body) in first]
        assert kept >= 6
        assert len(again) <= 8  # those in flight
        begun = len(script.answered)
        remote(script, answers=answers).answer(prompts, FEW, list(range(20)))
        rows = [body for body in script.answered[begun:] if body["messages"][0]["content"].startswith("word")]
        assert not rows


def test_cancelled_in_the_middle_it_ends_at_once(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise Cancelled

    def stopping(handler: Handler) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        slow(handler)

    script = Script(shout, lambda number: stopping if number == AT_ONCE - 1 else slow, after=4)
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with serving(script):
            model = remote(script, Patience(), tmp_path / "answers.jsonl")
            with pytest.raises(Cancelled):
                model.answer([prompt(str(number)) for number in range(9)], FEW)
            assert script.busy == AT_ONCE  # it waits for none of them
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_pause_grows_has_a_limit_and_heeds_what_is_asked() -> None:
    patience = Patience(first=1, most=30)
    assert all(0 <= patience.pause(failures) <= min(30, 2 ** (failures - 1)) for failures in range(1, 12))
    assert len({patience.pause(3) for _ in range(20)}) > 10
    assert asked_pause({"retry-after": "7"}) == 7
    assert asked_pause({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert asked_pause({"retry-after": "soon"}) is None
    assert asked_pause({}) is None


# Keys and permission


def test_a_key_is_in_the_keychain_or_in_a_variable_of_its_host(
    keychain: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = parse_endpoint("https://api.example.com/v1")
    assert find_key(endpoint) is None
    store_key(endpoint, f" {SECRET}\n")
    assert keychain.kept == {("Espalier", "api.example.com"): SECRET}
    assert find_key(endpoint) == Key(SECRET)
    assert find_key(parse_endpoint("https://api.example.org/v1")) is None
    forget_key(endpoint)
    assert find_key(endpoint) is None
    assert variable(endpoint) == "ESPALIER_KEY_API_EXAMPLE_COM"
    monkeypatch.setenv("ESPALIER_KEY_API_EXAMPLE_COM", "from-the-environment")
    assert find_key(endpoint) == Key("from-the-environment")
    with pytest.raises(EspalierError, match="one word"):
        store_key(endpoint, "two words")


def test_a_key_is_sent_and_shown_nowhere(
    example: Path, keychain: Memory, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    texts: list[str] = []
    with serving(script := Script(reply_about_the_wheel, key=SECRET)):
        setting = f"{script.url}#scripted"
        store_key(parse_endpoint(setting), SECRET)
        project = remote_project(example, setting)
        assert generate(project, UNUSED, events.append, [LEAF])
        assert script.headers[-1]["Authorization"] == f"Bearer {SECRET}"
        script.key = "another"  # this server repeats what it was sent
        with pytest.raises(EspalierError, match="does not accept the key") as failed:
            model_list(parse_endpoint(setting), find_key(parse_endpoint(setting)), QUICK)
        texts += [str(failed.value), "".join(traceback.format_exception(failed.value))]
    written = capfd.readouterr()
    texts += [repr(Key(SECRET)), repr(events), caplog.text, written.out, written.err]
    texts += [file.read_text(errors="replace") for file in example.rglob("*") if file.is_file()]
    assert not any(SECRET in text for text in texts)


def test_a_key_never_travels_readable() -> None:
    model = RemoteModel(parse_endpoint("http://api.example.com/v1#m"), Key(SECRET), patience=QUICK)
    with pytest.raises(EspalierError, match="Use https") as refused:
        model.answer([prompt("a")], FEW)
    assert SECRET not in str(refused.value)


def test_text_is_sent_only_where_the_person_allowed_it(example: Path) -> None:
    elsewhere = parse_endpoint("https://api.example.com/v1#m")
    here = parse_endpoint("http://localhost:8080/v1#m")
    assert is_allowed(here)
    assert not is_allowed(elsewhere)
    project, events = open_project(example), list[Event]()
    with pytest.raises(EspalierError, match=r"would leave this Mac.*models allow https://api.example.com/v1"):
        open_model(elsewhere.setting, project, UNUSED, events.append)
    assert not events
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text('{"version": 1, "other": 5}')
    allow(elsewhere)
    open_model(elsewhere.setting, project, UNUSED, events.append)
    assert "Leaves this Mac" in str(events[0])
    assert "api.example.com" in str(events[0])
    assert not is_allowed(parse_endpoint("http://api.example.com/v1#m"))
    assert json.loads(settings_file().read_text())["other"] == 5
    forbid(elsewhere)
    assert not is_allowed(elsewhere)


def test_the_models_of_an_endpoint_are_listed() -> None:
    with serving(script := Script(models=("one", "two"))):
        assert model_list(parse_endpoint(script.url), None, QUICK) == ["one", "two"]


# The whole stage

LINES = 11  # of the example's document: six facts
LEAF = "knowledge/engineering/falkirk_wheel"


UNUSED: Any = object()  # a backend that is not needed


def reply_about_the_wheel(asked: Prompt) -> str:
    statement = asked.messages[-1].content
    if "\n\n" in statement:
        return statement.split("\n\n")[0]
    words = [word.strip(".,") for word in statement.split() if word[0].isupper() or word[0].isdigit()]
    rest = f"is told of the Falkirk Wheel and {words[-1]}?" if words else "is it?"
    return rest if asked.start else f"What {rest}"


def remote_project(root: Path, setting: str, student: str = "none") -> Project:
    document = next((root / "documents").rglob("*.md"))
    document.write_text("\n".join(document.read_text().splitlines()[:LINES]) + "\n")
    project = replace(open_project(root), student=student, teacher=setting, dial="quick")
    write_settings(project)
    return open_project(root)


def drawn(root: Path) -> list[tuple[Any, ...]]:
    [file] = (root / "samples").glob("*.jsonl")
    return [(s.id, s.question, s.answer, s.is_accepted, s.verdict) for s in Journal(file).samples]


def test_a_leaf_ends_the_same_whatever_goes_wrong_on_the_way(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("espalier.teachers.remote.Patience", lambda **_: HASTY)
    ends: list[list[tuple[Any, ...]]] = []
    quick_faults = in_turn(status(429), status(500), cut, garbage, empty, status(503))
    for faults in (lambda number: None, lambda number: slow if number in (16, 40) else quick_faults(number)):
        root = tmp_path / f"project-{len(ends)}"
        shutil.copytree(example, root)
        with serving(script := Script(reply_about_the_wheel, faults, after=4)):
            generate(remote_project(root, f"{script.url}#scripted"), UNUSED, lambda event: None, [LEAF])
        ends.append(drawn(root))
        rows = counted([body for body in script.answered if body.get("seed", 7) != 7])
        assert set(rows.values()) == {1}
    assert ends[0] == ends[1]
    ids = [row[0] for row in ends[1]]
    assert len(ids) == len(set(ids))
    assert sum(bool(row[3]) for row in ends[1]) > 5
    assert all(row[4] for row in ends[1])


class Killer:
    """Kills a worker when the server has met a request of certain numbers."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = set(numbers)
        self.worker: subprocess.Popen[bytes] | None = None

    def fault(self, number: int) -> Fault | None:
        if number not in self.numbers or not self.worker:
            return None
        return self.kill

    def kill(self, handler: Handler) -> None:
        assert self.worker
        self.worker.kill()
        cut(handler)


def test_killed_again_and_again_a_leaf_ends_the_same_and_only_what_was_in_flight_is_asked_twice(
    example: Path, tmp_path: Path, tiny_folder: Path
) -> None:
    killer, kills = Killer(9, 41), 0
    shutil.copytree(example, tmp_path / "whole")
    with serving(script := Script(reply_about_the_wheel)):
        setting = f"{script.url}#scripted"
        generate(remote_project(tmp_path / "whole", setting), UNUSED, lambda event: None, [LEAF])
        remote_project(example, setting, str(tiny_folder))
        script.fault, script.asked, script.answered = killer.fault, [], []
        request = Request("generate", {"project": str(example), "leaves": [LEAF]})
        while True:
            killer.worker = subprocess.Popen(
                [sys.executable, "-m", "espalier.worker"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
            with killer.worker as worker:
                assert worker.stdin
                worker.stdin.write(encode(request))
                worker.stdin.flush()
                code = worker.wait(120)
            if code == 0:
                break
            assert code == -signal.SIGKILL
            kills += 1
    assert kills == len(killer.numbers)
    assert drawn(example) == drawn(tmp_path / "whole")
    rows = counted([body for body in script.answered if body.get("seed", 7) != 7])
    assert sum(count - 1 for count in rows.values()) <= 8 * len(killer.numbers)


# The command line


def run_models(*arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", "models", *arguments]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])  # the first: where file_keyring is
    found = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.run(command, capture_output=True, text=True, input=given, env=found, timeout=300)


def test_the_commands_show_what_an_endpoint_offers_and_can_do(tmp_path: Path) -> None:
    keychain = {"PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring", "FILE_KEYRING": str(tmp_path / "keys.json")}
    with serving(script := Script(shout, key=SECRET)):
        assert "wants a key" in run_models("list", "--endpoint", script.url, **keychain).stderr
        stored = run_models("key", script.url, given=f"{SECRET}\n", **keychain)
        assert stored.returncode == 0, stored.stderr
        assert SECRET not in stored.stdout + stored.stderr
        listed = run_models("list", "--endpoint", script.url, **keychain)
        assert listed.stdout == f"{script.url}#scripted\n", listed.stderr
        shown = run_models("info", f"{script.url}#scripted", **keychain)
        assert "tells how likely its words are" in shown.stdout
        assert "nothing leaves it" in shown.stdout
        assert run_models("key", script.url, "--forget", **keychain).returncode == 0
        assert "wants a key" in run_models("list", "--endpoint", script.url, **keychain).stderr
    no_keychain = run_models("key", script.url, given=f"{SECRET}\n")
    assert (no_keychain.returncode, "environment variable ESPALIER_KEY_127" in no_keychain.stderr) == (1, True)


def test_without_leave_no_command_sends_anything(example: Path) -> None:
    url = "https://api.example.invalid/v1"
    remote_project(example, f"{url}#m")
    command = [sys.executable, "-m", "espalier.cli", "generate", str(example)]
    for arguments in (command, [*command, "--json"]):
        done = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        assert done.returncode == 1
        assert f"models allow {url}" in done.stderr
    assert run_models("allow", url).returncode == 0
    assert is_allowed(parse_endpoint(url))
    assert run_models("allow", url, "--forget").returncode == 0
    assert not is_allowed(parse_endpoint(url))


def test_a_whole_command_works_with_a_remote_teacher_and_a_remote_student_is_refused(
    example: Path, tiny_folder: Path
) -> None:
    with serving(script := Script(reply_about_the_wheel)):
        setting = f"{script.url}#scripted"
        project = remote_project(example, setting, str(tiny_folder))
        write_settings(replace(project, student=setting))
        command = [sys.executable, "-m", "espalier.cli", "generate", str(example), "--leaf", LEAF]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert "can teach and judge, and nothing else" in done.stderr
        write_settings(project)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "tells how likely" in done.stderr
    assert done.returncode == 0, done.stderr


class Typed(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_leave_is_asked_for_once(
    example: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = remote_project(example, "https://api.example.invalid/v1#m")
    project = replace(project, critic="https://judge.example.invalid/v1#j")
    monkeypatch.setattr(sys, "stdin", Typed("n\n"))
    with pytest.raises(EspalierError, match="would leave this Mac"):
        ask_leave(project, is_quiet=False)
    monkeypatch.setattr(sys, "stdin", Typed("y\nyes\n"))
    ask_leave(project, is_quiet=False)
    asked = capsys.readouterr().err
    assert asked.count("[y/N]") == 3
    assert "sent to judge.example.invalid, on the internet" in asked
    monkeypatch.setattr(sys, "stdin", Typed(""))
    ask_leave(project, is_quiet=False)
    assert not capsys.readouterr().err
