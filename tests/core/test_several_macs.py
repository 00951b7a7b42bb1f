"""Two ranks on this machine, started by mlx.launch over its ring, beside one process alone."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import Cancelled, EspalierError
from espalier.language import Message, TrainRow
from espalier.metal.backend import MlxBackend
from espalier.metal.ranks import Ranks
from espalier.training import together as several
from espalier.training.hosts import Hosts, read_hosts
from espalier.training.progress import Tell, Told, TrainEvent, Update, Validated, wish
from espalier.training.settings import LoraSettings, TrainSettings
from espalier.training.together import Lesson, train_together

assert espalier.metal
QUESTIONS = ("Who?", "What is the height of it?", "Where does the road go, and why?", "When?", "And then?")
ROWS = [
    TrainRow((Message("user", question), Message("assistant", f"It is number {index}.")))
    for index, question in enumerate(QUESTIONS * 3)
]
HELD_OUT = [TrainRow((Message("user", "How many?"), Message("assistant", f"It is number {n}."))) for n in range(3)]
SETTINGS = TrainSettings(
    lora=LoraSettings(rank=4), schedule="linear", epochs=2, batch_rows=4, accumulation=2, save_every=4, max_tokens=64
)
ONE = {"ssh": "localhost", "ips": ["127.0.0.1"]}


def this_machine_twice(folder: Path) -> Hosts:
    file = folder / "hosts.json"
    file.write_text(json.dumps([ONE, ONE]))
    return read_hosts(file)


@dataclass(frozen=True)
class Made:
    """One run of both ranks, and what was heard of it."""

    run: Path
    heard: list[TrainEvent]


@pytest.fixture(scope="module")
def together(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("together")
    heard: list[TrainEvent] = []
    MlxBackend().train(
        tiny_folder, ROWS, SETTINGS, folder / "run", heard.append, HELD_OUT, hosts=this_machine_twice(folder)
    )
    return Made(folder / "run", heard)


def farthest(first: Path, second: Path) -> float:
    one, other = (mx.load(str(run / "adapter" / "adapters.safetensors")) for run in (first, second))
    assert one.keys() == other.keys()
    return max(float(mx.max(mx.abs(value - other[name])).item()) for name, value in one.items())


def alone(folder: Path, run: Path) -> list[TrainEvent]:
    heard: list[TrainEvent] = []
    MlxBackend().train(folder, ROWS, SETTINGS, run, heard.append, HELD_OUT)
    return heard


def ranks() -> list[int]:
    """The processes of the ranks that this one started, by way of mlx.launch."""
    shown = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in shown.splitlines())}
    launchers = {pid for pid, parent in parents.items() if parent == os.getpid()}
    return [pid for pid, parent in parents.items() if parent in launchers]


def test_two_ranks_learn_what_one_learns_from_the_same_updates(
    tiny_folder: Path, tmp_path: Path, together: Made
) -> None:
    told = alone(tiny_folder, tmp_path)
    assert farthest(tmp_path, together.run) < 1e-4
    for kind in (Update, Validated):
        one = [event for event in told if isinstance(event, kind)]
        two = [event for event in together.heard if isinstance(event, kind)]
        assert [event.step for event in one] == [event.step for event in two]
        assert [event.loss for event in two] == pytest.approx([event.loss for event in one], abs=1e-5)
    assert (together.run / "best").is_dir()
    assert any("2 Macs train together" in event.text for event in together.heard if isinstance(event, Told))


def test_a_rank_that_is_killed_is_named_and_the_run_goes_on_from_its_checkpoint(
    tiny_folder: Path, tmp_path: Path, together: Made
) -> None:
    hosts, run = this_machine_twice(tmp_path), tmp_path / "two"

    def kill(event: TrainEvent) -> None:
        if isinstance(event, Update) and event.step == 5:
            os.kill(ranks()[1], signal.SIGKILL)

    def train(tell: Tell) -> None:
        MlxBackend().train(tiny_folder, ROWS, SETTINGS, run, tell, HELD_OUT, hosts=hosts)

    with pytest.raises(EspalierError, match=r"was killed on .*Run the same command again"):
        train(kill)
    assert json.loads((run / "checkpoint" / "state.json").read_text())["step"] == 4
    shutil.copytree(run, tmp_path / "one")
    again: list[TrainEvent] = []
    train(again.append)
    assert next(event for event in again if isinstance(event, Update)).step == 5
    assert farthest(run, together.run) == 0
    alone(tiny_folder, tmp_path / "one")
    assert farthest(tmp_path / "one", together.run) < 1e-4


@pytest.mark.slow
def test_a_wish_reaches_every_rank(tiny_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    wish(run, "pause")
    with pytest.raises(Cancelled):
        MlxBackend().train(tiny_folder, ROWS, SETTINGS, run, print, hosts=this_machine_twice(tmp_path))
    assert ranks() == []


@pytest.mark.slow
def test_what_a_rank_cannot_do_is_said_as_by_one_alone(tiny_folder: Path, tmp_path: Path) -> None:
    hosts, wrong = this_machine_twice(tmp_path), replace(SETTINGS, lora=LoraSettings(keys=("nose_proj",)))
    with pytest.raises(EspalierError, match="no part “nose_proj”"):
        MlxBackend().train(tiny_folder, ROWS, wrong, tmp_path / "run", print, hosts=hosts)


@pytest.mark.slow
def test_a_rank_that_falls_silent_ends_the_training(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(several, "GRACE", 1)

    def stop(event: TrainEvent) -> None:
        if isinstance(event, Update) and event.step == 5:
            os.kill(ranks()[0], signal.SIGSTOP)

    lesson = Lesson(tiny_folder, ROWS, (), replace(SETTINGS, epochs=500), tmp_path / "run", patience=30)
    with pytest.raises(EspalierError, match="waited for each other for too long"):
        train_together(this_machine_twice(tmp_path), lesson, stop)
    assert ranks() == []


class Ring:
    """What several ranks say at once, without processes."""

    def __init__(self, rank: int, facts: Sequence[Mapping[str, str]]) -> None:
        self.ranks = Ranks(names=[f"mac{number}" for number in range(len(facts))])
        self.ranks.rank, self.ranks.count = rank, len(facts)
        lines = [json.dumps(fact).encode() for fact in facts]
        self.ranks.gather = lambda own: lines  # type: ignore[method-assign]


def test_the_mac_that_differs_is_named_on_every_rank() -> None:
    facts = [{"mlx": "1", "student": "a"}, {"mlx": "1", "student": "a"}, {"mlx": "1", "student": "b"}]
    for rank in range(3):
        ring = Ring(rank, facts)
        with pytest.raises(EspalierError, match="mac2 differs in student"):
            ring.ranks.compare(facts[rank], lambda host, what: f"{host} differs in {what}")


@given(st.lists(st.integers(2, 400), min_size=1, max_size=20), st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_every_row_of_an_update_is_one_ranks(lengths: list[int], count: int) -> None:
    found = []
    for rank in range(count):
        one = Ranks(names=[""] * count)
        one.rank, one.count = rank, count
        found += one.own(lengths)
    assert sorted(found) == list(range(len(lengths)))


def test_a_lesson_comes_back_as_it_was(tmp_path: Path) -> None:
    lesson = Lesson(Path.home() / "models" / "tiny", ROWS, HELD_OUT, SETTINGS, tmp_path, None)
    assert Lesson.decode(lesson.encode()) == lesson
    assert json.loads(lesson.encode())["student"] == "~/models/tiny"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[]", "names no Macs"),
        ('[{"ips": ["10.0.0.1"]}]', "names no Macs"),
        ('[{"ssh": "a", "ips": ["10.0.0.1"]}, {"ssh": "b"}]', "no “ips” for b"),
        ('{"backend": "nccl", "hosts": [{"ssh": "a"}]}', "Choose one of ring, mpi"),
    ],
)
def test_a_hostfile_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "hosts.json"
    with pytest.raises(EspalierError, match="cannot be read"):
        read_hosts(file)
    file.write_text(text)
    with pytest.raises(EspalierError, match=said):
        read_hosts(file)


def test_this_mac_needs_no_ssh_whatever_the_hostfile_calls_it(tmp_path: Path) -> None:
    file = tmp_path / "hosts.json"
    file.write_text(json.dumps([{"ssh": "mine", "ips": ["10.0.0.1"]}, {"ssh": "other", "ips": ["10.0.0.2"]}]))
    hosts = read_hosts(file)
    assert [host["ssh"] for host in hosts.content["hosts"]] == ["127.0.0.1", "other"]
    assert hosts.names == ("mine", "other")


@pytest.mark.parametrize(
    ("code", "said"),
    [(255, "other cannot be reached with ssh"), (127, "other has no"), (-9, "killed on other"), (1, "exit status 1")],
)
def test_how_the_launcher_saw_a_rank_end_is_told(code: int, said: str) -> None:
    assert said in several.reason(None, {0: several.LOST, 1: code}, ("mine", "other"))
