"""Training runs on disk: one folder each, found again by the key of what they are made from."""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import read_lines, whole_folder, write_json, write_text
from espalier.models.folder import cached_commit
from espalier.project import Project, content_key
from espalier.quantization.store import chosen_folder
from espalier.training.curriculum import Curriculum, Phase, phases
from espalier.training.mixture import Mixture, Row, row_of
from espalier.training.settings import LOW_RANK, TrainSettings, changed, check_settings

PLAN = "plan.json"
_NAME = "%Y-%m-%dT%H-%M-%S"  # of a run's folder; the newest run is the last by name
_CLOSE = timedelta(minutes=1)  # runs that begin in the same second are named seconds apart


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        folder: ``runs/<timestamp>``.
        request: everything that made it: settings, seeds, versions, keys.
    """

    folder: Path
    request: dict[str, Any]

    @property
    def adapter(self) -> Path | None:
        """Return the finished adapter's folder, None while there is none."""
        return whole_folder(self.folder / "adapter")

    @property
    def quantized(self) -> Path | None:
        """Return the folder of the quantized student that the run uses, None while there is none."""
        return chosen_folder(self.folder)

    @property
    def best(self) -> Path | None:
        """Return the folder of the adapter with the lowest held-out loss, None while nothing was scored."""
        return whole_folder(self.folder / "best")

    @property
    def made(self) -> dict[str, Any]:
        """Return what is known of the adapter: the updates that it had, ``of`` how many, whether it was ``stopped``.

        ``held_out_loss`` is there when the best checkpoint was taken; {} while there is no adapter.
        """
        folder = self.adapter
        try:
            found = json.loads((folder / "made.json").read_text(encoding="utf-8")) if folder else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def checkpoint(self) -> Path | None:
        """Return the folder of the last checkpoint, None before the first."""
        return whole_folder(self.folder / "checkpoint")

    @property
    def earlier(self) -> Path | None:
        """Return the checkpoint of the run that this one goes on from, None when it begins afresh."""
        name = self.request.get("extends")
        return whole_folder(self.folder.parent / name / "checkpoint") if name else None

    @property
    def settings(self) -> TrainSettings:
        """Return the run's settings.

        Raises:
            EspalierError: another version of Espalier wrote them.
        """
        return changed(TrainSettings(), self.request["settings"])

    def rows(self, part: str) -> list[Row]:
        """Return the rows of ``train``, ``heldout`` or ``general``, as they were when the run was made."""
        return [row_of(line) for line in read_lines(self.folder / f"{part}.jsonl")]

    @property
    def phases(self) -> list[Phase]:
        """Return the run's phases in order; the same whenever it is asked."""
        curriculum = Curriculum(**self.request.get("curriculum", {}))
        mixture = Mixture(tuple(self.rows("train")), tuple(self.rows("heldout")), 0, tuple(self.rows("general")))
        return phases(mixture, curriculum, self.settings.seed)

    @property
    def phase_names(self) -> list[str]:
        """Return the names of the phases of a run that has several and was begun, else []."""
        try:
            found = json.loads((self.folder / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [str(name) for name in found] if isinstance(found, list) else []

    def phase_folder(self, number: int) -> Path:
        """Return the folder of a phase, counted from 1, in a run that has several."""
        return self.folder / "phases" / str(number)

    @property
    def at_work(self) -> Path:
        """Return the folder that is, or will next be, trained: the run's own, or that of its first open phase."""
        begun = sorted((self.folder / "phases").glob("*"), key=lambda folder: (len(folder.name), folder.name))
        return next((folder for folder in begun if not whole_folder(folder / "adapter")), self.folder)

    @property
    def report(self) -> Path:
        """Return where the evaluation is, or will be."""
        return self.folder / "report.json"


def open_run(
    project: Project, mixture: Mixture, settings: TrainSettings, versions: dict[str, str], curriculum: Curriculum
) -> Run:
    """Return the run of this mixture, settings and curriculum; a new one when there is none yet."""
    found = find_run(project, mixture, settings, curriculum)
    if found:
        return found
    key = _run_key(project, mixture, settings, curriculum)
    return _new_run(project, key, mixture, settings, versions, curriculum=asdict(curriculum))


def extend_run(project: Project, updates: int, versions: dict[str, str]) -> Run:
    """Return a run that makes so many more updates after the end of the newest one, with its rows and settings.

    Raises:
        EspalierError: the newest run is not finished, or keeps no optimizer to go on with.
    """
    runs = all_runs(project)
    newest = runs[-1] if runs else None
    if newest and newest.request.get("extends") and not newest.adapter and newest.settings.updates == updates:
        return newest
    if not newest or not newest.adapter or not newest.checkpoint:
        raise EspalierError(
            f"{project.root} has no finished training to go on from. `espalier train {project.root}` finishes it."
        )
    settings = check_settings(changed(newest.settings, {"updates": updates}))
    name = newest.folder.name
    key = content_key(newest.request["key"], asdict(settings), name)
    rows = (row for phase in newest.phases for row in phase.rows)
    mixture = Mixture(tuple(rows), tuple(newest.rows("heldout")), 0)
    return _new_run(project, key, mixture, settings, versions, student=newest.request["student"], extends=name)


def stopped_run(project: Project) -> Run:
    """Return the newest run, which was stopped on its way.

    Raises:
        EspalierError: it is finished, or there is none.
    """
    runs = all_runs(project)
    if not runs or runs[-1].adapter or not whole_folder(runs[-1].at_work / "checkpoint"):
        raise EspalierError(f"{project.root} has no training that was stopped. There is nothing to finish.")
    return runs[-1]


def _new_run(
    project: Project,
    key: str,
    mixture: Mixture,
    settings: TrainSettings,
    versions: dict[str, str],
    **more: Any,
) -> Run:
    folder = free_folder(project)
    for name, rows in (("train", mixture.train), ("heldout", mixture.held_out), ("general", mixture.general)):
        lines = [json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows]
        write_text(folder / f"{name}.jsonl", "".join(lines))
    request: dict[str, Any] = {"key": key, "student": project.student, "settings": asdict(settings), **more}
    request["versions"] = versions
    if commit := cached_commit(project.student):
        request["revision"] = commit
    if settings.method in LOW_RANK:
        request["alpha"] = settings.lora.alpha
    write_json(folder / "request.json", request)
    return Run(folder, request)


def _name_after(names: Iterable[str]) -> str:
    """Return the name of a new run: the time, or a second after the newest run where the clock is behind that."""
    moment = datetime.now().replace(microsecond=0)
    for name in names:
        with contextlib.suppress(ValueError):
            moment = max(moment, datetime.strptime(name.partition("_")[0], _NAME) + timedelta(seconds=1))
    return moment.strftime(_NAME)


def is_ahead_of_clock(run: Run) -> bool:
    """Return whether a run was named for a later time than it is, because somebody moved the clock back."""
    try:
        moment = datetime.strptime(run.folder.name.partition("_")[0], _NAME)
    except ValueError:
        return False
    return moment > datetime.now() + _CLOSE


def free_folder(project: Project) -> Path:
    """Return where a run that begins now would be; nothing is there yet."""
    return project.runs / _name_after(path.name for path in project.runs.glob("*"))


def find_run(project: Project, mixture: Mixture, settings: TrainSettings, curriculum: Curriculum) -> Run | None:
    """Return the run of this mixture, settings and curriculum, None when there is none yet."""
    key = _run_key(project, mixture, settings, curriculum)
    return next((run for run in all_runs(project) if run.request.get("key") == key), None)


def _run_key(project: Project, mixture: Mixture, settings: TrainSettings, curriculum: Curriculum) -> str:
    rows = [[asdict(row) for row in part] for part in (mixture.train, mixture.general)]
    return content_key(*rows, asdict(settings), asdict(curriculum), project.student)


def all_runs(project: Project) -> list[Run]:
    """Return the project's runs, oldest first; folders without a readable request are left out, and hidden ones."""
    runs = []
    for path in sorted(project.runs.glob("[!.]*/request.json")):
        try:
            runs.append(Run(path.parent, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue
    return runs


def latest_trained(project: Project) -> Run:
    """Return the newest run that has an adapter.

    Raises:
        EspalierError: there is none.
    """
    trained = [run for run in all_runs(project) if run.adapter]
    if not trained:
        raise EspalierError(f"{project.root} has no trained adapter yet. `espalier tune {project.root}` makes one.")
    return trained[-1]
