from datetime import datetime
from pathlib import Path

from espalier.project import open_project
from espalier.training.curriculum import Curriculum
from espalier.training.mixture import Mixture, Row
from espalier.training.run import all_runs, is_ahead_of_clock, open_run
from espalier.training.settings import TrainSettings

ROW = Row("skill", "Who?", "Ada.", "Who?")


def test_a_run_that_is_made_after_the_clock_was_moved_back_is_still_the_newest(example: Path) -> None:
    project = open_project(example)
    settings, curriculum = TrainSettings(), Curriculum()
    first = open_run(project, Mixture((ROW,), (), 0), settings, {}, curriculum)
    assert not is_ahead_of_clock(first)
    assert abs((datetime.strptime(first.folder.name, "%Y-%m-%dT%H-%M-%S") - datetime.now()).total_seconds()) < 600
    first.folder.rename(project.runs / "2099-12-31T23-59-58")
    second = open_run(project, Mixture((ROW, ROW), (), 0), settings, {}, curriculum)
    third = open_run(project, Mixture((ROW, ROW, ROW), (), 0), settings, {}, curriculum)
    assert [run.folder.name for run in all_runs(project)] == [
        "2099-12-31T23-59-58",
        "2099-12-31T23-59-59",
        "2100-01-01T00-00-00",
    ]
    assert [run.folder for run in all_runs(project)][1:] == [second.folder, third.folder]
    assert is_ahead_of_clock(third)
    (project.runs / "not a run").mkdir()
    assert open_run(project, Mixture((ROW,) * 4, (), 0), settings, {}, curriculum).folder.name == "2100-01-01T00-00-01"
