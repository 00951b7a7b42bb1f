"""A project's rows into files that other programs read."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.synthesis.final import Final
from espalier.synthesis.imported import is_imported

FORMS = ("messages", "instructlab", "mlx", "csv")
COLUMNS = ("leaf", "question", "answer", "context", "state", "reason", "origin")


def export(rows: Sequence[Final], form: str, target: Path) -> int:
    """Write rows to a file and return how many; the file is whole or not there.

    Args:
        rows: in order; only ``csv`` tells those that are learned from the others.
        form: messages (as ``ilab data generate`` writes them), instructlab (its train files: system, user,
            assistant), mlx (chat rows for mlx-lm) or csv.
        target: the file.

    Raises:
        EspalierError: there is nothing to write, or no such form.
    """
    if form not in FORMS:
        raise EspalierError(f"There is no form {form}. Choose one of {', '.join(FORMS)}.")
    if not rows:
        raise EspalierError("There is no sample to export. Generate samples, or keep some in Review.")
    if form == "csv":
        text = _csv(rows)
    else:
        make = {"messages": _messages, "instructlab": _train, "mlx": _chat}[form]
        text = "".join(json.dumps(make(row), ensure_ascii=False) + "\n" for row in rows)
    write_text(target, text)
    return len(rows)


def _turns(row: Final) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": row.sample.request},
        {"role": "assistant", "content": row.sample.answer},
    ]


def _messages(row: Final) -> dict[str, Any]:
    about = {"leaf": row.sample.leaf, "state": row.state.value, "source": row.sample.source}
    metadata = json.dumps(about, ensure_ascii=False)
    return {"id": row.drawn.key, "messages": _turns(row), "metadata": metadata, "unmask": False}


def _train(row: Final) -> dict[str, str]:
    return {"system": "", "user": row.sample.request, "assistant": row.sample.answer}


def _chat(row: Final) -> dict[str, Any]:
    return {"messages": _turns(row)}


def _csv(rows: Sequence[Final]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        sample = row.sample
        reason = sample.failure.reason if sample.failure else ""
        origin = "imported" if is_imported(sample) else "teacher" if sample.is_written else "document"
        writer.writerow([sample.leaf, sample.question, sample.answer, sample.context, row.state.value, reason, origin])
    return file.getvalue()
