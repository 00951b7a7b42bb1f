"""A run's record read as it grows, and what is said of it."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from desktop.trained import loss_of, record
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.files import append_lines, write_json
from espalier.training.alerts import alerts
from espalier.training.curves import Curves, CurvesReader, read_curves
from espalier.training.health import EARLY, health
from espalier.training.history import differences, read_note, write_note
from espalier.training.progress import EVENTS, RunRecord, Told, TrainEvent, Update, Validated
from espalier.training.run import Run


def lines_of(events: list[TrainEvent]) -> list[dict[str, object]]:
    return [{"event": type(event).__name__, **asdict(event)} for event in events]


def run_with(folder: Path, events: list[TrainEvent]) -> Run:
    append_lines(folder / EVENTS, lines_of(events))
    return Run(folder, {})


def test_a_record_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    events = record("learning", 120, 600)
    reader = CurvesReader(run_with(tmp_path, events[:80]))
    assert not reader.read()
    first = len(reader.curves.steps)
    with (tmp_path / EVENTS).open("ab") as file:
        file.write(b'{"event": "Upd')
    assert not reader.read()
    assert len(reader.curves.steps) == first
    append_lines(tmp_path / EVENTS, lines_of(events[80:]))
    assert not reader.read()
    assert reader.curves == read_curves(Run(tmp_path, {}))
    assert reader.curves.steps == list(range(1, 121))
    assert reader.curves.losses[-1] == loss_of(120, "learning")
    assert [score.step for score in reader.curves.scores] == [50, 100]
    assert [step for step, _ in reader.curves.probed] == [0, 50, 100]


def test_a_record_that_was_cut_back_is_read_anew(tmp_path: Path) -> None:
    reader = CurvesReader(run_with(tmp_path, record("learning", 120, 600)))
    reader.read()
    resumed = RunRecord(tmp_path, 100)
    resumed.add(Update(101, 600, 0.5, 1e-3, 1.0, 900, 0.8, 1))
    resumed.flush()
    reader.read()
    assert reader.curves.steps == list(range(1, 102))
    assert reader.curves.losses[-1] == 0.5


def test_a_long_record_is_read_in_slices(tmp_path: Path) -> None:
    run = run_with(tmp_path, record("learning", 400, 400))
    reader = CurvesReader(run)
    calls = 1
    while reader.read(0.0):
        calls += 1
    assert calls > 400
    assert reader.curves == read_curves(run)


def test_phases_are_counted_through(tmp_path: Path) -> None:
    for number, done in ((1, 60), (2, 30)):
        run_with(tmp_path / "phases" / str(number), record("learning", done, done))
    curves = read_curves(Run(tmp_path, {}))
    assert curves.steps == list(range(1, 91))
    assert curves.borders == [60]
    assert curves.total == 90
    assert curves.best is None  # the second phase was not scored yet


@given(st.lists(st.floats(0, 20), min_size=1, max_size=80), st.integers(1, 5000))
@settings(deadline=None, max_examples=30)
def test_the_smoothed_loss_is_a_mean_of_what_came_before(losses: list[float], steps: int) -> None:
    curves = Curves()
    for step, loss in enumerate(losses, 1):
        curves.take(asdict(Update(step, steps, loss, 1e-3, 1.0, 10, 0.1, 1)) | {"event": "Update"}, 0)
        assert min(losses[:step]) - 1e-9 <= curves.smoothed[-1] <= max(losses[:step]) + 1e-9
    assert curves.smoothed[0] == pytest.approx(losses[0])


@pytest.mark.parametrize("state", ["learning", "flat", "unstable", "overfitting"])
def test_a_run_is_said_to_do_as_it_does(state: str, tmp_path: Path) -> None:
    curves = read_curves(run_with(tmp_path, record(state, 300, 600)))
    assert health(curves).state == state


def test_a_retreat_is_unstable_for_a_while(tmp_path: Path) -> None:
    told = record("retreat", 100, 600)
    assert health(read_curves(run_with(tmp_path / "lately", told))).state == "unstable"
    later = [Update(step, 600, loss_of(step, "learning"), 1e-3, 1, 900, 0.8, 1) for step in range(101, 201)]
    assert health(read_curves(run_with(tmp_path / "later", [*told, *later]))).state == "learning"


def test_nothing_is_said_too_early(tmp_path: Path) -> None:
    assert health(Curves()).state == "early"
    assert health(read_curves(run_with(tmp_path / "a", record("unstable", EARLY - 1, 600)))).state == "early"
    assert health(read_curves(run_with(tmp_path / "b", record("learning", EARLY, 600)))).state != "early"


REAL = json.loads((Path(__file__).parents[1] / "data" / "real_curves.json").read_text())


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_runs_are_judged_as_a_person_would(name: str, tmp_path: Path) -> None:
    """Recorded with the starter model on the example; each with what a look at its chart says."""
    told = REAL[name]
    events: list[TrainEvent] = [
        Update(step, len(told["losses"]), loss, 1e-3, 1.0, 900, 0.8, 1) for step, loss in enumerate(told["losses"], 1)
    ]
    events += [Validated(step, loss, False) for step, loss in told["scores"]]
    assert health(read_curves(run_with(tmp_path, events))).state == told["state"]


def test_alerts_tell_only_what_was_seen(tmp_path: Path) -> None:
    calm = run_with(tmp_path / "calm", record("learning", 300, 600))
    assert alerts(calm, read_curves(calm), 64 << 30) == []
    cut: list[TrainEvent] = [Told(0, "Rows of more than 60 tokens: 3. What is beyond that is not learned.", "cut")]
    loud = run_with(tmp_path / "loud", [*cut, *record("overfitting", 300, 600, memory=60 << 30)])
    found = alerts(loud, read_curves(loud), 64 << 30)
    assert [alert.kind for alert in found] == ["memory", "held-out", "cut"]
    assert found[1].step == 150
    (tmp_path / "loud" / "adapter").mkdir()
    write_json(tmp_path / "loud" / "adapter" / "made.json", {"updates": 150, "stopped": True, "held_out_loss": 1.0})
    assert [alert.kind for alert in alerts(loud, read_curves(loud), 640 << 30)] == ["not the last", "cut"]


def test_runs_differ_in_what_they_were_made_with() -> None:
    def run(**values: object) -> Run:
        return Run(Path("x"), {"student": "s", "settings": {"epochs": 5, **values}, "curriculum": {"replay": 0.5}})

    runs = {"a": run(lora={"rank": 8, "keys": []}), "b": run(lora={"rank": 16, "keys": []}), "c": run(epochs=9)}
    found = differences(runs)
    assert found == {"epochs": {"a": 5, "b": 5, "c": 9}, "lora.rank": {"a": 8, "b": 16, "c": 16}}


def test_a_note_is_kept_in_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, {})
    write_note(run, "Rank 8 was enough.\n\n")
    assert read_note(run) == "Rank 8 was enough."
    assert (tmp_path / "note.txt").read_text() == "Rank 8 was enough.\n"
    write_note(run, " ")
    assert read_note(run) == ""
    assert not list(tmp_path.iterdir())
