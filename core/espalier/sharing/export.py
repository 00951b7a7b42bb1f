"""Write a form of a run's result: whole, compared with the running model, and recorded, or not at all."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from espalier.demo import check_room
from espalier.errors import EspalierError
from espalier.evaluation.general import general_texts
from espalier.files import append_lines
from espalier.language import Message, TrainRow
from espalier.messages import Emit, Progress, Stage
from espalier.models.folder import find_model
from espalier.models.new_folder import new_folder
from espalier.project import Project
from espalier.sharing.base import is_public_name, is_rounded
from espalier.sharing.check import Check
from espalier.sharing.dataset import write_dataset
from espalier.sharing.forms import estimate, form_named, kind_of, refusal
from espalier.sharing.records import RECORD, base_of
from espalier.sharing.run_report import write_run_report
from espalier.training.conversations import train_row
from espalier.training.fingerprint import fingerprint
from espalier.training.run import Run, all_runs, latest_trained

WORK = ("asking the student", "writing", "reading it back")
ROWS = 4  # of the run, on which a form is compared
_SPARE = 20_000_000  # bytes that stay free


@dataclass(frozen=True)
class Made:
    """What a form is made of.

    Attributes:
        student: the model's folder.
        adapter: the run's, or all weights, or a soft prompt.
        kind: of the adapter, one of `espalier.sharing.forms.KINDS`.
        base: the student's public name, "" where it is not known.
        on_packed: the adapter learned on a base of 4 bits, and the public one is in floats.
        rows: conversations on which the form is compared with the running model.
        quantized: folder of the small student, None while there is none.
        tell: told what is begun, one of `WORK`.
    """

    student: Path
    adapter: Path
    kind: str
    base: str
    on_packed: bool
    rows: tuple[TrainRow, ...]
    quantized: Path | None = None
    tell: Callable[[str], None] = lambda work: None


class Writer(Protocol):
    """Writes the forms that need a model."""

    def write_form(self, form: str, made: Made, destination: Path) -> Check:
        """Write a form into an empty folder and return how it compares with the running model.

        Raises:
            EspalierError: what was trained has no such form.
        """


PLAIN: Mapping[str, Callable[[Project, Run, Path], Check]] = {"dataset": write_dataset, "report": write_run_report}
"""What writes the forms that need no model, by name."""


def run_named(project: Project, name: str = "") -> Run:
    """Return a run that has an adapter, by its folder's name; the newest for "".

    Raises:
        EspalierError: there is none.
    """
    if not name:
        return latest_trained(project)
    found = next((run for run in all_runs(project) if run.folder.name == name), None)
    if found is None:
        raise EspalierError(f"{project.root} has no run {name}. Choose another.")
    if found.adapter is None:
        raise EspalierError(f"The run {name} is not finished. Train it to its end, or choose another.")
    return found


def make_form(
    project: Project, run: Run, writer: Writer, form: str, destination: Path, emit: Emit, base: str = ""
) -> dict[str, Any]:
    """Write a form into a new folder and return its record, which the run's ``exports.jsonl`` keeps too.

    Args:
        project: of the run.
        run: whose result.
        writer: writes what needs a model.
        form: its name.
        destination: folder, which is whole or not there.
        emit: told what is done.
        base: the student's public name where nothing tells it; once given it is remembered.

    Raises:
        EspalierError: the run cannot have the form, there is no room, the folder exists, or the form was found to
            compute something else than the running model.
    """
    title = form_named(form).title
    if reason := refusal(run, form):
        raise EspalierError(reason)
    if base and not is_public_name(base):
        raise EspalierError(f"“{base}” is no name of a model on Hugging Face. Give it as OWNER/NAME.")
    assert run.adapter
    emit(Stage("export", title, run=run.folder.name))
    check_room(destination.absolute().parent, estimate(run, form) + _SPARE)
    base = base or base_of(run)
    with new_folder(destination) as folder:
        write = PLAIN.get(form)
        found = write(project, run, folder) if write else writer.write_form(form, _made(run, base, emit), folder)
        if found.verdict == "different":
            raise EspalierError(found.sentence)
        files = _files(folder)
    record = {
        "form": form,
        "folder": str(destination.absolute()),
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "adapter": fingerprint(run.adapter),
        "base": base,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "check": found.as_values(),
    }
    append_lines(run.folder / RECORD, [record])
    return record


def _made(run: Run, base: str, emit: Emit) -> Made:
    def tell(work: str) -> None:
        emit(Progress("export", WORK.index(work), len(WORK), "steps", detail=work))

    assert run.adapter
    student = find_model(run.request["student"])
    on_packed = is_rounded(student) or run.request.get("settings", {}).get("method") == "qlora"
    rows = [train_row(row) for row in run.rows("heldout")[:ROWS]] or _general()
    return Made(student, run.adapter, kind_of(run), base, on_packed, tuple(rows), run.quantized, tell)


def _general() -> list[TrainRow]:
    texts = general_texts()[:ROWS]
    return [TrainRow((*prompt.messages, Message("assistant", text))) for prompt, text in texts]


def _files(folder: Path) -> list[dict[str, Any]]:
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        found.append({"path": file.relative_to(folder).as_posix(), "bytes": file.stat().st_size, "sha256": digest})
    return found
