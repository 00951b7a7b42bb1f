"""Recipes in InstructLab's format: which files are mixed, how much of each, and under which system prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.training.conversations import read_rows, row_lines
from espalier.training.mixture import Row


@dataclass(frozen=True)
class Part:
    """One file of a recipe.

    Attributes:
        path: of the file.
        size: rows to take: a share of the file as float, 1.0 for all; a count as int. More than there are repeats.
    """

    path: Path
    size: float | int


@dataclass(frozen=True)
class Recipe:
    """What is mixed; ``system`` stands before every conversation, unless it is empty."""

    parts: tuple[Part, ...]
    system: str = ""


def read_recipe(path: Path) -> Recipe:
    """Return a recipe; its paths are relative to its own folder.

    Raises:
        EspalierError: the file is no recipe, or names a file that is not there.
    """
    try:
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise EspalierError(f"{path} cannot be read as YAML. Give a recipe with datasets, path and size.") from error
    datasets = text.get("datasets") if isinstance(text, dict) else None
    if not isinstance(datasets, list) or not datasets:
        raise EspalierError(f"{path} is no recipe: it needs “datasets”, a list of path and sampling_size.")
    parts = tuple(_part(path, number, entry) for number, entry in enumerate(datasets, 1))
    metadata = text.get("metadata")
    system = (metadata.get("sys_prompt") if isinstance(metadata, dict) else None) or text.get("sys_prompt") or ""
    if not isinstance(system, str):
        raise EspalierError(f"{path}: sys_prompt is no text. Write a text, or take it out.")
    return Recipe(parts, system.strip())


def _part(recipe: Path, number: int, entry: Any) -> Part:
    where = f"{recipe}, dataset {number}"
    name = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        raise EspalierError(f"{where} has no path. Name a file of JSON lines.")
    size = entry.get("sampling_size", 1.0)
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 <= size < 1e9:
        raise EspalierError(f"{where}: sampling_size is {size!r}. Give a share such as 0.5, or a count such as 300.")
    file = recipe.parent / name
    if not file.is_file():
        raise EspalierError(f"{where} names {file}, which is no file. Paths are relative to the recipe.")
    return Part(file, size)


def mix_recipe(recipe: Recipe, seed: int) -> list[Row]:
    """Return the recipe's rows, a function of its files and the seed alone.

    InstructLab draws with replacement, so that a size of 0.9 leaves out far more than a tenth; here each row is taken
    once before any is taken twice. As there, a size of 1 is the whole file, whether it is written 1 or 1.0.
    """
    mixed: list[Row] = []
    for number, part in enumerate(recipe.parts):
        rows = read_rows(part.path, "recipe")
        wanted = part.size if isinstance(part.size, int) and part.size != 1 else round(len(rows) * part.size)
        order = np.random.default_rng((seed, number)).permutation(len(rows))
        taken = sorted(int(order[index % len(rows)]) for index in range(int(wanted)))
        mixed += [_under(recipe.system, rows[index]) for index in taken]
    return mixed


def _under(system: str, row: Row) -> Row:
    if not system:
        return row
    turns = row.turns or (("user", row.question), ("assistant", row.answer))
    return replace(row, turns=(("system", system), *(turn for turn in turns if turn[0] != "system")))


def write_recipe(path: Path, rows: Sequence[Row]) -> Recipe:
    """Write rows as one file per leaf in a folder beside the recipe, and the recipe that mixes all of them.

    Raises:
        EspalierError: there is nothing to write.
    """
    if not rows:
        raise EspalierError("There is no row to write a recipe of. Generate samples first.")
    folder = path.with_name(f"{path.stem}-data")
    leaves: dict[str, list[Row]] = {}
    for row in rows:
        leaves.setdefault(row.leaf, []).append(row)
    parts, datasets = [], []
    for leaf, found in leaves.items():
        file = folder / f"{leaf.replace('/', '-') or 'other'}.jsonl"
        write_text(file, row_lines(found))
        parts.append(Part(file, 1.0))
        datasets.append({"path": f"{folder.name}/{file.name}", "sampling_size": 1.0})
    recipe = {"datasets": datasets, "metadata": {"sys_prompt": ""}}
    write_text(path, yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True))
    return Recipe(tuple(parts))
