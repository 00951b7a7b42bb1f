"""What of a run was made to be shared, and where it was published: the records beside the run."""

import shutil
from pathlib import Path
from typing import Any

from espalier.files import append_lines, read_lines
from espalier.messages import Emit, Stage
from espalier.project import Project
from espalier.sharing.export import Writer, make_form, run_named
from espalier.sharing.forms import FORMS, offered
from espalier.sharing.records import exports
from espalier.training.fingerprint import fingerprint
from espalier.training.run import Run, all_runs

PUBLISHED = "published.jsonl"


def folder_of(run: Run, form: str) -> Path:
    """Return where a form is kept that is published."""
    return run.folder / "share" / form


def made(run: Run, form: str) -> dict[str, Any] | None:
    """Return the record of a form that is ready to be published, None when it has to be made (again)."""
    folder = folder_of(run, form)
    if run.adapter is None or not folder.is_dir() or folder.is_symlink() or _is_older(folder, run, form):
        return None
    mine = [each for each in exports(run) if each["form"] == form and each.get("folder") == str(folder.absolute())]
    if not mine or mine[-1].get("adapter") != fingerprint(run.adapter):
        return None
    sizes = {str(file["path"]): file["bytes"] for file in mine[-1].get("files", ())}
    return mine[-1] if sizes == {path: _size(folder / path) for path in sizes} else None


def _is_older(folder: Path, run: Run, form: str) -> bool:
    """Return whether what a form is made of, beside the adapter, changed since."""
    if form not in ("fused-4bit", "report"):
        return False
    sources = [*run.folder.glob("*.json"), *(run.quantized.iterdir() if run.quantized else ())]
    return any(source.stat().st_mtime > folder.stat().st_mtime for source in sources)


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else -1


def ensure(project: Project, run: Run, writer: Writer, form: str, emit: Emit, base: str = "") -> dict[str, Any]:
    """Return the record of a form, made now when it is not there or belongs to an older adapter.

    Raises:
        EspalierError: the run cannot have it.
    """
    if record := made(run, form):
        emit(Stage("export", FORMS[form].title, is_fresh=True, run=run.folder.name))
        return record
    shutil.rmtree(folder_of(run, form), ignore_errors=True)
    return make_form(project, run, writer, form, folder_of(run, form), emit, base)


def forms_of(run: Run) -> list[dict[str, Any]]:
    """Return every form as `espalier.sharing.forms.offered` does, each with its record as ``made`` or None."""
    return [{**form, "made": made(run, str(form["form"]))} for form in offered(run)]


def keep_record(run: Run, record: dict[str, Any]) -> None:
    """Add a publication to the run's history."""
    append_lines(run.folder / PUBLISHED, [record])


def published(project: Project, repo: str = "", kind: str = "") -> list[dict[str, Any]]:
    """Return the publications of all of a project's runs, oldest first; of one repository where it is named."""
    found = []
    for run in all_runs(project):
        for record in read_lines(run.folder / PUBLISHED):
            if isinstance(record, dict) and repo in ("", record.get("repo")) and kind in ("", record.get("kind")):
                found.append({**record, "run": run.folder.name})
    return sorted(found, key=lambda record: str(record.get("when", "")))


def survey(project: Project, run_name: str = "") -> dict[str, Any]:
    """Return what a project has to share, as plain values; nothing is asked of the Hub.

    Raises:
        EspalierError: there is no such run.
    """
    runs = [run for run in all_runs(project) if run.adapter]
    run = run_named(project, run_name) if runs or run_name else None
    return {
        "run": run.folder.name if run else "",
        "runs": [each.folder.name for each in runs],
        "forms": forms_of(run) if run else [],
        "published": published(project),
    }
