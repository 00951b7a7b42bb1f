"""Every problem of a whole taxonomy: on all cores when it is large."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from espalier.taxonomy.attribution import attribution_hint
from espalier.taxonomy.checker import check_file
from espalier.taxonomy.lint import DEFAULT_RULES
from espalier.taxonomy.problems import Mode, Problem
from espalier.taxonomy.walk import LEAF_FILE, Files, find_files

_WORTH_A_POOL = 200  # files: below, starting processes takes longer than the work
_CHUNK = 25  # files


def check(path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> list[Problem]:
    """Return the problems of one file, or of every leaf below a folder."""
    return check_tree(path, mode, rules) if os.path.isdir(path) else check_file(path, mode, rules)


def check_tree(path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> list[Problem]:
    """Return the problems of every leaf below a folder, file after file; a bad file hides no other.

    In a taxonomy's root only ``knowledge`` and ``compositional_skills`` are looked at, as in InstructLab.
    ``ci`` also hints at leaves without an attribution, which the public taxonomy asks for.
    """
    files = find_files(path)
    found = []
    for leaf, problems in zip(files.leaves, check_files(files.leaves, mode, rules), strict=True):
        found += problems
        if mode == "ci":
            found += attribution_hint(leaf)
    return found + stray_files(files)


def stray_files(files: Files) -> list[Problem]:
    """Return a warning for every file that was meant as a leaf and is not read."""
    found = []
    for file in files.misnamed:
        message = f"This file is not read, because a leaf must be named “{LEAF_FILE}”. Rename it."
        found.append(Problem(str(file), 1, 1, "warning", "file-name", message))
    for file in files.outside:
        message = "This file is not read, because it is a link that leads out of the taxonomy. Copy the file here."
        found.append(Problem(str(file), 1, 1, "warning", "outside", message))
    return found


def check_files(
    files: Sequence[Path], mode: Mode = "strict", rules: str = DEFAULT_RULES, processes: int | None = None
) -> Iterator[list[Problem]]:
    """Yield each file's problems in the order given, as they are found; closing the iterator stops the work.

    Args:
        files: paths of leaves.
        mode: as for `check_file`.
        rules: yamllint's settings as YAML.
        processes: how many share the work; as many as there are cores by default, one for a few files.
    """
    judge = partial(check_file, mode=mode, rules=rules)
    processes = processes or (os.cpu_count() or 1 if len(files) >= _WORTH_A_POOL else 1)
    if processes == 1:
        yield from map(judge, files)
        return
    # spawn: forking a process with threads, as the window is, may hang
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(judge, files, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)
