"""``espalier critic``: rate a few rows, see how far the critic agrees, move its thresholds, have a row explained."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

from espalier.client import run_worker
from espalier.errors import EspalierError
from espalier.messages import Request
from espalier.project import Project, open_project, write_settings
from espalier.synthesis.calibration import (
    Agreement,
    agreements,
    propose,
    rate,
    ratings_path,
    read_ratings,
    rows_to_rate,
)
from espalier.synthesis.decide import decide, decide_all
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.sample import Sample

WHOLE = "the critic as a whole"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the actions to the command."""
    actions = command.add_subparsers(required=True, dest="action")
    actions.add_parser("rate", help="look at some rows and say whether they are good").add_argument(
        "project", type=Path
    )
    showing = actions.add_parser("agreement", help="how far the critic agrees with your ratings")
    showing.add_argument("project", type=Path)
    showing.add_argument("--apply", action="store_true", help="take the proposed thresholds")
    telling = actions.add_parser("explain", help="have one sample's verdict explained")
    telling.add_argument("project", type=Path)
    telling.add_argument("sample", help="its key")
    telling.add_argument("--check", default="", help="a check by name; the one that decided by default")


def run(options: argparse.Namespace) -> int:
    """Carry out one action; return 0, or 1 when it failed."""
    project = open_project(options.project)
    if options.action == "rate":
        return rate_rows(project, sys.stdin, sys.stdout)
    if options.action == "agreement":
        return show_agreement(project, apply=options.apply, as_json=options.json)
    return _explain(project, options.sample, options.check, as_json=options.json)


def rate_rows(project: Project, answers: TextIO, shown: TextIO) -> int:
    """Show rows one by one and keep what the person says of each, until all are rated or the person stops."""
    path = ratings_path(project.root)
    rows = rows_to_rate(_samples(project), read_ratings(path))
    if not rows:
        raise EspalierError(
            f"{project.root} has no sample with a score that you have not rated. Generate some, or see the agreement."
        )
    print("Is it good practice? y: yes, n: no, Enter: I cannot say, q: stop.", file=shown)
    for number, sample in enumerate(rows, 1):
        print(f"\n{number} of {len(rows)} · {sample.leaf}\nFrom: {sample.source}", file=shown)
        print(f"Question: {sample.request}\nAnswer: {sample.answer}\n> ", end="", file=shown, flush=True)
        line = answers.readline()
        reply = line.strip().lower()[:1]
        if not line or reply == "q":
            break
        if reply in ("y", "n"):
            rate(path, sample, reply == "y")
    print(f"\nNext: espalier critic agreement {project.root}", file=shown)
    return 0


def show_agreement(project: Project, *, apply: bool, as_json: bool) -> int:
    """Print how far the critic agrees with the ratings, and which thresholds would agree better."""
    ratings = read_ratings(ratings_path(project.root))
    samples = decide_all(_samples(project), project.thresholds)
    found = agreements(samples, ratings)
    if not found:
        raise EspalierError(f"No sample of {project.root} is rated. Rate some: espalier critic rate {project.root}")
    proposal = propose(samples, ratings)
    if as_json:
        shown = {name: asdict(agreement) for name, agreement in found.items()}
        print(json.dumps({"agreement": shown, "proposed": dict(proposal.thresholds) if proposal else {}}))
    else:
        for name, agreement in found.items():
            print(f"{name or WHOLE}: {_told(agreement)}")
        if proposal:
            moved = ", ".join(f"{name} {least:.2f}" for name, least in proposal.thresholds.items())
            print(f"Thresholds that agree better: {moved} (then {_told(proposal.after)}).")
    if proposal and apply:
        write_settings(replace(project, thresholds={**project.thresholds, **proposal.thresholds}))
        print("They hold from now on. Generate again to check what they bring in.", file=sys.stderr)
    return 0


def _explain(project: Project, key: str, check: str, *, as_json: bool) -> int:
    """Print why the judge found what it found of a sample; return 0, or the worker's status when it failed."""
    sample = next((sample for sample in _samples(project) if sample.key == key), None)
    if sample is None:
        raise EspalierError(f"{project.root} has no sample {key}. Look it up again: its leaf may have changed.")
    names = [made.name for made in sample.verdict]
    failed = [made.name for made in decide(sample, project.thresholds).verdict if not made.passed]
    chosen = check or (failed or names)[-1]
    if chosen not in names:
        raise EspalierError(f"Sample {key} has no check {chosen}. It has: {', '.join(names)}.")
    arguments = {"project": str(project.root), "leaf": sample.leaf, "key": key, "check": chosen}
    outcome = run_worker(Request("explain", arguments), as_json)
    if outcome.failure:
        print(outcome.failure, file=sys.stderr)
        return outcome.status
    if not as_json:
        print(f"{chosen}: {outcome.result['text']}")
    return 0


def _samples(project: Project) -> Sequence[Sample]:
    return [row.drawn for part in read_practice(project) for row in part.rows]


def _told(found: Agreement) -> str:
    same = f"the same on {round(found.raw * found.rows)} of {found.rows} rows"
    if found.kappa is None:
        return f"{same}; one of you never varies, so chance cannot be told apart"
    return f"{same}, kappa {found.kappa:.2f} (95%: {found.low:.2f} to {found.high:.2f})"
