"""What ``espalier evaluate`` takes, and the report that it writes beside ``report.json``."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.evaluation.plan import PARTS
from espalier.evaluation.report_files import FORMS, write_report


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of ``evaluate``."""
    text = "a question file; by default the project's own, and what was held out of leaves without any"
    command.add_argument("--questions", type=Path, metavar="FILE.jsonl", help=text)
    text = f"also {', '.join(PARTS)}; several with commas between them"
    command.add_argument("--with", dest="parts", type=_parts, default=[], metavar="PART,…", help=text)
    text = f"also write the report for people: {', '.join(FORMS)}"
    command.add_argument("--report", type=_report, metavar="FILE", help=text)


def values_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options ask the worker for."""
    questions = str(options.questions.absolute()) if options.questions else ""
    return {"questions": questions, "parts": options.parts}


def write(options: argparse.Namespace, report: Mapping[str, Any]) -> None:
    """Write the report where the options say, if they do."""
    if options.report:
        write_report(report, options.report)
        print(f"Wrote {options.report}.", file=sys.stderr)


def _parts(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = next((name for name in names if name not in PARTS), None)
    if unknown is not None:
        raise argparse.ArgumentTypeError(f"{unknown} is no part of an evaluation; choose from {', '.join(PARTS)}")
    return names


def _report(text: str) -> Path:
    path = Path(text)
    if path.suffix.casefold() not in FORMS:
        raise argparse.ArgumentTypeError(f"{text} is no report; its name must end in {', '.join(FORMS)}")
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder of {text} is not there; make it first")
    return path
