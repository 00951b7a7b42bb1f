"""``espalier samples``: a person's own rows into a project, and what a project has learned from out of it."""

import argparse
import json
import sys
from pathlib import Path

from espalier.project import Project, open_project
from espalier.synthesis.export_rows import FORMS, export
from espalier.synthesis.final import Final, learned_finals
from espalier.synthesis.import_rows import import_samples
from espalier.synthesis.on_disk import read_practice

MOST_TOLD = 20  # bad lines; more are counted


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the two actions to the command."""
    actions = command.add_subparsers(required=True, dest="action")
    bringing = actions.add_parser("import", help="bring your own questions and answers into a leaf")
    bringing.add_argument("project", type=Path)
    bringing.add_argument("leaf")
    bringing.add_argument("file", type=Path, metavar="FILE", help="JSON lines, a JSON list, or CSV")
    taking = actions.add_parser("export", help="write the samples that the student learns from")
    taking.add_argument("project", type=Path)
    taking.add_argument("--form", choices=FORMS, default="messages", help="what the file looks like")
    taking.add_argument("--to", type=Path, required=True, metavar="FILE")
    taking.add_argument("--leaf", default="", help="only this leaf")


def run(options: argparse.Namespace) -> int:
    """Carry out one action; return 0."""
    project = open_project(options.project)
    if options.action == "import":
        return _import(project, options.leaf.strip("/"), options.file, as_json=options.json)
    count = export(rows_to_export(project, options.form, options.leaf.strip("/")), options.form, options.to)
    print(f"{count} sample{'' if count == 1 else 's'} written to {options.to}.", file=sys.stderr)
    return 0


def rows_to_export(project: Project, form: str, only: str = "") -> list[Final]:
    """Return the rows that the student learns from; for ``csv``, which names each row's state, every row."""
    parts = read_practice(project, only)
    return [row for part in parts for row in (part.rows if form == "csv" else learned_finals(part.rows))]


def _import(project: Project, leaf: str, file: Path, *, as_json: bool) -> int:
    brought = import_samples(project, leaf, file)
    accepted = sum(sample.is_accepted for sample in brought.added)
    for line in brought.bad[:MOST_TOLD]:
        print(f"Line {line.line}: {line.reason}", file=sys.stderr)
    if len(brought.bad) > MOST_TOLD:
        print(f"{len(brought.bad) - MOST_TOLD} more lines hold no question and answer.", file=sys.stderr)
    if as_json:
        counts = {"added": len(brought.added), "accepted": accepted, "known": brought.known, "bad": len(brought.bad)}
        print(json.dumps(counts))
        return 0
    count = len(brought.added)
    known = f" {brought.known} were there already." if brought.known else ""
    print(f"{count} sample{'' if count == 1 else 's'} added to {leaf}, {accepted} of them accepted.{known}")
    return 0
