"""The bytes of a ``qna.yaml`` as text, nodes and plain values; hostile files are refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from espalier.taxonomy.scanning import Scanner

# Limits so that any file is judged within two seconds (measured with `espalier bench taxonomy`). The largest
# leaf in the history of the public taxonomy has 37 kB and 1,400 events.
MAX_BYTES = 1_000_000
_MAX_LINES = 100_000
_MAX_EVENTS = 30_000
_MAX_KEYS = 1_000  # of one mapping: yamllint compares every key with every other
_MAX_EXPANDED = 10_000_000  # characters, with each alias written out
_MAX_NUMBER = 1_000  # characters of a number or date: larger ones take Python minutes
_TEXT_TAG = "tag:yaml.org,2002:str"

_ADVICE = {
    "mapping values are not allowed": "If a text here contains a colon, put the whole text in quotes.",
    "could not find expected ':'": "A key needs a colon; a text of several lines needs | and an indent.",
    "found character '\\t'": "Replace the tab by spaces.",
    "cannot start any token": "Put the text that starts here in quotes.",
    "undefined alias": "A text that starts with * needs quotes.",
    "expected a single document": "Remove the line --- and what follows it: a leaf is one document.",
    "could not determine a constructor": "A text that starts with ! needs quotes.",
    "special characters are not allowed": "Delete the invisible character.",
}


class ReadingError(Exception):
    """The file cannot be read as YAML at all; carries what one problem needs."""

    def __init__(self, code: str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.code, self.message, self.line, self.column = code, message, line, column


@dataclass(frozen=True)
class Source:
    """One file that is valid YAML.

    Attributes:
        text: with every line end as a newline, as InstructLab's parser sees it.
        node: the tree with the places; None when the file holds no value.
        contents: what ``yaml.safe_load`` makes of it.
        tokens: as PyYAML's scanner gives them.
    """

    text: str
    node: yaml.Node | None
    contents: Any
    tokens: list[Any]


def parse(text: str) -> Source:
    """Return the values in a text and where they stand.

    Raises:
        ReadingError: it is over 1 MB or 100,000 lines, not YAML, or made to exhaust the reader.
    """
    if len(text) > MAX_BYTES:
        raise _too_large()
    text = unix_lines(text)
    if text.count("\n") > _MAX_LINES:
        raise _too_large()
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Source(text, None, None, loader.seen)
        _refuse_expansion(node)
        return Source(text, node, loader.construct_document(node), loader.seen)
    except RecursionError:
        raise ReadingError(
            "too-deep", "The YAML is nested too deeply to read. Write the leaf without nested lists."
        ) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = error.position - (before.rfind("\n") + 1) + 1
        raise ReadingError("yaml-syntax", _syntax_message(error.reason), before.count("\n") + 1, column) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = _syntax_message(error.problem or error.context or "the text breaks off")
        raise ReadingError("yaml-syntax", message, line, column) from error


def outline(text: str) -> yaml.Node | None:
    """Return the nodes of a text that `parse` accepts, with an alias as a node of its own: what stands where.

    The marks count in the text as it is, whatever its line ends.
    """
    return _Outliner(text).get_single_node()


def read_text(path: Path) -> str:
    """Return the file's text with its own line ends.

    Raises:
        ReadingError: it is unreadable, over 1 MB, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ReadingError("unreadable", f"The file cannot be read ({reason}). Check its permissions.") from error
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = "The file is not UTF-8 text. Save it again with the encoding UTF-8."
        raise ReadingError("not-utf8", message, before.count(b"\n") + 1, column) from error


def unix_lines(text: str) -> str:
    """Return the text with every line end as a newline."""
    return StringIO(text, newline=None).read()


def _too_large() -> ReadingError:
    return ReadingError("too-large", "The file is larger than 1 MB or 100,000 lines. Split it.")


def _syntax_message(problem: str) -> str:
    advice = next((advice for words, advice in _ADVICE.items() if words in problem), "Check quotes and indents.")
    return f"This is not valid YAML: {problem}. {advice}"


class _Loader(Scanner):
    """The loader of the reference parser, with limits; every failure is a YAMLError with a place."""

    events = 0

    def get_event(self) -> Any:
        self.events += 1
        if self.events > _MAX_EVENTS:
            raise ReadingError("too-large", "The file holds too many items. Split it into several leaves.")
        return super().get_event()  # type: ignore[no-untyped-call]

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.tag != _TEXT_TAG and len(node.value) > _MAX_NUMBER:
            raise _unreadable(node)
        try:
            return super().construct_object(node, deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception as error:  # PyYAML lets ValueError, KeyError and more out of ``!!int x`` and 2024-13-45
            raise _unreadable(node) from error


class _Outliner(_Loader):
    """A loader that leaves aliases where they stand; a bare ``ScalarNode`` of style ``*`` is one."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
            return yaml.ScalarNode("alias", event.anchor, event.start_mark, event.end_mark, "*")
        return super().compose_node(parent, index)


def _unreadable(node: yaml.Node) -> yaml.MarkedYAMLError:
    kind = node.tag.rpartition(":")[2]
    return yaml.constructor.ConstructorError(
        None, None, f"this value cannot be read as {kind}; put it in quotes if it is text", node.start_mark
    )


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _refuse_expansion(root: yaml.Node) -> None:
    """Raise ReadingError when aliases unfold to too much or contain themselves, or a mapping is vast."""
    size: dict[int, int] = {}
    inside: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            inside.discard(id(node))
            own = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
            size[id(node)] = 1 + own + sum(size[id(child)] for child in _children(node))
            if size[id(node)] > _MAX_EXPANDED:
                raise _refused(node, "aliases", "The aliases (*) here unfold to far too much text.")
        elif id(node) in inside:
            raise _refused(node, "aliases", "An alias (*) here contains itself.")
        elif id(node) not in size:
            if isinstance(node, yaml.MappingNode) and len(node.value) > _MAX_KEYS:
                raise _refused(node, "too-large", f"This group has more than {_MAX_KEYS} keys.")
            inside.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))


def _refused(node: yaml.Node, code: str, message: str) -> ReadingError:
    mark = node.start_mark
    return ReadingError(code, f"{message} Write the leaf without it.", mark.line + 1, mark.column + 1)
