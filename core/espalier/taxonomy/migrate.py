"""Leaves of version 1 and 2 as version 3, with what a person must still write marked in the text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.taxonomy import splice
from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.mend_layout import drop_blank_lines, end_last_line, strip_lines
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.schema import LATEST_VERSION, Folder
from espalier.taxonomy.source import parse
from espalier.taxonomy.walk import LEAF_FILE

_SEEDS, _PAIRS = 5, 3  # at least, in version 3
_LAYOUT = {
    "lint-trailing-spaces": strip_lines,
    "lint-empty-lines": drop_blank_lines,
    "lint-new-line-at-end-of-file": end_last_line,
}


@dataclass(frozen=True)
class Migration:
    """A leaf in the latest version.

    Attributes:
        text: with a comment ``# TODO: …`` at each place where a person must write.
        todo: the errors that are left until then.
    """

    text: str
    todo: tuple[Problem, ...]


def migrated(text: str, folder: Folder) -> Migration:
    """Return a leaf of any version as one of version 3; what a person wrote stays.

    A skill gets its number and, from version 1, the layout that is checked since then. Knowledge gets its outline
    from the task description, and its questions in threes under contexts that are still to be written.

    Raises:
        EditError: the text is no YAML, or so unusual that it cannot be rewritten.
    """
    text = splice.set_value(text, ("version",), LATEST_VERSION)
    text = _knowledge(text) if folder == "knowledge" else _skill(text)
    text = _laid_out(text, folder)
    left = tuple(problem for problem in _examined(text, folder) if problem.is_error)
    return Migration(text, left)


def _skill(text: str) -> str:
    contents = parse(text).contents
    if contents.get("task_description") == "":
        text = splice.comment(text, ("task_description",), "TODO: say what the skill is about")
    seeds = contents.get("seed_examples")
    missing = _SEEDS - len(seeds) if isinstance(seeds, list) else 0
    if isinstance(seeds, list) and seeds and missing > 0:
        text = splice.comment(text, ("seed_examples",), f"TODO: add {_count(missing, 'more seed example')}")
    return text


def _knowledge(text: str) -> str:
    contents = parse(text).contents
    if "task_description" in contents and "document_outline" not in contents:
        text = splice.rename_key(text, ("task_description",), "document_outline")
    for key, task in (("domain", "name the field, in a word or two"), ("document_outline", "outline the document")):
        if not parse(text).contents.get(key):
            text = _to_write(text, (key,), task)
    seeds = contents.get("seed_examples")
    if isinstance(seeds, list) and all(isinstance(seed, Mapping) for seed in seeds):
        text = _regrouped(text, seeds)
    if "document" not in contents:
        text = splice.set_value(text, ("document",), {"repo": "", "commit": "", "patterns": ["*.md"]})
        text = splice.comment(text, ("document", "repo"), "TODO: give the address of the git repository")
        text = splice.comment(text, ("document", "commit"), "TODO: give the commit")
    return text


def _regrouped(text: str, seeds: list[Any]) -> str:
    """Return the text with flat questions and answers in threes under their context."""
    if any("questions_and_answers" in seed for seed in seeds):
        return text
    groups: list[dict[str, Any]] = []
    for seed in seeds:
        context = seed.get("context", "")
        pair = {key: value for key, value in seed.items() if key != "context"}
        group = groups[-1] if groups else None
        if not group or group["context"] != context or (not context and len(group["questions_and_answers"]) == _PAIRS):
            group = {"context": context, "questions_and_answers": []}
            groups.append(group)
        group["questions_and_answers"].append(pair)
    if not groups:
        return text
    remarks = splice.comments(text, ("seed_examples",))
    text = splice.set_value(text, ("seed_examples",), groups)
    # Each comment goes right behind the last text, so what shall come last is written first.
    missing = _SEEDS - len(groups)
    if missing > 0:
        remarks.append(f"TODO: add {_count(missing, 'more context')} with three questions each")
    for remark in reversed(remarks):
        text = splice.comment(text, ("seed_examples",), remark)
    for index, group in enumerate(groups):
        if not group["context"]:
            task = "TODO: paste the passage that answers these questions"
            text = splice.comment(text, ("seed_examples", index, "context"), task)
        missing = _PAIRS - len(group["questions_and_answers"])
        if missing > 0:
            task = f"TODO: add {_count(missing, 'more question')} about this context, with answers"
            text = splice.comment(text, ("seed_examples", index, "questions_and_answers"), task)
    return text


def _to_write(text: str, where: Where, task: str) -> str:
    return splice.comment(splice.set_value(text, where, ""), where, f"TODO: {task}")


def _laid_out(text: str, folder: Folder) -> str:
    """Return the text with the layout that versions after the first are checked for."""
    for code, mend in _LAYOUT.items():
        found = [problem for problem in _examined(text, folder) if problem.code == code]
        text = next(iter(mend(text, found)), text) if found else text
    return text


def _examined(text: str, folder: Folder) -> Iterable[Problem]:
    return examine_text(text, Path(folder, LEAF_FILE)).problems


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
