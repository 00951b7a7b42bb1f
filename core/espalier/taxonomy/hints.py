"""Advice beyond InstructLab's rules: a hint rejects nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from espalier.taxonomy.places import name, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem

MAX_CONTEXT_WORDS = 500


def hints(path: str, root: yaml.Node | None, contents: Mapping[Any, Any]) -> Iterator[Problem]:
    """Yield the hints for a leaf that its schema accepts."""
    seeds = contents["seed_examples"]
    for index, seed in enumerate(seeds):
        where = ("seed_examples", index, "context")
        words = len(seed.get("context", "").split())
        if words > MAX_CONTEXT_WORDS:
            message = f"The {name(where)} has {words} words. Shorten it to {MAX_CONTEXT_WORDS} at most."
            yield _hint(path, root, where, "long-context", message)
    if "document" in contents:
        return
    first = "context" in seeds[0]
    odd = next((index for index, seed in enumerate(seeds) if ("context" in seed) != first), None)
    if odd is not None:
        message = (
            "Some seed examples have a context and some have none; the first one decides for the whole leaf. "
            "Give all of them a context, or none."
        )
        yield _hint(path, root, ("seed_examples", odd), "mixed-seeds", message)


def _hint(path: str, root: yaml.Node | None, where: tuple[str | int, ...], code: str, message: str) -> Problem:
    line, column = place(node_at(root, where))
    return Problem(path, line, column, "hint", code, message, yaml_path(where))
