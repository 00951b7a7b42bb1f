"""Broken rules as problems: the place in the file and a sentence that says what to do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from espalier.taxonomy.leaf import LOCAL
from espalier.taxonomy.places import key_node, name, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.schema import FOLDERS, Finding, Folder

_CODES = {
    "required": "missing-key",
    "additionalProperties": "unknown-key",
    "type": "wrong-type",
    "minLength": "empty-text",
    "minItems": "too-few",
    "uniqueItems": "duplicate",
    "const": "version",
}
_NOUNS = {"seed_examples": "seed examples", "questions_and_answers": "pairs", "patterns": "patterns"}


def problem_of(path: str, root: yaml.Node | None, finding: Finding) -> Problem:
    """Return the problem that a broken rule makes in this file."""
    line, column = place(_node(root, finding))
    code = "no-repository" if _is_of_repository(finding) else _CODES.get(finding.rule, finding.rule)
    message = _message(finding, node_at(root, finding.path))
    return Problem(path, line, column, "error", code, message, yaml_path(finding.path))


def misplacement(path: Path, contents: Mapping[Any, Any], folder: Folder) -> str | None:
    """Return what to say when a rejected file looks like the other kind of leaf, else None.

    One sentence then stands for the many rules that such a file breaks.
    """
    if folder not in path.parts:
        return None
    if folder == "compositional_skills" and {"document", "document_outline"} & contents.keys():
        return "This is a knowledge file among the skills. Move its folder under “knowledge”."
    if (
        folder == "knowledge"
        and "task_description" in contents
        and not {"document", "document_outline", "domain"} & contents.keys()
    ):
        if _is_nested(path):
            return (
                "A folder named “knowledge” inside the skills makes InstructLab read this skill "
                "as knowledge. Rename that folder."
            )
        return (
            "This file is written as a skill but stands among the knowledge. "
            "Move its folder under “compositional_skills”, or rewrite it as knowledge."
        )
    return None


def _is_nested(path: Path) -> bool:
    """Return whether the folder that decides stands below the other one."""
    return "compositional_skills" in [part for part in path.parts if part in FOLDERS][:-1]


def _is_of_repository(finding: Finding) -> bool:
    """Return whether it is left open where the documents are kept."""
    return finding.rule == "minLength" and tuple(finding.path) in (("document", "repo"), ("document", "commit"))


def _node(root: yaml.Node | None, finding: Finding) -> yaml.Node | None:
    if finding.rule == "additionalProperties":
        return key_node(node_at(root, finding.path), str(finding.details[0]))
    if finding.rule == "uniqueItems":
        return node_at(root, (*finding.path, finding.details[0]))
    return node_at(root, finding.path)


def _message(finding: Finding, node: yaml.Node | None) -> str:
    what = name(finding.path)
    start = what[0].upper() + what[1:]
    match finding.rule:
        case "required":
            return f"{start} has no “{finding.details[0]}”. Add it."
        case "additionalProperties":
            keys = _listed([f"“{_short(str(key))}”" for key in finding.details])
            if len(finding.details) == 1:
                return f"{keys} is not a key that {what} may have. Remove it or correct its spelling."
            return f"{keys} are not keys that {what} may have. Remove them or correct their spelling."
        case "minLength" if _is_of_repository(finding):
            return (
                f"{start} is empty. Name the Git repository of the documents and its commit, "
                f"or write “{LOCAL}” for both while the documents are in this project only."
            )
        case "minLength":
            return f"{start} is empty. Write at least one character."
        case "minItems":
            noun = _NOUNS.get(str(finding.path[-1]), "items")
            return f"{start} has {len(finding.value)} of at least {finding.limit} {noun}. Add more."
        case "uniqueItems":
            twins = _listed([name((*finding.path, index)) for index in finding.details])
            twins = f"{twins[0].upper()}{twins[1:]}"
            if len(finding.details) == 1:
                return f"{twins} is the same as an earlier one. Change or delete it."
            return f"{twins} are the same as an earlier one. Change or delete them."
        case "const":
            return f"The version must be {finding.limit}. Write “version: {finding.limit}”, without quotes."
    return _type_message(start, finding, node)


def _type_message(start: str, finding: Finding, node: yaml.Node | None) -> str:
    if finding.limit == "array":
        return f"{start} must be a list. Start each item on a new line with a hyphen."
    if finding.limit == "object":
        return f"{start} must be a group of keys and values, such as “question: …”."
    if finding.value is None:
        return f"{start} is empty. Write a text after the colon."
    if isinstance(finding.value, dict | list | set):
        return f"{start} must be a text, but YAML reads a list or a group of keys. Put the text in quotes."
    kind = {bool: "true or false", int: "a number", float: "a number"}.get(type(finding.value), "a date or data")
    raw = _short(node.value) if isinstance(node, yaml.ScalarNode) else "it"
    return f'{start} must be a text, but YAML reads {raw} as {kind}. Put it in quotes: "{raw}".'


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _listed(words: list[str]) -> str:
    shown = words if len(words) <= 5 else [*words[:4], f"{len(words) - 4} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
