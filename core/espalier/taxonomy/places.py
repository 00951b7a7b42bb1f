"""Where a value stands in its file, and what a person calls it."""

import re
from collections.abc import Sequence

import yaml

Place = tuple[int, int]
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_ITEMS = {"seed_examples": "seed example", "questions_and_answers": "pair", "patterns": "pattern"}


def node_at(root: yaml.Node | None, path: Sequence[str | int]) -> yaml.Node | None:
    """Return the node at a path of keys and indexes, or the deepest one on the way that exists."""
    node = root
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            # The last of several equal keys is the one that counts.
            found = [value for key, value in node.value if key.value == step]
            node = found[-1] if found else node
    return node


def key_node(mapping: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the node of a key itself; the mapping when there is no such key."""
    if isinstance(mapping, yaml.MappingNode):
        return next((node for node, _ in mapping.value if node.value == key), mapping)
    return mapping


def place(node: yaml.Node | None) -> Place:
    """Return line and column of a node, both from 1."""
    return (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)


def is_in_text(node: yaml.Node | None, at: int) -> bool:
    """Return whether a place is inside a scalar, where a hash begins no comment."""
    if isinstance(node, yaml.ScalarNode):
        return bool(node.start_mark.index <= at < node.end_mark.index)
    if isinstance(node, yaml.SequenceNode):
        return any(is_in_text(child, at) for child in node.value)
    if isinstance(node, yaml.MappingNode):
        return any(is_in_text(child, at) for pair in node.value for child in pair)
    return False


def yaml_path(path: Sequence[str | int]) -> str:
    """Return the path as InstructLab prints it, ``.seed_examples[0].answer``; ``.`` is the document."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path) or "."


def parsed_path(text: str) -> tuple[str | int, ...]:
    """Return the keys and indexes of a path that `yaml_path` wrote."""
    return tuple(int(index) if index else key for key, index in _STEP.findall(text))


def name(path: Sequence[str | int]) -> str:
    """Return what a person calls the value: ``“answer” of pair 2 of seed example 1``, or ``the file``."""
    words: list[str] = []
    for before, step in zip(("", *path), path, strict=False):
        if isinstance(step, int):
            words[-1] = f"{_ITEMS.get(str(before), 'item')} {step + 1}"
        else:
            words.append(f"“{step}”")
    return " of ".join(reversed(words)) or "the file"
