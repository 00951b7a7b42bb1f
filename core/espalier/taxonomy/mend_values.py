"""Mends for values that the schema refuses: quotes, misspelt keys, repeated items, the number of the version."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from rapidfuzz.distance import OSA

from espalier.taxonomy import splice
from espalier.taxonomy.leaf import LOCAL
from espalier.taxonomy.migrate import migrated
from espalier.taxonomy.places import node_at, parsed_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.scalars import written
from espalier.taxonomy.schema import LATEST_VERSION, Folder, known_keys
from espalier.taxonomy.source import outline, parse

_QUOTED_TYPES = ("bool", "int", "float", "timestamp")
_LETTERS = 2  # that may be wrong in a misspelt key


def quote_values(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text with quotes around what YAML reads as a number, a date, true, false or a list on one line."""
    root = outline(text)
    nodes = [node_at(root, parsed_path(problem.yaml_path)) for problem in problems]
    for node in sorted(filter(None, nodes), key=lambda node: -node.start_mark.index):
        begin, end = node.start_mark.index, node.end_mark.index
        raw = node.value if isinstance(node, yaml.ScalarNode) else text[begin:end]
        if _is_meant_as_text(node) and "\n" not in raw:
            text = text[:begin] + written(raw, 0, 0, in_flow=True) + text[end:]
    yield text


def _is_meant_as_text(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.tag.rpartition(":")[2] in _QUOTED_TYPES
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style) and bool(node.value)


def write_version(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text with the version as a number: the one that is written, then the latest."""
    contents = parse(text).contents
    digits = re.fullmatch(r"\s*0*([1-9])\s*", str(contents.get("version")))
    if digits and int(digits[1]) <= LATEST_VERSION:
        for version in dict.fromkeys((int(digits[1]), LATEST_VERSION)):
            yield splice.set_value(text, ("version",), version)


def respell_keys(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text with misspelt keys corrected, all groups with the same kind of problem at once."""
    for problem in problems:
        where = parsed_path(problem.yaml_path)
        group = _at(parse(text).contents, where)
        for wrong, right in _misspelt(group, known_keys(folder, LATEST_VERSION, where)):
            text = splice.rename_key(text, (*where, wrong), right)
    yield text


def add_missing(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text with misspelt keys corrected, then with the version added where that is what lacks."""
    yield from respell_keys(text, problems, folder)
    if any("“version”" in problem.message for problem in problems):
        yield splice.set_value(text, ("version",), LATEST_VERSION)


def drop_repeats(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text without the items that equal an earlier one of their list."""
    places = (parsed_path(problem.yaml_path) for problem in problems)
    for where in sorted(places, key=len, reverse=True):  # what is inside first, while its place is still right
        items = _at(parse(text).contents, where)
        for index in reversed(range(len(items))):
            if items[index] in items[:index]:
                text = splice.remove(text, (*where, index))
    yield text


def keep_in_project(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text with the documents kept in the project, where neither repository nor commit is named."""
    places = (("document", "repo"), ("document", "commit"))
    if all(_at(parse(text).contents, where) in ("", LOCAL) for where in places):
        for where in places:
            text = splice.set_value(text, where, LOCAL)
        yield text


def migrate_knowledge(text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    """Yield the text as knowledge of the latest version."""
    yield migrated(text, folder).text


def _misspelt(group: Mapping[Any, Any], known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (written, meant) for the keys that are one or two letters away from one key that is missing."""
    free = [key for key in known if key not in group]
    for key in group:
        near = [other for other in free if isinstance(key, str) and key not in known and _is_near(key, other)]
        if len(near) == 1:
            free.remove(near[0])
            yield key, near[0]


def _is_near(wrong: str, right: str) -> bool:
    allowed = min(_LETTERS, len(right) // 3)
    plain = re.sub(r"[\s_-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wrong.strip())).lower()
    return int(OSA.distance(plain, right)) <= allowed


def _at(value: Any, where: Sequence[str | int]) -> Any:
    for step in where:
        value = value[step]
    return value
