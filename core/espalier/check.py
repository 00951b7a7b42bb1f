"""``espalier check``: the problems of a leaf or a taxonomy, and the safe mends shown as a diff."""

import difflib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from espalier.documents.contexts import project_hints
from espalier.errors import EspalierError
from espalier.project import SETTINGS, open_project
from espalier.taxonomy.fixes import better_name, better_place, mend, put_in_place
from espalier.taxonomy.git import changed_leaves
from espalier.taxonomy.lint import DEFAULT_RULES
from espalier.taxonomy.problems import Mode, Problem
from espalier.taxonomy.saving import digest, save
from espalier.taxonomy.source import ReadingError
from espalier.taxonomy.tree_check import check
from espalier.taxonomy.walk import LEAF_FILE, find_files


@dataclass(frozen=True)
class Wanted:
    """What the person asked of the check.

    Attributes:
        path: a leaf, a folder of leaves or a project.
        mode: strict as ``ilab``, or ci as the public taxonomy.
        rules: yamllint's settings.
        is_fixing: whether safe mends are made; their diff is printed.
        is_showing: whether their diff is only printed.
        as_json: whether problems are printed as JSON lines; the diff then goes to stderr.
        since: a branch, tag or commit; only leaves that changed since are checked. "" checks all.
    """

    path: Path
    mode: Mode = "strict"
    rules: str = DEFAULT_RULES
    is_fixing: bool = False
    is_showing: bool = False
    as_json: bool = False
    since: str = ""


def run(wanted: Wanted) -> int:
    """Print the problems; return 1 when one of them is an error, else 0.

    Raises:
        EspalierError: there is nothing at the path.
    """
    if not wanted.path.exists():
        raise EspalierError(f"There is no {wanted.path}. Give a qna.yaml or a folder of them.")
    project = open_project(wanted.path) if (wanted.path / SETTINGS).is_file() else None
    if project:
        wanted = replace(wanted, path=project.taxonomy)
    paths = _changed(wanted) if wanted.since else [wanted.path]
    if wanted.is_fixing or wanted.is_showing:
        paths = [_fix(replace(wanted, path=path)) for path in paths]
    problems = [problem for path in paths for problem in check(path, wanted.mode, wanted.rules)]
    hints = project_hints(project) if project else []
    problems += [hint for hint in hints if not wanted.since or Path(hint.path) in paths]
    for problem in problems:
        print(_as_json(problem) if wanted.as_json else _as_text(problem))
    errors = sum(problem.is_error for problem in problems)
    if not wanted.as_json:
        rest = len(problems) - errors
        print(f"{errors} errors, {rest} warnings and hints." if problems else "No problems found.")
    return 1 if errors else 0


def _changed(wanted: Wanted) -> list[Path]:
    """Return the leaf files that changed, deleted ones left out."""
    if not wanted.path.is_dir():
        raise EspalierError(f"--since needs a whole taxonomy, and {wanted.path} is a file. Give the taxonomy's folder.")
    changes = changed_leaves(wanted.path, wanted.since)
    for change in changes:
        print(f"{change.state} {change.leaf}", file=sys.stderr)
    return [wanted.path / change.leaf / LEAF_FILE for change in changes if change.state != "deleted"]


def diff(old: str, new: str, path: Path) -> Iterator[str]:
    """Yield the lines of a unified diff between two texts of one file."""
    ends = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for line in difflib.unified_diff(*ends, str(path), str(path)):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _fix(wanted: Wanted) -> Path:
    """Show, and unless only that is wanted make, every safe mend; return the path to check afterwards."""
    if not wanted.path.is_dir():
        return _fix_leaf(wanted.path, wanted)
    files = find_files(wanted.path)
    for file in (*files.misnamed, *files.leaves):
        _fix_leaf(file, wanted)
    return wanted.path


def _fix_leaf(leaf: Path, wanted: Wanted) -> Path:
    """Mend one file and return where it is then."""
    out = sys.stderr if wanted.as_json else sys.stdout
    try:
        mended = mend(leaf, wanted.mode, wanted.rules)
    except ReadingError:
        return leaf
    name = better_name(leaf)
    is_misplaced = any(problem.code == "misplaced" for problem in mended.left)
    place = better_place(leaf.resolve()) if is_misplaced else None
    if mended.new != mended.old:
        out.writelines(diff(mended.old, mended.new, leaf))
        if wanted.is_fixing:
            save(leaf.resolve(), mended.new, digest(mended.old))
    if name:
        out.write(f"rename from {leaf}\nrename to {name}\n")
        leaf = leaf.rename(name) if wanted.is_fixing else leaf
    if place:
        out.write(f"rename from {leaf.parent}\nrename to {place.parent}\n")
        if wanted.is_fixing:
            put_in_place(leaf.resolve())
            leaf = place
    return leaf


def _as_json(problem: Problem) -> str:
    return json.dumps(problem.as_json(), ensure_ascii=False)


def _as_text(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}:{problem.column}: {problem.severity}: {problem.message} [{problem.code}]"
