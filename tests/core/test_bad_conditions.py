"""Training on a machine that is low on power, hot or short of memory, or whose GPU is taken away."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

import espalier.metal  # first: it prepares the process for MLX
from espalier import power
from espalier.errors import Cancelled, EspalierError
from espalier.language import Message, TrainRow
from espalier.messages import Event, Note, Progress
from espalier.metal import limits, training_run
from espalier.metal.batch import make_batch
from espalier.metal.limits import training_limits
from espalier.metal.training_run import TrainingRun
from espalier.metal.trouble import trouble_of
from espalier.power import SENTENCES, Conditions, Need, Reading
from espalier.training.progress import Told, TrainEvent, Update, wish
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
ROWS = [
    TrainRow((Message("user", "Who?" * (number % 3 + 1)), Message("assistant", f"It is number {number}.")))
    for number in range(12)
]
SETTINGS = TrainSettings(lora=LoraSettings(rank=2), epochs=3, batch_rows=4, save_every=2)
GOOD = Reading()


class Weather:
    """Readings one after the other, on a clock of its own by which one is due at every update."""

    def __init__(self, *readings: Reading) -> None:
        self.left = list(readings)
        self.now = 0.0
        self.conditions = Conditions(self.read, self.clock, lambda seconds: None)

    def read(self) -> Reading:
        return self.left.pop(0) if self.left else GOOD

    def clock(self) -> float:
        self.now += 16.0
        return self.now


def run(folder: Path, place: Path, tell: Callable[[TrainEvent], None], *readings: Reading) -> Path:
    TrainingRun(folder, ROWS, (), SETTINGS, place, tell, conditions=Weather(*readings).conditions).train()
    return place / "adapter" / "adapters.safetensors"


def told(heard: list[TrainEvent]) -> list[str]:
    return [event.text for event in heard if isinstance(event, Told) and event.kind]


@pytest.mark.parametrize(
    ("bad", "why"),
    [(Reading(battery=0.19), Need.POWER), (Reading(heat=3), Need.COOLING), (Reading(memory=2), Need.MEMORY)],
)
def test_training_waits_with_a_sentence_and_goes_on_by_itself(
    tiny_folder: Path, tmp_path: Path, bad: Reading, why: Need
) -> None:
    heard: list[TrainEvent] = []
    waited = run(tiny_folder, tmp_path / "waited", heard.append, GOOD, GOOD, GOOD, bad, bad)
    assert told(heard) == [SENTENCES[why], "Training goes on."]
    stood = next(index for index, event in enumerate(heard) if isinstance(event, Told) and event.kind)
    assert [event.step for event in heard[:stood] if isinstance(event, Update)] == [1, 2, 3]
    assert waited.read_bytes() == run(tiny_folder, tmp_path / "whole", lambda event: None).read_bytes()


def test_what_was_learned_is_safe_while_training_waits_and_a_wish_is_heard(tiny_folder: Path, tmp_path: Path) -> None:
    def pause(event: TrainEvent) -> None:
        if isinstance(event, Told) and event.kind == "waits":
            assert json.loads((tmp_path / "checkpoint" / "state.json").read_text())["step"] == 3
            wish(tmp_path, "pause")

    with pytest.raises(Cancelled):
        run(tiny_folder, tmp_path, pause, GOOD, GOOD, GOOD, *[Reading(battery=0.1)] * 99)


def test_a_machine_that_was_hot_must_be_cooler_than_one_that_starts() -> None:
    assert power.need(Reading(heat=2)) is Need.NONE
    assert power.need(Reading(heat=2), is_waiting=True) is Need.COOLING
    assert power.need(Reading(heat=1), is_waiting=True) is Need.NONE
    assert power.need(Reading(memory=1), is_waiting=True) is Need.MEMORY


def test_training_does_not_wait_for_ever_for_memory_that_it_may_hold_itself() -> None:
    weather = Weather(*[Reading(memory=2)] * 99)
    needs = []
    waiting = Need.NONE
    for _ in range(20):
        waiting = weather.conditions.need(waiting)
        needs.append(waiting)
    assert needs[:2] == [Need.MEMORY, Need.MEMORY]
    assert needs[-1] is Need.NONE
    assert weather.conditions.is_short


def test_little_is_kept_for_speed_once_memory_is_short(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(training_run, "make_room", lambda: made.append(1))
    heard: list[TrainEvent] = []
    run(tiny_folder, tmp_path, heard.append, Reading(memory=1), Reading(memory=1))
    assert made == [1]
    assert not told(heard)


def test_readings_are_seldom_while_all_is_well() -> None:
    count = 0

    def read() -> Reading:
        nonlocal count
        count += 1
        return GOOD

    conditions = Conditions(read, lambda: 0.0, lambda seconds: None)
    for _ in range(50):
        conditions.need()
    assert count == 1


def test_this_machine_can_be_read() -> None:
    assert power.read().heat in range(4)


ON_BATTERY = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4653155)\t54%; discharging; 4:07 remaining\n"
CHARGING = "Now drawing from 'AC Power'\n -InternalBattery-0 (id=4653155)\t9%; charging; 1:20 remaining present: true\n"


def test_what_the_tools_of_macos_say_is_understood() -> None:
    assert power.mac_battery(ON_BATTERY) == 0.54
    assert power.mac_battery(CHARGING) is None
    assert power.mac_battery("Now drawing from 'AC Power'\n") is None
    assert [power.mac_memory(level) for level in ("1\n", "2\n", "4\n", "")] == [0, 1, 2, 0]


def test_what_linux_says_is_understood(tmp_path: Path) -> None:
    assert power.linux_battery(tmp_path / "none") is None
    for name, values in {
        "AC": {"type": "Mains", "online": "0"},
        "mouse": {"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "3"},
        "BAT0": {"type": "Battery", "status": "Discharging", "capacity": "41"},
    }.items():
        (tmp_path / name).mkdir()
        for key, value in values.items():
            (tmp_path / name / key).write_text(value + "\n")
    assert power.linux_battery(tmp_path) == 0.41
    (tmp_path / "BAT0" / "status").write_text("Charging\n")
    assert power.linux_battery(tmp_path) is None
    lines = "some avg10={} avg60=0.00 avg300=0.00 total=0\nfull avg10={} avg60=0.00 avg300=0.00 total=0\n"
    found = [power.linux_memory(lines.format(*numbers)) for numbers in ((0, 0), (45.5, 3), (80, 61.2))]
    assert found == [0, 1, 2]
    assert power.linux_memory("") == 0


TAKEN = (
    "[METAL] Command buffer execution failed: Impacting Interactivity "
    "(0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)."
)
FULL = (
    "[METAL] Command buffer execution failed: Insufficient Memory "
    "(00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)."
)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (RuntimeError(TAKEN), "watchdog"),
        (RuntimeError("Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)"), "watchdog"),
        (RuntimeError(FULL), "memory"),
        (RuntimeError("[metal::malloc] Attempting to allocate 99 bytes which is greater than the maximum"), "memory"),
        (RuntimeError("[malloc] Unable to allocate 99 bytes."), "memory"),
        (MemoryError(), "memory"),
        (RuntimeError("[ring] connection to a peer was lost"), ""),
        (ValueError("Impacting Interactivity"), ""),
    ],
)
def test_what_was_too_large_is_told_from_other_errors(error: Exception, trouble: str) -> None:
    assert trouble_of(error) == trouble


def failing(monkeypatch: pytest.MonkeyPatch, most: int, text: str) -> None:
    """Make the GPU fail on more rows at a time than ``most``, once training has got to its fourth update."""
    made = [0]

    def failing_batch(rows: Any, layout: Any) -> Any:
        made[0] += 1
        if made[0] > 3 and len(rows) > most:
            raise RuntimeError(text)
        return make_batch(rows, layout)

    monkeypatch.setattr("espalier.metal.train.make_batch", failing_batch)


@pytest.mark.parametrize(("text", "said"), [(TAKEN, "took the GPU away at update 4"), (FULL, "ran out at update 4")])
def test_an_update_that_was_too_large_is_made_again_in_parts(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    whole = mx.load(str(run(tiny_folder, tmp_path / "whole", lambda event: None)))
    failing(monkeypatch, 1, text)
    heard: list[TrainEvent] = []
    split = mx.load(str(run(tiny_folder, tmp_path / "split", heard.append)))
    sentences = [event.text for event in heard if isinstance(event, Told)]
    assert any(said in sentence and "from update 2 with each update in 2 parts" in sentence for sentence in sentences)
    assert any("each update in 4 parts" in sentence for sentence in sentences)
    assert max(float(mx.max(mx.abs(value - whole[name])).item()) for name, value in split.items()) < 1e-4
    made = json.loads((tmp_path / "split" / "adapter" / "made.json").read_text())
    assert made["parts"] == 4
    assert json.loads((tmp_path / "split" / "checkpoint" / "state.json").read_text())["pieces"] == 4
    steps = [event.step for event in heard if isinstance(event, Update)]
    assert steps == [1, 2, 3, *range(3, 10)]


def test_a_row_that_is_too_large_alone_ends_the_run_with_what_to_do(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, 0, FULL)
    with pytest.raises(EspalierError, match="Set max_tokens lower"):
        run(tiny_folder, tmp_path, lambda event: None)
    assert (tmp_path / "checkpoint" / "state.json").exists()


def test_the_limits_of_training_end_with_it() -> None:
    before = mx.set_cache_limit(123 << 20)
    try:
        with training_limits():
            inside = mx.set_cache_limit(7 << 20)
            assert inside > 123 << 20
            limits.make_room()
        assert mx.set_cache_limit(before) == 123 << 20
    finally:
        mx.set_cache_limit(before)


def test_a_window_hears_that_training_waits() -> None:
    from espalier.clock import Clock

    heard: list[Event] = []
    clock = Clock("train", 9, "updates", heard.append)
    clock.tell(4, "loss 1.0", loss=1.0)
    clock.stand(SENTENCES[Need.POWER])
    last = heard[-1]
    assert isinstance(last, Progress)
    assert not isinstance(last, Note)
    assert (last.done, last.total, last.seconds_left) == (4, 9, None)
    assert last.figures == {"waits": 1}
