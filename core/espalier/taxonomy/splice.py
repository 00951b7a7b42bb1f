"""One change in the text of a leaf, and every other byte as it was: comments, order, quotes and blank lines.

The change is cut into the source at the marks that PyYAML's nodes carry. A round trip through a loader and an
emitter (ruamel.yaml) keeps comments too, but rewrites indents, line breaks and quotes that it finds unusual.
Whatever the splice gives is read again and compared with the values wanted; an edit that cannot be made so, such
as one that an alias would carry elsewhere, is refused.

Nothing here judges the values: an answer may be empty while a person is still writing. `edit` does.
"""

import re
from typing import Any

import yaml

from espalier.taxonomy.leaf_text import EditError, LeafText, Where, child_of, index_of
from espalier.taxonomy.places import is_in_text, name
from espalier.taxonomy.render import rendered_flow


def set_value(text: str, where: Where, value: Any) -> str:
    """Return the text with one value replaced, or a missing key added in its usual place.

    Args:
        text: the leaf, valid YAML.
        where: keys and indexes from the top, such as ``("seed_examples", 0, "answer")``.
        value: a text, a whole number, or lists and mappings of them.

    Raises:
        EditError: there is no such place, or the text cannot be changed there alone.
    """
    leaf = LeafText.of(text)
    parent = leaf.node(where[:-1])
    if child_of(parent, where[-1]) is not None:
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
    leaf = LeafText.of(text)
    parent = leaf.node(where[:-1])
    if child_of(parent, where[-1]) is None:
        raise EditError(f"There is no {name(where)} to remove.")
    if len(parent.value) == 1:
        new = leaf.replace(where[:-1], [] if isinstance(parent, yaml.SequenceNode) else {})
    elif parent.flow_style:
        parts = leaf.flow_items(parent)
        del parts[index_of(parent, where[-1])]
        new = leaf.cut(parent, ", ".join(parts).join("[]" if isinstance(parent, yaml.SequenceNode) else "{}"))
    else:
        new = leaf.remove_entry(parent, index_of(parent, where[-1]))
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
    leaf = LeafText.of(text)
    parent = leaf.node(where[:-1])
    if child_of(parent, where[-1]) is None or child_of(parent, key) is not None:
        raise EditError(f"No key {name(where)} can be called “{key}” here. Change the text of the file there.")
    node = parent.value[index_of(parent, where[-1])][0]

    def rename(wanted: Any) -> None:
        group = _at(wanted, where[:-1])
        group[key] = group.pop(where[-1])

    return leaf.verified(leaf.cut(node, key), rename)


def comment(text: str, where: Where, words: str) -> str:
    """Return the text with a comment behind a value, or under the last item of a list.

    Raises:
        EditError: there is no such place, or no room for a comment.
    """
    leaf = LeafText.of(text)
    node = child_of(leaf.node(where[:-1]), where[-1])
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
    """Return the comments between a key and the end of its list or group, without their hashes.

    Raises:
        EditError: there is no such list or group.
    """
    leaf = LeafText.of(text)
    node = leaf.node(where)
    parent = leaf.node(where[:-1])
    key = parent.value[index_of(parent, where[-1])]
    begin = key[0].end_mark.index if isinstance(key, tuple) else node.start_mark.index
    found = re.compile(r"(?<!\S)#[ \t]*([^\r\n]*)").finditer(text, begin, leaf.end(node))
    return [each[1] for each in found if not is_in_text(node, each.start())]


def _list_at(text: str, where: Where) -> tuple[LeafText, Any, int]:
    leaf = LeafText.of(text)
    items, index = leaf.node(where[:-1]), where[-1]
    if not isinstance(items, yaml.SequenceNode) or not isinstance(index, int) or not 0 <= index <= len(items.value):
        raise EditError(f"There is no place for {name(where)}. Choose another one.")
    return leaf, items, index


def _at(value: Any, where: Where) -> Any:
    for step in where:
        value = value[step]
    return value
