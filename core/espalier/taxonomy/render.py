"""Whole seeds, contexts and lists as YAML, laid out as the rest of their file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from espalier.taxonomy.scalars import written


@dataclass(frozen=True)
class Layout:
    """How a file is indented; the linter wants one way throughout.

    Attributes:
        list_indent: columns from a key to the hyphens of its list.
        group_indent: columns from a key to the keys of its group.
    """

    list_indent: int = 2
    group_indent: int = 2


def layout_of(root: yaml.Node | None) -> Layout:
    """Return the layout that the first list and the first group in a file have."""
    lists: list[int] = []
    groups: list[int] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            for key, value in node.value:
                indent = value.start_mark.column - key.start_mark.column
                is_below = value.start_mark.line > key.start_mark.line
                if is_below and isinstance(value, yaml.CollectionNode) and not value.flow_style:
                    (lists if isinstance(value, yaml.SequenceNode) else groups).append(indent)
            stack.extend(value for _, value in reversed(node.value))
        elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
            stack.extend(reversed(node.value))
    step = next((indent for indent in [*groups[:1], *lists[:1]] if indent > 0), 2)
    return Layout(lists[0] if lists else step, step)


def rendered(value: Any, indent: int, column: int, layout: Layout) -> str:
    """Return what follows a key's colon or an item's hyphen, the space included; no line end at the end.

    Args:
        value: a text, a number, or lists and mappings of them.
        indent: the column of the key or hyphen.
        column: where the text goes on, right after the colon or hyphen.
        layout: of the file.
    """
    is_item = column == indent + 1
    if isinstance(value, str):
        return " " + written(value, indent, column + 1)
    if isinstance(value, Mapping) and value:
        inner = indent + (2 if is_item else layout.group_indent)
        lines = [f"{key}:{rendered(item, inner, inner + len(key) + 1, layout)}" for key, item in value.items()]
        glue = "\n" + " " * inner
        return (" " if is_item else glue) + glue.join(lines)
    if isinstance(value, Sequence) and value:
        inner = indent + (2 if is_item else layout.list_indent)
        glue = "\n" + " " * inner
        return (" " if is_item else glue) + glue.join(f"-{rendered(item, inner, inner + 1, layout)}" for item in value)
    return " " + rendered_flow(value)


def rendered_flow(value: Any) -> str:
    """Return a value as it is written inside brackets or braces, on one line."""
    if isinstance(value, str):
        return written(value, 0, 0, in_flow=True)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {rendered_flow(item)}" for key, item in value.items()).join("{}")
    if isinstance(value, Sequence):
        return ", ".join(map(rendered_flow, value)).join("[]")
    return str(value)
