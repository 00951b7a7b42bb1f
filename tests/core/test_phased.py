"""Runs in phases on the tiny student: each begins with what the last one chose, and none is trained twice."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from desktop.lived_in import write_samples

import espalier.metal  # first: it prepares the process for MLX
from espalier import stages
from espalier.errors import Cancelled, EspalierError
from espalier.language import TrainRow
from espalier.messages import Event, Note
from espalier.metal import bench_replay
from espalier.metal.backend import MlxBackend
from espalier.project import Project, open_project, write_settings
from espalier.synthesis.practice import Practice
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.hosts import Hosts
from espalier.training.mixture import Mixture, mix
from espalier.training.progress import Tell, TrainEvent, Update
from espalier.training.run import Run, find_run, open_run
from espalier.training.settings import TrainSettings

assert espalier.metal
VALUES = {"phases": "lab", "epochs": 1, "lora.rank": 2, "replay": 0.1, "batch_rows": 16, "save_every": 2}


class Counting(MlxBackend):
    """The real backend; counts updates and stops where it is told to."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.updates: list[str] = []
        self._stop_after = stop_after

    def train(
        self,
        model: Path,
        rows: Sequence[TrainRow],
        settings: TrainSettings,
        run: Path,
        tell: Tell,
        held_out: Sequence[TrainRow] = (),
        earlier: Path | None = None,
        hosts: Hosts | None = None,
        probes: Sequence[str] = (),
    ) -> None:
        def count(event: TrainEvent) -> None:
            tell(event)
            if isinstance(event, Update):
                self.updates.append(run.name)
                if len(self.updates) >= self._stop_after:
                    raise Cancelled

        super().train(model, rows, settings, run, count, held_out, earlier, hosts, probes)


@pytest.fixture
def project(example: Path, tiny_folder: Path) -> Project:
    made = replace(open_project(example), student=str(tiny_folder), training=VALUES)
    write_settings(made)
    return made


@pytest.fixture
def practice(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[Practice]:
    monkeypatch.setattr(stages, "mix", lambda *arguments: holding_out(mix(*arguments)))
    parts = [write_samples(project, leaf) for leaf in read_taxonomy(project.taxonomy)]
    return [replace(part, rows=part.rows[:24]) for part in parts]


def holding_out(mixture: Mixture) -> Mixture:
    """Hold out every ninth row: of so few samples, none would be."""
    rows = mixture.train
    return replace(mixture, train=tuple(row for n, row in enumerate(rows) if n % 9), held_out=rows[::9])


def train(project: Project, practice: list[Practice], backend: MlxBackend) -> tuple[Run, list[Event]]:
    told: list[Event] = []
    return stages.train(project, backend, told.append, practice), told


def weights(folder: Path) -> dict[str, Any]:
    return dict(mx.load(str(folder / "adapters.safetensors")))


def same(first: Path, second: Path) -> bool:
    one, other = weights(first), weights(second)
    return one.keys() == other.keys() and all(mx.array_equal(one[name], other[name]).item() for name in one)


def test_a_run_in_phases_is_the_same_when_it_was_cut_off_and_no_phase_is_trained_twice(
    project: Project, practice: list[Practice], tmp_path: Path
) -> None:
    whole = Counting()
    run, told = train(project, practice, whole)
    journal = json.loads((run.folder / "phases.json").read_text())
    assert [phase["name"] for phase in journal] == ["knowledge", "skills"]
    assert journal[1]["repeated"]["knowledge"] == round(0.1 * journal[0]["rows"])
    assert any(isinstance(event, Note) and "Phase 2 of 2: skills" in event.text for event in told)
    assert run.adapter
    assert same(run.adapter, run.phase_folder(2) / journal[1]["chosen"])
    assert not same(run.adapter, run.phase_folder(1) / journal[0]["chosen"])
    assert train(project, practice, whole)[0].folder == run.folder
    count = len(whole.updates)

    run.folder.rename(tmp_path / "away")
    first = whole.updates.count("1")
    cut = Counting(stop_after=first + 2)
    with pytest.raises(Cancelled):
        train(project, practice, cut)
    rest = Counting()
    again, _ = train(project, practice, rest)
    assert again.adapter
    assert set(rest.updates) == {"2"}
    assert len(rest.updates) <= count - first
    assert same(again.adapter, tmp_path / "away" / "adapter")


def test_the_checkpoint_of_a_phase_is_the_one_with_the_lowest_held_out_loss(
    project: Project, practice: list[Practice]
) -> None:
    run, _ = train(project, practice, Counting())
    for number in (1, 2):
        lines = [json.loads(line) for line in (run.phase_folder(number) / "events.jsonl").read_text().splitlines()]
        losses = {line["step"]: line["loss"] for line in lines if line["event"] == "Validated"}
        journal = json.loads((run.folder / "phases.json").read_text())[number - 1]
        assert losses[journal["updates"]] == min(losses.values()) == journal["held_out_loss"]


def test_finishing_early_keeps_what_the_phase_has_learned_and_leaves_out_the_rest(
    project: Project, practice: list[Practice]
) -> None:
    with pytest.raises(Cancelled):
        train(project, practice, Counting(stop_after=2))
    run = stages.finish(project, Counting(), lambda event: None)
    assert run.adapter
    assert [phase["name"] for phase in json.loads((run.folder / "phases.json").read_text())] == ["knowledge"]


def test_a_run_in_phases_can_be_extended(project: Project, practice: list[Practice]) -> None:
    run, _ = train(project, practice, Counting())
    more = Counting()
    extended = stages.extend(project, more, lambda event: None, 3)
    assert len(more.updates) == 3
    assert extended.adapter
    assert run.adapter
    assert not same(extended.adapter, run.adapter)


def test_another_curriculum_or_other_general_data_is_another_run(project: Project, practice: list[Practice]) -> None:
    mixture, settings, curriculum = stages.lesson(project, practice)
    open_run(project, mixture, settings, {}, curriculum)
    assert find_run(project, mixture, settings, curriculum)
    assert not find_run(project, mixture, settings, replace(curriculum, replay=0.2))
    project.general.write_text('{"question": "Who are you?", "answer": "A small model."}\n')
    with_general, _, _ = stages.lesson(project, practice)
    assert [row.origin for row in with_general.general] == ["general"]
    assert not find_run(project, with_general, settings, curriculum)


def test_general_data_that_cannot_be_read_is_said(project: Project, practice: list[Practice]) -> None:
    project.general.write_text('{"text": "hm"}\n')
    with pytest.raises(EspalierError, match=r"general\.jsonl, line 1: .*Mend the line"):
        stages.lesson(project, practice)


def test_the_bench_of_replays_trains_the_knowledge_once(
    project: Project, practice: list[Practice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_replay, "generate", lambda *arguments: practice)
    told: list[Event] = []
    result = bench_replay.bench_replay(told.append, project)
    assert list(result["replay"]) == ["after knowledge", "after skills, replay 0.5", "after skills, replay 0"]
    assert result["asked"] == 24
    first, second = sorted(project.runs.iterdir())
    assert same(first / "phases" / "1" / "adapter", second / "phases" / "1" / "adapter")
    assert not same(first / "adapter", second / "adapter")
    assert sum("Phase 1 of 2" in event.text for event in told if isinstance(event, Note)) == 1
