"""One change in the text of a leaf, and every other byte as it was: comments, order, quotes and blank lines.

The change is cut into the source at the marks that PyYAML's nodes carry. A round trip through a loader and an
emitter (ruamel.yaml) keeps comments too, but rewrites indents, line breaks and quotes that it finds unusual.
Whatever the splice gives is read again and compared with the values wanted; an edit that cannot be made so, such
as one that an alias would carry elsewhere, is refused.

Nothing here judges the values: an answer may be empty while a person is still writing. `edit` does.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from espalier.errors import EspalierError
from espalier.taxonomy.places import is_in_text, name
from espalier.taxonomy.render import Layout, layout_of, rendered, rendered_flow
from espalier.taxonomy.source import ReadingError, outline, parse

Where = tuple[str | int, ...]
_ORDER = (
    *("version", "created_by", "domain", "task_description", "document_outline", "context"),
    *("question", "answer", "questions_and_answers", "seed_examples", "document", "repo", "commit", "patterns"),
)


class EditError(EspalierError):
    """The edit cannot be made, or InstructLab would reject what it gives."""


def set_value(text: str, where: Where, value: Any) -> str:
    """Return the text with one value replaced, or a missing key added in its usual place.

    Args:
        text: the leaf, valid YAML.
        where: keys and indexes from the top, such as ``("seed_examples", 0, "answer")``.
        value: a text, a whole number, or lists and mappings of them.

    Raises:
        EditError: there is no such place, or the text cannot be changed there alone.
    """
    leaf = _Leaf.of(text)
    parent = leaf.node(where[:-1])
    if _child(parent, where[-1]) is not None:
        new = leaf.replace(where, value)
    elif isinstance(parent, yaml.MappingNode):
        new = leaf.add_key(where, value)
    else:
        raise EditError(f"There is no {name(where)}. Add it before it is changed.")
    return leaf.verified(new, lambda wanted: _at(wanted, where[:-1]).__setitem__(where[-1], value))


def insert(text: str, where: Where, value: Any) -> str:
    """Return the text with an item added to a list, before the index that ``where`` ends in.

    Raises:
        EditError: there is no such list, or the text cannot be changed there alone.
    """
    leaf, items, index = _list_at(text, where)
    if not items.value:
        new = leaf.replace(where[:-1], [value])
    elif items.flow_style:
        parts = leaf.flow_items(items)
        new = leaf.cut(items, f"[{', '.join([*parts[:index], rendered_flow(value), *parts[index:]])}]")
    else:
        new = leaf.insert_item(items, index, value)
    return leaf.verified(new, lambda wanted: _at(wanted, where[:-1]).insert(index, value))


def remove(text: str, where: Where) -> str:
    """Return the text without a key or an item, and without the comments that stand right above an item.

    Raises:
        EditError: there is no such place, or the text cannot be changed there alone.
    """
    leaf = _Leaf.of(text)
    parent = leaf.node(where[:-1])
    if _child(parent, where[-1]) is None:
        raise EditError(f"There is no {name(where)} to remove.")
    if len(parent.value) == 1:
        new = leaf.replace(where[:-1], [] if isinstance(parent, yaml.SequenceNode) else {})
    elif parent.flow_style:
        parts = leaf.flow_items(parent)
        del parts[_index(parent, where[-1])]
        new = leaf.cut(parent, ", ".join(parts).join("[]" if isinstance(parent, yaml.SequenceNode) else "{}"))
    else:
        new = leaf.remove_entry(parent, _index(parent, where[-1]))
    return leaf.verified(new, lambda wanted: _at(wanted, where[:-1]).__delitem__(where[-1]))


def move(text: str, where: Where, to: int) -> str:
    """Return the text with an item at another index of its list; the comments right above it go with it.

    Raises:
        EditError: there is no such item, or the text cannot be changed there alone.
    """
    leaf, items, index = _list_at(text, where)
    if not (index < len(items.value) and 0 <= to < len(items.value)):
        raise EditError(f"There is no {name((*where[:-1], max(index, to)))}. Choose another place.")
    order = list(range(len(items.value)))
    order.insert(to, order.pop(index))
    new = leaf.reorder(items, order)

    def reorder(wanted: Any) -> None:
        values = _at(wanted, where[:-1])
        values.insert(to, values.pop(index))

    return leaf.verified(new, reorder)


def rename_key(text: str, where: Where, key: str) -> str:
    """Return the text with a key under another name and its value as it was.

    Raises:
        EditError: there is no such key, or the new one exists.
    """
    leaf = _Leaf.of(text)
    parent = leaf.node(where[:-1])
    if _child(parent, where[-1]) is None or _child(parent, key) is not None:
        raise EditError(f"No key {name(where)} can be called “{key}” here. Change the text of the file there.")
    node = parent.value[_index(parent, where[-1])][0]

    def rename(wanted: Any) -> None:
        group = _at(wanted, where[:-1])
        group[key] = group.pop(where[-1])

    return leaf.verified(leaf.cut(node, key), rename)


def comment(text: str, where: Where, words: str) -> str:
    """Return the text with a comment behind a value, or under the last item of a list.

    Raises:
        EditError: there is no such place, or no room for a comment.
    """
    leaf = _Leaf.of(text)
    node = _child(leaf.node(where[:-1]), where[-1])
    if node is None:
        raise EditError(f"There is no {name(where)}. Add it first.")
    end = leaf.end(node)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        end = leaf.line_end(end)
        new = f"{leaf.newline}{' ' * node.start_mark.column}# {words}"
    else:
        new = f"  # {words}"
    return leaf.verified(text[:end] + new + text[end:], lambda wanted: None)


def comments(text: str, where: Where) -> list[str]:
    """Return the comments inside a list or group, without their hashes.

    Raises:
        EditError: there is no such list or group.
    """
    leaf = _Leaf.of(text)
    node = leaf.node(where)
    found = re.compile(r"(?<!\S)#[ \t]*([^\r\n]*)").finditer(text, node.start_mark.index, leaf.end(node))
    return [each[1] for each in found if not is_in_text(node, each.start())]


@dataclass(frozen=True)
class _Leaf:
    text: str
    contents: Any
    root: yaml.Node
    layout: Layout
    newline: str

    @classmethod
    def of(cls, text: str) -> "_Leaf":
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
            node = _child(node, step)
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
        parent, node = self.node(where[:-1]), _child(self.node(where[:-1]), where[-1])
        assert node is not None
        if parent.flow_style:
            return self.cut(node, rendered_flow(value))
        if isinstance(parent, yaml.MappingNode):
            key = parent.value[_index(parent, where[-1])][0]
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


def _list_at(text: str, where: Where) -> tuple[_Leaf, Any, int]:
    leaf = _Leaf.of(text)
    items, index = leaf.node(where[:-1]), where[-1]
    if not isinstance(items, yaml.SequenceNode) or not isinstance(index, int) or not 0 <= index <= len(items.value):
        raise EditError(f"There is no place for {name(where)}. Choose another one.")
    return leaf, items, index


def _index(parent: Any, step: str | int) -> int:
    """Return which entry a step leads to; the last of several equal keys is the one that counts."""
    if isinstance(parent, yaml.SequenceNode):
        return int(step)
    return max(index for index, (key, _) in enumerate(parent.value) if key.value == step)


def _child(parent: Any, step: str | int) -> Any:
    if isinstance(parent, yaml.SequenceNode):
        is_there = isinstance(step, int) and 0 <= step < len(parent.value)
        return parent.value[step] if is_there else None
    if isinstance(parent, yaml.MappingNode) and any(key.value == step for key, _ in parent.value):
        return parent.value[_index(parent, step)][1]
    return None


def _rank(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else -1


def _at(value: Any, where: Where) -> Any:
    for step in where:
        value = value[step]
    return value


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
