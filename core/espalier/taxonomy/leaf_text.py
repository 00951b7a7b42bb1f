"""The text of a leaf with the places of its parts, and how to cut one out or put one in.

The marks of PyYAML's nodes say where a part begins and ends; what is not part of it stays as it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from espalier.errors import EspalierError
from espalier.taxonomy.places import name
from espalier.taxonomy.render import Layout, layout_of, rendered, rendered_flow
from espalier.taxonomy.source import ReadingError, outline, parse

Where = tuple[str | int, ...]
_ORDER = (
    *("version", "created_by", "domain", "task_description", "document_outline", "context"),
    *("question", "answer", "questions_and_answers", "seed_examples", "document", "repo", "commit", "patterns"),
)


class EditError(EspalierError):
    """The edit cannot be made, or InstructLab would reject what it gives."""


@dataclass(frozen=True)
class LeafText:
    """A leaf that is valid YAML.

    Attributes:
        text: with its own line ends.
        contents: its plain values.
        root: the node of the whole.
        layout: how it is indented.
        newline: how its lines end.
    """

    text: str
    contents: Any
    root: yaml.Node
    layout: Layout
    newline: str

    @classmethod
    def of(cls, text: str) -> "LeafText":
        """Return the text with its parts, or refuse what cannot be read."""
        try:
            contents = parse(text).contents
        except ReadingError as error:
            raise EditError(f"Mend line {error.line} first: {error.message}") from error
        root = outline(text)
        if not isinstance(root, yaml.MappingNode):
            raise EditError("The file has no keys and values yet. Start it with “version: 3” on a line of its own.")
        return cls(text, contents, root, layout_of(root), "\r\n" if "\r\n" in text else "\n")

    def node(self, where: Where) -> Any:
        """Return the collection at a path."""
        node: Any = self.root
        for count, step in enumerate(where):
            node = child_of(node, step)
            if node is None:
                raise EditError(f"There is no {name(where[: count + 1])}. Add it first.")
        if not isinstance(node, yaml.CollectionNode):
            raise EditError(f"There is no list or group of keys at {name(where)}. Change the text of the file there.")
        return node

    def verified(self, new: str, change: Callable[[Any], None]) -> str:
        """Return the new text when it reads as the old values with the change, and else refuse."""
        wanted = _unshared(self.contents)
        change(wanted)
        try:
            is_right = _same(parse(new).contents, wanted)
        except ReadingError as error:
            if error.code == "too-large":
                raise EditError(error.message) from error
            is_right = False
        if not is_right:
            raise EditError("This cannot be changed by itself, as its text is woven into other parts. Edit the file.")
        return new

    def cut(self, node: yaml.Node, new: str) -> str:
        """Return the text with the characters of a node replaced."""
        return self.text[: node.start_mark.index] + new + self.text[node.end_mark.index :]

    def replace(self, where: Where, value: Any) -> str:
        """Return the text with the value of a key or item replaced."""
        parent, node = self.node(where[:-1]), child_of(self.node(where[:-1]), where[-1])
        assert node is not None
        if parent.flow_style:
            return self.cut(node, rendered_flow(value))
        if isinstance(parent, yaml.MappingNode):
            key = parent.value[index_of(parent, where[-1])][0]
            mark = re.compile(r"[ \t]*:").match(self.text, key.end_mark.index)
            if not mark:
                raise EditError(
                    f"The key {name(where)} is written in an unusual way. Change the text of the file there."
                )
            after, indent = mark.end(), parent.start_mark.column
        else:
            after, indent = self.hyphen(parent, node) + 1, parent.start_mark.column
        end = self.end(node)
        line_start = self.text.rfind("\n", 0, after) + 1
        new = rendered(value, indent, after - line_start, self.layout)
        head, *rest = new.split("\n")
        is_block = bool(re.match(r" [|>]\S*$", head)) or not head  # then a comment must stay on the first line
        comment, tail = self.comment(node, after, end)
        head += comment if is_block or not rest else ""
        body = self.newline.join([head, *rest]) + ("" if is_block or not rest else comment)
        return self.text[:after] + body + self.text[tail:]

    def comment(self, node: yaml.Node, after: int, end: int) -> tuple[str, int]:
        """Return the comment on the line where a value begins, with the space before it, and where the rest begins."""
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            found = re.compile(r"[|>][-+\d]*([ \t]+#[^\r\n]*)").search(self.text, node.start_mark.index, end)
            return (found[1], end) if found else ("", end)
        if isinstance(node, yaml.ScalarNode) or (isinstance(node, yaml.CollectionNode) and node.flow_style):
            found = re.compile(r"[ \t]+#[^\r\n]*").match(self.text, end)
            return (found[0], found.end()) if found else ("", end)
        found = re.compile(r"[ \t]+#[^\r\n]*").match(self.text, after)
        return (found[0], end) if found else ("", end)

    def end(self, node: yaml.Node) -> int:
        """Return where the characters of a value end; blank lines after it are not its own."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last)
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            keeps = re.compile(r"[|>]\d*\+").search(self.text, start, end)
            span = self.text[start:end]
            return int(start + len(re.sub(r"\r?\n$", "", span) if keeps else span.rstrip(" \t\r\n")))
        return int(end)

    def line_end(self, index: int) -> int:
        """Return where the line ends, before its line end."""
        found = re.compile(r"\r?\n|\r|$").search(self.text, index)
        return found.start() if found else len(self.text)

    def line_start(self, index: int) -> int:
        """Return where the line begins."""
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def hyphen(self, items: yaml.Node, node: yaml.Node) -> int:
        """Return where the hyphen of an item is."""
        column = items.start_mark.column
        at = self.line_start(node.start_mark.index)
        while self.text[at : at + column].strip(" ") or self.text[at + column : at + column + 1] != "-":
            if at <= items.start_mark.index - column:
                raise EditError("This list is written in an unusual way. Change the text of the file there.")
            at = self.line_start(at - 1)
        return int(at + column)

    def spans(self, parent: Any) -> list[tuple[int, int]]:
        """Return where the lines of each entry of a block collection begin and end, without the last line end."""
        found: list[tuple[int, int]] = []
        for entry in parent.value:
            is_pair = isinstance(entry, tuple)
            start = entry[0].start_mark.index if is_pair else self.hyphen(parent, entry)
            begin = self.line_start(start)
            if found and not is_pair:  # what stands above the first item is about the whole list
                begin = self.with_comments(begin, start - begin)
            elif self.text[begin:start].strip(" "):
                begin = start
            found.append((begin, self.line_end(self.end(entry[1] if is_pair else entry))))
        return found

    def with_comments(self, begin: int, column: int) -> int:
        """Return where the comments begin that stand right above a line in its column."""
        while begin:
            above = self.line_start(begin - 1)
            line = self.text[above:begin]
            if not line.startswith(" " * column + "#"):
                break
            begin = above
        return begin

    def add_key(self, where: Where, value: Any) -> str:
        """Return the text with a key added after those that usually come before it."""
        parent, key = self.node(where[:-1]), str(where[-1])
        if parent.flow_style:
            parts = [*self.flow_items(parent), f"{key}: {rendered_flow(value)}"]
            return self.cut(parent, f"{{{', '.join(parts)}}}")
        column: int = parent.start_mark.column
        entry = key + ":" + rendered(value, column, column + len(key) + 1, self.layout)
        keys = [pair[0].value for pair in parent.value]
        before = [index for index, other in enumerate(keys) if _rank(other) <= _rank(key)]
        if before:
            at = self.spans(parent)[before[-1]][1]
            new = "\n" + " " * column + entry
        else:
            at = int(parent.value[0][0].start_mark.index)
            new = entry + "\n" + " " * column
        return self.text[:at] + new.replace("\n", self.newline) + self.text[at:]

    def insert_item(self, items: Any, index: int, value: Any) -> str:
        """Return the text with an item added to a block list; the gap between items is that of the others."""
        spans = self.spans(items)
        column: int = items.start_mark.column
        item = " " * column + "-" + rendered(value, column, column + 1, self.layout)
        gap = self.text[spans[0][1] : spans[1][0]] if len(spans) > 1 else self.newline
        gap = gap if not gap.strip() else self.newline
        item = item.replace("\n", self.newline)
        if index < len(spans):
            at = spans[index][0]
            if self.text[self.line_start(at) : at].strip(" "):
                raise EditError("This list is written in an unusual way. Change the text of the file there.")
            return self.text[:at] + item + gap + self.text[at:]
        at = spans[-1][1]
        return self.text[:at] + gap + item + self.text[at:]

    def remove_entry(self, parent: Any, index: int) -> str:
        """Return the text without an entry and the blank lines that set it off."""
        spans = self.spans(parent)
        begin, end = spans[index]
        if index + 1 == len(spans):
            return _without_blank_end(self.text[:begin]) + self.text[end:]
        if begin != self.line_start(begin):  # the first key of an item, beside its hyphen
            return self.text[:begin] + self.text[parent.value[index + 1][0].start_mark.index :]
        blank = re.compile(r"\r?\n(?:[ \t]*\r?\n)*").match(self.text, end)
        return self.text[:begin] + self.text[blank.end() if blank else end :]

    def reorder(self, items: Any, order: Sequence[int]) -> str:
        """Return the text with the items in another order; the gaps between them stay."""
        if items.flow_style:
            parts = self.flow_items(items)
            return self.cut(items, f"[{', '.join(parts[index] for index in order)}]")
        spans = self.spans(items)
        new, at = self.text[: spans[0][0]], spans[0][0]
        for old, index in zip(spans, order, strict=True):
            new += self.text[at : old[0]] + self.text[slice(*spans[index])]
            at = old[1]
        return new + self.text[at:]

    def flow_items(self, node: Any) -> list[str]:
        """Return the text of each entry of a list in brackets or a group in braces."""
        if "#" in re.sub(r"(\"|').*?\1", "", self.text[node.start_mark.index : node.end_mark.index]):
            raise EditError("There are comments inside these brackets. Change the text of the file there.")
        starts = [(entry[0], entry[1]) if isinstance(entry, tuple) else (entry, entry) for entry in node.value]
        return [self.text[first.start_mark.index : last.end_mark.index] for first, last in starts]


def _without_blank_end(text: str) -> str:
    """Return the text without the blank lines at its end and without the last line end."""
    while True:
        rest, newline, last = text.rpartition("\n")
        if not newline or last.strip(" \t"):
            return text
        text = rest.removesuffix("\r")


def index_of(parent: Any, step: str | int) -> int:
    """Return which entry a step leads to; the last of several equal keys is the one that counts."""
    if isinstance(parent, yaml.SequenceNode):
        return int(step)
    return max(index for index, (key, _) in enumerate(parent.value) if key.value == step)


def child_of(parent: Any, step: str | int) -> Any:
    """Return the node that a step leads to; None when there is none."""
    if isinstance(parent, yaml.SequenceNode):
        is_there = isinstance(step, int) and 0 <= step < len(parent.value)
        return parent.value[step] if is_there else None
    if isinstance(parent, yaml.MappingNode) and any(key.value == step for key, _ in parent.value):
        return parent.value[index_of(parent, step)][1]
    return None


def _rank(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else -1


def _unshared(value: Any) -> Any:
    """Return a copy in which nothing is shared, as an alias shares it."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal and of the same types; the order of keys does not count."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)
