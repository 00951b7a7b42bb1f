"""Training runs on disk: one folder each, found again by the key of what they are made from."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import whole_folder, write_json, write_text
from espalier.project import Project, content_key
from espalier.training.mixture import Mixture
from espalier.training.plan import TrainSettings


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
        """Return the 4-bit student's folder, None while there is none."""
        return whole_folder(self.folder / "model-4bit")

    @property
    def report(self) -> Path:
        """Return where the evaluation is, or will be."""
        return self.folder / "report.json"


def open_run(project: Project, mixture: Mixture, settings: TrainSettings, versions: dict[str, str]) -> Run:
    """Return the run of this mixture and these settings; a new one when there is none yet."""
    found = find_run(project, mixture, settings)
    if found:
        return found
    rows = [asdict(row) for row in mixture.train]
    key = _run_key(project, mixture, settings)
    folder = project.runs / time.strftime("%Y-%m-%dT%H-%M-%S")
    count = 1
    while folder.exists():
        folder = folder.with_name(f"{folder.name.split('_')[0]}_{count}")
        count += 1
    write_text(folder / "train.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    held_out = [json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in mixture.held_out]
    write_text(folder / "heldout.jsonl", "".join(held_out))
    request = {"key": key, "student": project.student, "settings": asdict(settings), "versions": versions}
    write_json(folder / "request.json", request)
    return Run(folder, request)


def find_run(project: Project, mixture: Mixture, settings: TrainSettings) -> Run | None:
    """Return the run of this mixture and these settings, None when there is none yet."""
    key = _run_key(project, mixture, settings)
    return next((run for run in all_runs(project) if run.request.get("key") == key), None)


def _run_key(project: Project, mixture: Mixture, settings: TrainSettings) -> str:
    return content_key([asdict(row) for row in mixture.train], asdict(settings), project.student)


def all_runs(project: Project) -> list[Run]:
    """Return the project's runs, oldest first; folders without a readable request are left out."""
    runs = []
    for path in sorted(project.runs.glob("*/request.json")):
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
