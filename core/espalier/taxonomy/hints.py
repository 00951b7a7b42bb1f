"""Advice beyond InstructLab's rules: a hint rejects nothing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from espalier.taxonomy.places import name, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.source import Source
from espalier.taxonomy.telltale import near_duplicates, other_model, personal_data

# The public taxonomy's README: contexts of 500 words, questions and answers of 250.
MAX_WORDS = {"context": 500, "question": 250, "answer": 250}
_TODO = re.compile(r"^[^\n]*?(?:^|\s)(# TODO\b[^\n]*)", re.MULTILINE)

Where = tuple[str | int, ...]


def hints(path: str, source: Source) -> Iterator[Problem]:
    """Yield the hints for a leaf that its schema accepts."""
    texts = list(_texts(source.contents))
    for where, text in texts:
        for code, message in _about_text(where, text):
            yield _hint(path, source.node, where, code, message)
    questions = [(where, text) for where, text in texts if where[-1] == "question"]
    for later, earlier in near_duplicates([text for _, text in questions]):
        where = questions[later][0]
        message = (
            f"The {name(where)} is almost the same as the {name(questions[earlier][0])}. "
            "Ask about something else: variety is what the model learns from."
        )
        yield _hint(path, source.node, where, "near-duplicate", message)
    yield from _mixed_seeds(path, source)
    yield from _todos(path, source)


def _texts(contents: Mapping[Any, Any]) -> Iterator[tuple[Where, str]]:
    """Yield every context, question and answer with its path."""
    for index, seed in enumerate(contents["seed_examples"]):
        groups = [(("seed_examples", index), seed)] + [
            (("seed_examples", index, "questions_and_answers", number), pair)
            for number, pair in enumerate(seed.get("questions_and_answers", ()))
        ]
        for where, group in groups:
            for key in MAX_WORDS:
                if key in group:
                    yield (*where, key), group[key]


def _about_text(where: Where, text: str) -> Iterator[tuple[str, str]]:
    words, limit = len(text.split()), MAX_WORDS[str(where[-1])]
    if words > limit:
        yield f"long-{where[-1]}", f"The {name(where)} has {words} words. Shorten it to {limit} at most."
    found = personal_data(text)
    if found:
        kind, match = found
        message = f"The {name(where)} holds what looks like {kind} ({match}). Replace it by an invented one."
        yield "personal-data", message
    model = other_model(text)
    if model:
        message = f"The {name(where)} mentions “{model}”. Rewrite it, or the student will talk of itself like that."
        yield "other-model", message


def _mixed_seeds(path: str, source: Source) -> Iterator[Problem]:
    seeds = source.contents["seed_examples"]
    if "document" in source.contents:
        return
    first = "context" in seeds[0]
    odd = next((index for index, seed in enumerate(seeds) if ("context" in seed) != first), None)
    if odd is not None:
        message = (
            "Some seed examples have a context and some have none; the first one decides for the whole leaf. "
            "Give all of them a context, or none."
        )
        yield _hint(path, source.node, ("seed_examples", odd), "mixed-seeds", message)


def _todos(path: str, source: Source) -> Iterator[Problem]:
    """Yield the comments that mark what a person has still to write."""
    for found in _TODO.finditer(source.text):
        at = found.start(1)
        if not _is_in_text(source.node, at):
            line = source.text.count("\n", 0, at) + 1
            column = at - source.text.rfind("\n", 0, at)
            message = f"This is still to do: {found[1].removeprefix('# TODO').strip(' :.')}. Then delete the comment."
            yield Problem(path, line, column, "hint", "todo", message)


def _is_in_text(node: yaml.Node | None, at: int) -> bool:
    """Return whether a place is inside a scalar, where a hash begins no comment."""
    if isinstance(node, yaml.ScalarNode):
        return bool(node.start_mark.index <= at < node.end_mark.index)
    if isinstance(node, yaml.SequenceNode):
        return any(_is_in_text(child, at) for child in node.value)
    if isinstance(node, yaml.MappingNode):
        return any(_is_in_text(child, at) for pair in node.value for child in pair)
    return False


def _hint(path: str, root: yaml.Node | None, where: Where, code: str, message: str) -> Problem:
    line, column = place(node_at(root, where))
    return Problem(path, line, column, "hint", code, message, yaml_path(where))
