"""The training data as a dataset: what the run learned from, and apart from it what was held out."""

import json
from collections.abc import Sequence
from pathlib import Path

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier.sharing.check import Check
from espalier.sharing.dataset_card import GIVEN, dataset_card
from espalier.training.conversations import train_row
from espalier.training.mixture import Row
from espalier.training.run import Run


def write_dataset(project: Project, run: Run, destination: Path) -> Check:
    """Write ``data/train.jsonl``, ``data/test.jsonl`` and their card into an empty folder.

    Raises:
        EspalierError: the run learned from nothing but data that is not given away.
    """
    train, held_out = run.rows("train"), run.rows("heldout")
    kept = [row for row in train if row.origin in GIVEN]
    if not kept:
        raise EspalierError("The run learned from your own recipe alone, which is not given away. Share another form.")
    apart = [row for row in held_out if row.origin in GIVEN]
    write_text(destination / "README.md", dataset_card(project, run, project.root.name))
    write_text(destination / "data" / "train.jsonl", dataset_lines(kept))
    if apart:
        write_text(destination / "data" / "test.jsonl", dataset_lines(apart))
    told = f"{len(kept)} conversations to learn from and {len(apart)} that were held out."
    if left := len(train) + len(held_out) - len(kept) - len(apart):
        told = (
            f"{len(kept)} conversations to learn from and {len(apart)} that were held out; {left} of your own recipe "
            "were left out."
        )
    return Check("unchecked", None, None, told)


def dataset_lines(rows: Sequence[Row]) -> str:
    """Return conversations as JSON lines: ``messages`` as chat templates take them, ``leaf`` and ``origin``."""
    lines = []
    for row in rows:
        messages = [{"role": turn.role, "content": turn.content} for turn in train_row(row).messages]
        line = {"messages": messages, "leaf": row.leaf, "origin": row.origin}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)
