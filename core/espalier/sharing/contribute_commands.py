"""``espalier contribute``: leaves given back to the taxonomy that they came from."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from espalier.project import open_project
from espalier.sharing.contribute import contribute


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier contribute``."""
    command.add_argument("project", type=Path)
    command.add_argument("--leaf", action="append", default=[], help="only this leaf; may be given again")
    command.add_argument(
        "--title", default="", metavar="TEXT", help="of the pull request; made from the leaves by default"
    )
    command.add_argument(
        "--text", type=Path, metavar="FILE", help="of the pull request; made from the evaluation by default"
    )
    how = command.add_mutually_exclusive_group()
    how.add_argument("--to", metavar="REMOTE|URL", help="where the branch is pushed; your fork or origin by default")
    how.add_argument("--no-push", action="store_true", help="only make the branch and a patch file")
    how.add_argument("--patch", type=Path, metavar="FILE", help="only make the branch and this patch file")


def run(options: argparse.Namespace) -> int:
    """Contribute; return 1 when the branch could not be pushed, which then is a patch file, else 0."""
    is_pushing = not (options.no_push or options.patch)
    made = contribute(
        open_project(options.project),
        [leaf.strip("/") for leaf in options.leaf],
        options.title,
        options.text.read_text(encoding="utf-8") if options.text else "",
        push=options.to if is_pushing else "",
        patch=options.patch.absolute() if options.patch else None,
        on_progress=_report,
    )
    if options.json:
        print(json.dumps(made, ensure_ascii=False))
    else:
        print(made["text"], end="")
        for line in _told(made):
            print(line, file=sys.stderr)
    return 1 if made["problem"] else 0


def _told(made: dict[str, Any]) -> list[str]:
    told = list(made["hints"])
    told += [f"{made['title']}: branch {made['branch']}, commit {made['commit'][:10]}, signed off."]
    if made["problem"]:
        told.append(made["problem"])
    if made["remote"]:
        told.append(f"Pushed to {made['remote']}.")
    if made["page"]:
        told.append(f"Open the pull request here, with the text above: {made['page']}")
    if made["patch"]:
        told.append(f"The patch file is {made['patch']}. Send it, or apply it with git am.")
    return told


def _report(text: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{text} {share:4.0%} ", end="\n" if share == 1 else "", file=sys.stderr)
