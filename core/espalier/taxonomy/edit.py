"""Finished edits of a leaf's text: each gives a text that InstructLab takes as it took the old one, or is refused.

The functions mirror those of `splice`, which a form may use while a person is still writing.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from espalier.taxonomy import splice
from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.leaf_text import EditError, Where
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.schema import Folder
from espalier.taxonomy.walk import LEAF_FILE


def set_value(text: str, where: Where, value: Any, folder: Folder) -> str:
    """Return the text with one value replaced or added.

    Args:
        text: the leaf, valid YAML.
        where: keys and indexes from the top, such as ``("seed_examples", 0, "answer")``.
        value: a text, a whole number, or lists and mappings of them.
        folder: the kind of leaf to judge it as.

    Raises:
        EditError: there is no such place, or the new text has an error that the old one has not.
    """
    _refuse_half_characters(value)
    return _judged(text, splice.set_value(text, where, value), folder)


def insert(text: str, where: Where, value: Any, folder: Folder) -> str:
    """Return the text with an item added before the index that ``where`` ends in.

    Raises:
        EditError: as for `set_value`.
    """
    _refuse_half_characters(value)
    return _judged(text, splice.insert(text, where, value), folder)


def remove(text: str, where: Where, folder: Folder) -> str:
    """Return the text without a key or an item.

    Raises:
        EditError: as for `set_value`; a leaf needs five seed examples, say.
    """
    return _judged(text, splice.remove(text, where), folder)


def move(text: str, where: Where, to: int, folder: Folder) -> str:
    """Return the text with an item at another index of its list.

    Raises:
        EditError: as for `set_value`.
    """
    return _judged(text, splice.move(text, where, to), folder)


def new_problems(old: str, new: str, folder: Folder) -> list[Problem]:
    """Return the errors that one text of a leaf has and another has not; their places do not count."""
    before = Counter(problem.code for problem in _errors(old, folder))
    found = []
    for problem in _errors(new, folder):
        before[problem.code] -= 1
        if before[problem.code] < 0:
            found.append(problem)
    return found


def _errors(text: str, folder: Folder) -> Iterator[Problem]:
    return (problem for problem in examine_text(text, Path(folder, LEAF_FILE)).problems if problem.is_error)


def _judged(old: str, new: str, folder: Folder) -> str:
    problems = new_problems(old, new, folder)
    if problems:
        raise EditError(problems[0].message)
    return new


def _refuse_half_characters(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _refuse_half_characters(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_half_characters(item)
    elif isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise EditError("The text holds half of a character. Delete it or paste the text again.")
