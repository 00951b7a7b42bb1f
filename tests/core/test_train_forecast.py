"""What a run will take, the verdict, and the change that would make it fit."""

from dataclasses import replace
from pathlib import Path

import pytest

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import EspalierError
from espalier.language import Message, TrainRow
from espalier.metal.adapters import adapt
from espalier.metal.bench_forecast import compare
from espalier.metal.forecast import Pace, _pace, measure, shape_of
from espalier.metal.model import load
from espalier.metal.rows import encode_all
from espalier.metal.train import Trainer
from espalier.training.forecast import ROOMY, Forecast, forecast
from espalier.training.memory import Pass, Shape, inner_values, needed, passes, standing
from espalier.training.settings import TrainSettings, changed

assert espalier.metal
STARTER = Shape(540_000_000, 134_500_000, 4, 49_152, 576, 1536, 9, 30)
SETTINGS = TrainSettings()
ROWS = [
    TrainRow((Message("user", "Where? " * (1 + 7 * n % 12)), Message("assistant", f"There {n}."))) for n in range(20)
]


def one_pass(settings: TrainSettings) -> Pass:
    return Pass(-(-settings.batch_rows // settings.accumulation), min(500, settings.max_tokens), 0, 400)


def found(room: int, settings: TrainSettings = SETTINGS, memory: int | None = None, disk: int = 10**12) -> Forecast:
    return forecast(STARTER, settings, one_pass, memory, room, disk, 100, 60.0)


@pytest.mark.parametrize(
    ("batch", "length", "layers", "checkpointing", "measured"),
    [
        (1, 128, 16, False, 213e6),
        (2, 128, 16, False, 424e6),
        (1, 256, 16, False, 444e6),
        (1, 256, 1, False, 229e6),
        (1, 256, 30, False, 646e6),
        (1, 256, 30, True, 231e6),
    ],
)
def test_the_formula_gives_what_was_measured(
    batch: int, length: int, layers: int, checkpointing: bool, measured: float
) -> None:
    """The figures are those of the measurements that the formula was fitted to, with loss on every token."""
    settings = changed(SETTINGS, {"lora.layers": layers, "checkpointing": checkpointing})
    assert inner_values(STARTER, settings, Pass(batch, length, 0, batch * length)) == pytest.approx(measured, rel=0.25)


def test_the_verdict_follows_the_room() -> None:
    memory = needed(STARTER, SETTINGS, one_pass(SETTINGS))
    assert [found(int(memory * share)).verdict for share in (2, 1.1, 0.9)] == ["fits", "tight", "too large"]
    assert found(memory * 2).change is None
    assert found(memory * 2, disk=1000).verdict == "too large"
    assert "Make room" in found(memory * 2, disk=1000).sentences[0]


def test_the_change_makes_it_fit_and_the_harmless_ones_come_first() -> None:
    memory = needed(STARTER, SETTINGS, one_pass(SETTINGS))
    for share in (1.1, 0.8, 0.5, 0.4):
        room = int(memory * share)
        change = found(room).change
        assert change
        settings = changed(SETTINGS, change.values)
        assert needed(STARTER, settings, one_pass(settings)) == change.memory <= ROOMY * room
    gentle = found(int(memory * 1.1)).change
    assert gentle
    assert dict(gentle.values) == {"accumulation": 2}
    assert set(gentle.sentences) < set(found(int(memory * 1.1)).sentences)


def test_updates_take_what_those_of_their_work_took() -> None:
    pace = Pace([(100.0, 2.0), (200.0, 3.0), (400.0, 9.0)])
    assert [pace.seconds(work) for work in (100, 150, 200, 300, 400)] == [2.0, 2.5, 3.0, 6.0, 9.0]
    assert [pace.seconds(work) for work in (50, 800)] == [1.0, 18.0]


def test_what_is_timed_is_the_first_update_and_some_of_every_work(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(trainer: Trainer, number: int) -> float:
        made.append(number)
        return 5.0 if len(made) == 1 else 1.0 + number / 10

    monkeypatch.setattr("espalier.metal.forecast._make", make)
    works = [float(10 + number) for number in range(30)]
    pace = _pace(None, works, 29)  # type: ignore[arg-type]
    assert made == [29, 5, 15, 25]
    assert pace.warm_up == pytest.approx(5.0 - pace.seconds(works[29]))
    assert pace.seconds(works[15]) == 2.5


def test_nothing_is_promised_when_nothing_helps() -> None:
    none = found(standing(STARTER, SETTINGS) // 2, replace(SETTINGS, method="full"))
    assert none.change is None
    assert "smaller student" in none.sentences[-1]


def test_what_was_measured_counts_more_than_the_formula() -> None:
    memory = needed(STARTER, SETTINGS, one_pass(SETTINGS))
    twice = found(memory * 2, memory=memory * 2)
    assert (twice.memory, twice.measured, twice.verdict) == (memory * 2, True, "tight")
    assert twice.change
    half = changed(SETTINGS, twice.change.values)
    assert twice.change.memory > needed(STARTER, half, one_pass(half))


@pytest.mark.parametrize("values", [{}, {"accumulation": 2}, {"updates": 7}, {"batch_rows": 3, "accumulation": 4}])
def test_the_planned_passes_are_those_of_the_trainer(tiny_folder: Path, values: dict[str, int]) -> None:
    settings = changed(TrainSettings(epochs=2, batch_rows=4), values)
    student = load(tiny_folder)
    adapt(student, settings)
    rows = encode_all(student, ROWS, settings).rows
    trainer = Trainer(student, rows, settings)
    layout = trainer.layout
    lengths, answers = [len(row.tokens) for row in rows], [len(row.answers) for row in rows]
    planned = list(passes(lengths, answers, settings, layout.common, packed=layout.packed))
    assert len(planned) == trainer.steps
    for number, update in enumerate(planned):
        assert sum(one.answers for one in update) == sum(len(row.answers) for row in trainer.batch_rows(number))


def test_a_forecast_of_the_tiny_student_is_near_its_run(tiny_folder: Path) -> None:
    settings = TrainSettings(updates=12, batch_rows=4)
    both = compare(tiny_folder, ROWS, settings)
    assert both.memory[0] == pytest.approx(both.memory[1], rel=0.2)
    assert both.seconds[0] > 0


def test_a_hopeless_run_is_not_tried(tiny_folder: Path, tmp_path: Path) -> None:
    result = measure(tiny_folder, [(ROWS, ())], SETTINGS, tmp_path, room=100_000)
    assert (result.measured, result.seconds, result.verdict) == (False, None, "too large")
    assert result.updates == 15


def test_phases_are_added_up(tiny_folder: Path, tmp_path: Path) -> None:
    settings = TrainSettings(epochs=1, batch_rows=5)
    result = measure(tiny_folder, [(ROWS, ROWS[:2]), (ROWS[:5], ())], settings, tmp_path)
    assert (result.updates, result.measured, result.verdict) == (5, True, "fits")
    assert result.seconds
    assert result.as_values()["verdict"] == "fits"


def test_no_row_is_no_forecast(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="no row"):
        measure(tiny_folder, [([], [])], SETTINGS, tmp_path)


def test_the_shape_is_read_from_the_student(tiny_folder: Path) -> None:
    shape = shape_of(load(tiny_folder))
    assert (shape.vocabulary, shape.width, shape.inner, shape.heads, shape.layers) == (320, 64, 128, 4, 2)
    assert shape.weights == shape.parameters * shape.number
