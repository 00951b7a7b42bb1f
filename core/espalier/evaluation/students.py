"""The three students of a run, each with the journal of what it has answered; and the judge."""

from collections.abc import Callable
from pathlib import Path

from espalier.evaluation.respondent import Respondent
from espalier.language import Backend, LanguageModel
from espalier.messages import Emit
from espalier.models.folder import find_model
from espalier.project import Project, content_key
from espalier.teachers.endpoint import is_endpoint
from espalier.teachers.opening import open_model
from espalier.training.run import Run


def students(
    project: Project, run: Run, backend: Backend, emit: Emit, small: Path | None = None
) -> dict[str, Respondent]:
    """Return the base, the tuned and, where there is one, the 4-bit student; none is loaded yet.

    What the base has answered in any run counts for all, since training does not change it.

    Args:
        project: whose student is the base where the run does not say.
        run: whose students.
        backend: loads them.
        emit: told what they do.
        small: folder of a quantized student; the one that the run uses by default.

    Raises:
        EspalierError: the student of the run is not on this machine.
    """
    base = find_model(run.request.get("student", project.student))
    adapter, small = run.adapter, small or run.quantized
    models: dict[str, tuple[Callable[[], LanguageModel], list[Path]]] = {"base": (lambda: backend.load(base), [base])}
    if adapter:
        models["tuned"] = (lambda: backend.load(base, adapter), [base, adapter])
    if small:
        models["4-bit"] = (lambda: backend.load(small), [small])
    found = {}
    for name, (load, folders) in models.items():
        journal = run.folder / "answers" / f"{name}-{stamp(*folders)}.jsonl"
        others = sorted(project.runs.glob(f"*/answers/{journal.name}")) if name == "base" else []
        found[name] = Respondent(name, load, journal, emit, others)
    return found


def judge(project: Project, run: Run, backend: Backend, emit: Emit) -> Respondent:
    """Return the project's critic, ready to judge answers; it is not loaded yet."""
    setting = project.judge
    key = content_key(setting) if is_endpoint(setting) else stamp(find_model(setting))
    journal = run.folder / "answers" / f"judge-{key}.jsonl"
    return Respondent("judge", lambda: open_model(setting, project, backend, emit), journal, emit)


def judges_itself(project: Project, run: Run) -> bool:
    """Return whether the critic is the very model that learned, so that its verdicts on itself count for little."""
    return bool(project.judge == run.request.get("student", project.student))


def stamp(*folders: Path) -> str:
    """Return a key that changes with the weights in these folders."""
    files = sorted(file for folder in folders for file in folder.glob("*.safetensors"))
    return content_key([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files])
