"""Advice beyond InstructLab's rules: a hint rejects nothing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from espalier.personal_data import personal_data
from espalier.taxonomy.leaf import LOCAL
from espalier.taxonomy.places import is_in_text, name, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.source import Source
from espalier.taxonomy.telltale import near_duplicates, other_model

# The public taxonomy's README: contexts of 500 words, questions and answers of 250.
MAX_WORDS = {"context": 500, "question": 250, "answer": 250}
_TODO = re.compile(r"^[^\n]*?(?:^|\s)(# TODO\b[^\n]*)", re.MULTILINE)

Where = tuple[str | int, ...]


def hints(path: str, source: Source) -> Iterator[Problem]:
    """Yield the hints for a leaf, whatever else is wrong with it."""
    texts = list(_texts(source.contents))
    for where, text in texts:
        for code, message in _about_text(where, text):
            yield _hint(path, source.node, where, code, message)
    questions = [(where, text) for where, text in texts if where[-1] == "question"]
    contexts = {where[:2]: text for where, text in texts if where[-1] == "context"}
    about = [contexts.get(where[:2], "") for where, _ in questions]
    for later, earlier in near_duplicates([text for _, text in questions], about):
        where = questions[later][0]
        message = (
            f"The {name(where)} is the same as, or almost, the {name(questions[earlier][0])}. "
            "Ask about something else: variety is what the model learns from."
        )
        yield _hint(path, source.node, where, "near-duplicate", message)
    yield from _mixed_seeds(path, source)
    yield from _local_documents(path, source)
    yield from _todos(path, source)


def _texts(contents: Mapping[Any, Any]) -> Iterator[tuple[Where, str]]:
    """Yield every context, question and answer with its path."""
    for index, seed in _groups(contents, "seed_examples"):
        groups: list[tuple[Where, Any]] = [(("seed_examples", index), seed)]
        for number, pair in _groups(seed, "questions_and_answers"):
            groups.append((("seed_examples", index, "questions_and_answers", number), pair))
        for where, group in groups:
            for key in MAX_WORDS:
                if isinstance(group.get(key), str):
                    yield (*where, key), group[key]


def _groups(group: Mapping[Any, Any], key: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """Yield the groups of keys in a list, with their indexes; what is none is for the schema to reject."""
    items = group.get(key)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, Mapping):
            yield index, item


def _about_text(where: Where, text: str) -> Iterator[tuple[str, str]]:
    words, limit = len(text.split()), MAX_WORDS[str(where[-1])]
    if words > limit:
        yield f"long-{where[-1]}", f"The {name(where)} has {words} words. Shorten it to {limit} at most."
    found = personal_data(text)
    if found:
        message = f"The {name(where)} holds what looks like {found.kind} ({found.text}). Replace it by an invented one."
        yield "personal-data", message
    model = other_model(text)
    if model:
        message = f"The {name(where)} mentions “{model}”. Rewrite it, or the student will talk of itself like that."
        yield "other-model", message


def _mixed_seeds(path: str, source: Source) -> Iterator[Problem]:
    if "document" in source.contents or "document_outline" in source.contents:
        return
    seeds = [(index, "context" in seed) for index, seed in _groups(source.contents, "seed_examples")]
    odd = next((index for index, is_grounded in seeds if is_grounded != seeds[0][1]), None)
    if odd is not None:
        message = (
            "Some seed examples have a context and some have none; the first one decides for the whole leaf. "
            "Give all of them a context, or none."
        )
        yield _hint(path, source.node, ("seed_examples", odd), "mixed-seeds", message)


def _local_documents(path: str, source: Source) -> Iterator[Problem]:
    document = source.contents.get("document")
    for key in ("repo", "commit"):
        value = document.get(key) if isinstance(document, Mapping) else None
        if isinstance(value, str) and value.strip() == LOCAL:
            message = (
                "The documents are in this project only. Put them into a Git repository, and name it and its commit "
                "here, before you contribute this leaf."
            )
            yield _hint(path, source.node, ("document", key), "local-documents", message)
            return


def _todos(path: str, source: Source) -> Iterator[Problem]:
    """Yield the comments that mark what a person has still to write."""
    for found in _TODO.finditer(source.text):
        at = found.start(1)
        if not is_in_text(source.node, at):
            line = source.text.count("\n", 0, at) + 1
            column = at - source.text.rfind("\n", 0, at)
            message = f"This is still to do: {found[1].removeprefix('# TODO').strip(' :.')}. Then delete the comment."
            yield Problem(path, line, column, "hint", "todo", message)


def _hint(path: str, root: yaml.Node | None, where: Where, code: str, message: str) -> Problem:
    line, column = place(node_at(root, where))
    return Problem(path, line, column, "hint", code, message, yaml_path(where))
