"""The problems of a pipeline file, each with line, column and what to do."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from espalier.resources import resource
from espalier.synthesis.pipelines.prompt import read_values
from espalier.taxonomy.places import key_node, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.source import Source, parse


def examine_pipeline(path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """Return the values of a pipeline file and its problems, in the order of the file.

    Raises:
        EspalierError: the file is missing or no YAML at all.
    """
    read_values(path)
    source = parse(path.read_text(encoding="utf-8"))
    problems = [_problem(path, source, error) for error in _validator().iter_errors(source.contents)]
    return source.contents, sorted(problems, key=lambda problem: (problem.line, problem.column))


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(read_schema())


@cache
def read_schema() -> Mapping[str, Any]:
    """Return the JSON schema of pipeline files."""
    schema: dict[str, Any] = json.loads(resource("schemas/pipeline-v1.json").read_text(encoding="utf-8"))
    return schema


def _problem(path: Path, source: Source, error: ValidationError) -> Problem:
    where = tuple(error.absolute_path)
    node = node_at(source.node, where)
    if error.validator == "additionalProperties":
        node = key_node(node, _unknown(error)[0])
    line, column = place(node)
    return Problem(str(path), line, column, "error", f"pipeline-{error.validator}", _message(error), yaml_path(where))


def _message(error: ValidationError) -> str:
    what = _name(error)
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            instance: Any = error.instance
            missing = [key for key in wanted if key not in instance]
            return f"{what} lacks {_quoted(missing)}. Add {'it' if len(missing) == 1 else 'them'}."
        case "additionalProperties":
            return (
                f"{what} has {_quoted(_unknown(error))}, which it does not know. It knows {', '.join(_known(error))}."
            )
        case "enum":
            return f"{what} is “{error.instance}”. Choose one of {', '.join(map(str, wanted))}."
        case "type":
            return f"{what} must be {_KINDS.get(wanted, wanted)}. Correct the value."
        case "pattern":
            return f'{what} is “{error.instance}”; this Espalier reads version "1.0". Write it in quotes.'
        case "minItems" | "minProperties" | "minLength":
            return f"{what} is empty. Fill it in."
        case "anyOf" if error.absolute_path and error.absolute_path[-1] == "n":
            return f"{what} must be a whole number from 1, or scaled. Correct the value."
    return f"{what} is not as the format wants it: {error.message[:160]}. Correct the value."


def _known(error: ValidationError) -> list[str]:
    schema: Any = error.schema
    return list(schema.get("properties", {}))


def _unknown(error: ValidationError) -> list[str]:
    instance: Any = error.instance
    return [str(key) for key in instance if key not in _known(error)]


_KINDS = {
    "object": "keys with values",
    "array": "a list",
    "string": "a text; put it in quotes",
    "number": "a number",
    "integer": "a whole number",
}


def block_problem(block: Mapping[str, Any]) -> str:
    """Return what is wrong with a block that stands inside another one; "" when nothing is."""
    error = next(_validator().iter_errors({"version": "1.0", "blocks": [block]}), None)
    return _message(error) if error else ""


def _name(error: ValidationError) -> str:
    path = list(error.absolute_path)
    inside = f" of block {int(path[1]) + 1}" if len(path) > 1 and path[0] == "blocks" else ""
    last = path[-1] if path else None
    if last is None:
        return "The pipeline"
    if len(path) == 2 and inside:
        return f"Block {int(last) + 1}"
    name = f"“{last}”" if isinstance(last, str) else f"Item {int(last) + 1} of “{path[-2]}”"
    return f"{name}{inside}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
