"""Prompt config files: the parts of a prompt as Jinja, and how the answer is taken apart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from espalier.errors import EspalierError
from espalier.language import Message, Prompt
from espalier.taxonomy.places import node_at, place
from espalier.taxonomy.source import ReadingError, parse

PARTS = ("system", "introduction", "principles", "examples", "generation")
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


class UnfilledError(Exception):
    """A row lacks what a prompt needs; the message is a reason in words."""


@dataclass(frozen=True)
class PromptConfig:
    """One prompt config file.

    Attributes:
        text: the five parts of the prompt below each other, as Jinja.
        start_tags: before each of the answer's columns; "" with an empty end tag takes the whole answer.
        end_tags: after each of them.
        place: of the file, for messages.
    """

    text: str
    start_tags: tuple[str, ...]
    end_tags: tuple[str, ...]
    place: str

    def prompt(self, columns: Mapping[str, Any]) -> Prompt:
        """Return the prompt for a row: one turn of the user, which the teacher's own template wraps.

        Raises:
            UnfilledError: the row lacks a column, or the template fails on it.
        """
        try:
            return Prompt((Message("user", _template(self.text).render(columns).strip()),))
        except TemplateError as error:
            raise UnfilledError(f"The prompt cannot be filled: {error.message}.") from error
        except (TypeError, ValueError, ArithmeticError, OverflowError) as error:
            raise UnfilledError(f"The prompt cannot be filled: {error}.") from error


@cache
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def read_prompt_config(path: Path, part: str = "") -> PromptConfig:
    """Return the prompt in a config file.

    Args:
        path: of the file.
        part: key of a prompt in a file that holds several; "" for a file that is one prompt.

    Raises:
        EspalierError: the file is missing or no prompt, or its Jinja is wrong.
    """
    source = _read(path)
    values, node = source.contents, source.node
    if part:
        values = values.get(part) if isinstance(values, Mapping) else None
        node = node_at(node, [part])
    if not isinstance(values, Mapping):
        raise EspalierError(f"{path} holds no prompt{f' named {part}' if part else ''}. Write its five parts as keys.")
    if not any(values.get(name) for name in PARTS):
        raise EspalierError(f"{path} holds no prompt. Give it one of the keys {', '.join(PARTS)}.")
    for name in PARTS:
        try:
            _ENVIRONMENT.from_string(str(values.get(name) or ""))
        except TemplateSyntaxError as error:
            line, column = place(node_at(node, [name]))
            raise EspalierError(
                f"{path}, line {line + error.lineno}, column {column}: in “{name}” Jinja reads: {error.message} "
                "Mend the braces; {{ and }} stand around the name of a column."
            ) from error
    text = "\n".join(str(values.get(name) if values.get(name) is not None else "") for name in PARTS)
    starts, ends = (_tags(values, key, path) for key in ("start_tags", "end_tags"))
    return PromptConfig(text, starts, ends, str(path))


def read_values(path: Path) -> Mapping[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        EspalierError: the file is missing or no mapping.
    """
    values = _read(path).contents
    if not isinstance(values, Mapping):
        raise EspalierError(f"{path} holds no keys with values. Write it as YAML, one “key: value” a line.")
    return values


def _read(path: Path) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise EspalierError(f"The file {path} cannot be read: {reason}. Correct the path or the file.") from error
    except ReadingError as error:
        raise EspalierError(f"{path}, line {error.line}, column {error.column}: {error.message}") from error


def _tags(values: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    tags = values.get(key) or []
    if not isinstance(tags, list):
        raise EspalierError(f"{path}: “{key}” is no list. Write it as a list of texts.")
    return tuple("" if tag is None else str(tag) for tag in tags)


@dataclass(frozen=True)
class Parser:
    """How the columns are found in an answer.

    Attributes:
        columns: to fill.
        start_tags: of each column.
        end_tags: of each column.
        pattern: a regular expression that is used instead of tags, a group for each column; None without one.
        cleanup: texts that are taken out of what the groups found.
    """

    columns: tuple[str, ...]
    start_tags: tuple[str, ...]
    end_tags: tuple[str, ...]
    pattern: re.Pattern[str] | None = None
    cleanup: tuple[str, ...] = ()

    def parse(self, answer: str) -> list[dict[str, str]]:
        """Return the new columns of each row that an answer gives: as many as every column was found times."""
        found = self._matches(answer) if self.pattern else self._tagged(answer)
        return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=False)]

    def wanted(self) -> str:
        """Return what an answer must hold, in words."""
        if self.pattern:
            return f"what the pattern {shown_pattern(self.pattern.pattern)} asks for"
        tags = [f"{start} … {end}" for start, end in zip(self.start_tags, self.end_tags, strict=False) if start or end]
        return " and ".join(tags) or "a text"

    def _tagged(self, answer: str) -> dict[str, list[str]]:
        if not self.start_tags:
            return {self.columns[0]: [answer.strip()] if answer.strip() else []}
        found = {}
        for column, start, end in zip(self.columns, self.start_tags, self.end_tags, strict=False):
            if start or end:
                matches: list[str] = re.findall(f"{re.escape(start)}(.*?){re.escape(end)}", answer, re.DOTALL)
                found[column] = [match.strip() for match in matches]
            else:
                found[column] = [answer.strip()] if answer.strip() else []
        return found

    def _matches(self, answer: str) -> dict[str, list[str]]:
        assert self.pattern
        found: dict[str, list[str]] = {column: [] for column in self.columns}
        for match in self.pattern.findall(answer):
            if isinstance(match, str):  # the pattern has one group, or none
                found[self.columns[0]].append(match.strip())
                continue
            for column, value in zip(self.columns, match, strict=False):
                found[column].append(self._clean(value.strip()))
        return found

    def _clean(self, value: str) -> str:
        for text in self.cleanup:
            value = value.replace(text, "")
        return value


def parser_of(config: PromptConfig, columns: Sequence[str], settings: Mapping[str, Any], place: str) -> Parser:
    """Return the parser of a block.

    Args:
        config: of the block's prompt.
        columns: to fill.
        settings: the block's ``parser_kwargs``.
        place: of the block, for messages.

    Raises:
        EspalierError: the regular expression is wrong.
    """
    if settings.get("parser_name") != "custom":
        return Parser(tuple(columns), config.start_tags, config.end_tags)
    try:
        pattern = re.compile(str(settings.get("parsing_pattern", "")), re.DOTALL)
    except re.error as error:
        raise EspalierError(f"{place}: the parsing_pattern is no regular expression: {error}. Correct it.") from error
    cleanup = tuple(str(tag) for tag in settings.get("parser_cleanup_tags") or ())
    return Parser(tuple(columns), (), (), pattern, cleanup)


def shown_pattern(pattern: str) -> str:
    """Return a pattern short enough to be quoted."""
    return pattern if len(pattern) <= 60 else f"{pattern[:59]}…"
