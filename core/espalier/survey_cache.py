"""Verdicts on files that have not changed since they were last looked at, kept between two surveys."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier import __version__
from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.models.folder import home_folder
from espalier.project import content_key
from espalier.taxonomy import checker
from espalier.taxonomy.checker import examine
from espalier.taxonomy.leaf import Leaf, SeedExample
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.reader import leaf_of


class SurveyCache:
    """What each leaf file held, by its time of change and size; deleting the cache loses nothing but time."""

    def __init__(self, root: Path) -> None:
        self._file = home_folder() / "cache" / f"survey-{content_key(str(root.resolve()))}.json"
        self._rules = f"{__version__} {_newest_rule()}"
        self._seen: dict[str, Any] = {}
        self._old: dict[str, Any] = {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._old = kept["files"] if kept["rules"] == self._rules else {}
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def read(self, taxonomy_root: Path, file: Path) -> tuple[Leaf | None, tuple[Problem, ...]]:
        """Return a file's leaf, None while it has errors, and its problems."""
        try:
            state = file.stat()
            stamp = [state.st_mtime_ns, state.st_size]
        except OSError:
            stamp = []
        kept = self._old.get(str(file))
        if not kept or kept["stamp"] != stamp:
            examined = examine(file)
            try:
                leaf: Leaf | None = leaf_of(taxonomy_root, file, examined)
            except EspalierError:
                leaf = None
            problems = [asdict(problem) for problem in examined.problems]
            kept = {"stamp": stamp, "problems": problems, "leaf": asdict(leaf) if leaf else None}
        self._seen[str(file)] = kept
        return _leaf(kept["leaf"]), tuple(Problem(**problem) for problem in kept["problems"])

    def save(self) -> None:
        """Keep what was read for the next survey; a disk that refuses is no failure."""
        try:
            write_json(self._file, {"rules": self._rules, "files": self._seen})
        except OSError:
            return


def _leaf(fields: dict[str, Any] | None) -> Leaf | None:
    return Leaf(**{**fields, "seeds": tuple(SeedExample(**seed) for seed in fields["seeds"])}) if fields else None


def _newest_rule() -> int:
    """Return when the checker's own files last changed, so that a new rule judges every file again; 0 in an app."""
    return max((file.stat().st_mtime_ns for file in Path(checker.__file__).parent.glob("*.py")), default=0)
