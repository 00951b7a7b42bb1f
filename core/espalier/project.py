"""The project folder: plain files that a person can read, and one writer at a time."""

import fcntl
import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.models.starter import STARTER
from espalier.settings import usable_settings

SETTINGS = "project.yaml"
DIALS = ("quick", "good", "thorough")


@dataclass(frozen=True)
class Project:
    """An open project.

    Attributes:
        root: its folder.
        student: name or path of the model that learns.
        teacher: the model that writes samples: name, path, or ``URL#model`` of an endpoint.
        dial: quick, good or thorough.
        critic: the model that judges samples, likewise; "" for the teacher.
        probes: held-out questions that a run answers at every checkpoint; None lets Espalier choose, () asks none.
        training: values that a person changed from the dial's, by name; see `espalier.training.dial`.
        pipeline: that writes the samples: a shipped one's name, or a file or folder, from the project's folder.
        quantize: values that a person changed in how the student is made small; see `espalier.quantization.settings`.
        thresholds: of the critic's checks, by name, where a person moved them; no part of the leaf key.
    """

    root: Path
    student: str = STARTER
    teacher: str = STARTER
    dial: str = "good"
    critic: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    pipeline: str = "compact"
    training: Mapping[str, Any] = field(default_factory=dict)
    quantize: Mapping[str, Any] = field(default_factory=dict)
    probes: tuple[str, ...] | None = None

    @property
    def judge(self) -> str:
        """Return the model that judges samples."""
        return self.critic or self.teacher

    @property
    def taxonomy(self) -> Path:
        """Return the folder of the leaves."""
        return self.root / "taxonomy"

    @property
    def documents(self) -> Path:
        """Return the folder of the imported documents; a leaf's are under its path."""
        return self.root / "documents"

    @property
    def samples(self) -> Path:
        """Return the folder of the samples, one file per leaf key."""
        return self.root / "samples"

    @property
    def imports(self) -> Path:
        """Return the folder of the rows that a person brought along; a leaf's are under its path."""
        return self.root / "imports"

    @property
    def runs(self) -> Path:
        """Return the folder of the training runs."""
        return self.root / "runs"

    @property
    def general(self) -> Path:
        """Return the file of the person's own general data, which is mixed in; it may be missing."""
        return self.root / "general.jsonl"

    @property
    def questions(self) -> Path:
        """Return the file of hand-written held-out questions; it may be missing."""
        return self.root / "questions.jsonl"


def create(root: Path) -> Project:
    """Make an empty project in a folder that is new or empty.

    Raises:
        EspalierError: something is in the way.
    """
    project = _with_default_models(_free(root))
    write_settings(project)
    for folder in (
        project.taxonomy / "knowledge",
        project.taxonomy / "compositional_skills",
        project.documents,
    ):
        folder.mkdir(parents=True, exist_ok=True)
    return project


def create_around(root: Path, bring: Callable[[Path], None]) -> Project:
    """Make a project around a taxonomy; nothing is left behind when that fails.

    Args:
        root: a folder that is new or empty.
        bring: puts the taxonomy into a folder that does not exist yet.

    Raises:
        EspalierError: something is in the way, or what ``bring`` raises.
    """
    _free(root).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.absolute().parent, prefix=".taxonomy-") as folder:
        made = _with_default_models(Path(folder, "project"))
        made.root.mkdir()
        bring(made.taxonomy)
        made.documents.mkdir()
        write_settings(made)
        made.root.rename(root)
    return open_project(root)


def _with_default_models(root: Path) -> Project:
    chosen = usable_settings()
    return Project(root, student=chosen.student, teacher=chosen.teacher, critic=chosen.critic)


def _free(root: Path) -> Path:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise EspalierError(f"{root} is not empty. Choose a new folder for the project.")
    return root


def write_settings(project: Project) -> None:
    """Write ``project.yaml``."""
    models = {"student": project.student, "teacher": project.teacher}
    settings: dict[str, Any] = {
        "version": 1,
        "dial": project.dial,
        "models": models | ({"critic": project.critic} if project.critic else {}),
    }
    if project.pipeline != "compact":
        settings["pipeline"] = project.pipeline
    if project.thresholds:
        settings["critic"] = {"thresholds": dict(project.thresholds)}
    if project.training:
        settings["training"] = dict(project.training)
    if project.quantize:
        settings["quantize"] = dict(project.quantize)
    if project.probes is not None:
        settings["probes"] = list(project.probes)
    write_text(project.root / SETTINGS, yaml.safe_dump(settings, sort_keys=False))


def open_project(root: Path) -> Project:
    """Return the project in a folder.

    Raises:
        EspalierError: there is none, or its settings cannot be read.
    """
    path = root / SETTINGS
    if not path.is_file():
        raise EspalierError(f"{root} is no Espalier project. `espalier new {root}` makes one.")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        models, dial = settings.get("models") or {}, settings.get("dial", "good")
        student, teacher = models.get("student", STARTER), models.get("teacher", STARTER)
        critic = models.get("critic") or ""
        thresholds = (settings.get("critic") or {}).get("thresholds") or {}
        training, quantize = settings.get("training") or {}, settings.get("quantize") or {}
        probes = settings.get("probes")
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, RecursionError) as error:
        raise EspalierError(f"{path} cannot be read as YAML settings. Mend or delete it.") from error
    if settings.get("version") != 1:
        raise EspalierError(_unknown_version(path, settings.get("version")))
    if dial not in DIALS:
        raise EspalierError(f"{path} has the dial {dial!r}. Choose one of {', '.join(DIALS)}.")
    if not isinstance(thresholds, dict) or not all(map(_is_finite, thresholds.values())):
        raise EspalierError(f"{path}: critic, thresholds must give each check a number, such as round trip: 0.3.")
    if not isinstance(training, dict):
        raise EspalierError(f"{path}: training must give each value its name, such as epochs: 5.")
    if not isinstance(quantize, dict):
        raise EspalierError(f"{path}: quantize must give each value its name, such as bits: 4.")
    if probes is not None and not (isinstance(probes, list) and all(isinstance(text, str) for text in probes)):
        raise EspalierError(f"{path}: probes must be a list of held-out questions; [] asks none.")
    moved = {str(name): float(value) for name, value in thresholds.items()}
    pipeline = str(settings.get("pipeline") or "compact")
    asked = None if probes is None else tuple(probes)
    return Project(root, str(student), str(teacher), dial, str(critic), moved, pipeline, training, quantize, asked)


def _unknown_version(path: Path, version: object) -> str:
    if isinstance(version, int) and version > 1:
        return f"{path} was made by a newer Espalier (version {version}; this one reads version 1). Update Espalier."
    return f"{path} is of version {version!r}; this Espalier reads version 1. Mend or delete it."


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@contextmanager
def locked(project: Project) -> Iterator[None]:
    """Hold the project for writing; the lock ends with the process.

    Raises:
        EspalierError: another process holds it, or the folder cannot be written.
    """
    try:
        file = (project.root / ".lock").open("w")
    except OSError as error:
        raise EspalierError(
            f"The project {project.root} cannot be written: {error.strerror}. Allow it, or copy the project."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EspalierError(
                f"Another Espalier is working on {project.root}. Wait until it is done, or stop it."
            ) from error
        yield


def is_held(project: Project) -> bool:
    """Return whether another process works on the project now."""
    try:
        with locked(project):
            return False
    except EspalierError:
        return True


def content_key(*parts: Any) -> str:
    """Return a short hash of plain values: the same values give the same key on every machine."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
