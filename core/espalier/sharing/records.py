"""What of a run was written for other programs, as its ``exports.jsonl`` keeps it."""

from typing import Any

from espalier.files import read_lines
from espalier.models.folder import find_model
from espalier.sharing.base import is_public_name, public_base
from espalier.training.run import Run

RECORD = "exports.jsonl"


def exports(run: Run) -> list[dict[str, Any]]:
    """Return the records of all forms of a run that were written, oldest first."""
    return [record for record in read_lines(run.folder / RECORD) if isinstance(record, dict) and "form" in record]


def base_of(run: Run) -> str:
    """Return the public name of the run's student in floats, "" where neither the model nor a person told it."""
    told = [str(record["base"]) for record in exports(run) if record.get("base")]
    if told:
        return told[-1]
    name = str(run.request["student"])
    imported = run.request.get("imported")
    said = str(imported.get("base", "")) if isinstance(imported, dict) else ""
    return public_base(find_model(name), name) or (said if is_public_name(said) else "")
