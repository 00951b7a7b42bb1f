"""The rules of InstructLab's formats for the values of a leaf: which schema judges it, and what it finds."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from espalier.resources import resource
from espalier.taxonomy.problems import Mode
from espalier.taxonomy.walk import FOLDERS as FOLDERS
from espalier.taxonomy.walk import Folder as Folder

LATEST_VERSION = 3


@dataclass(frozen=True)
class Finding:
    """One broken rule.

    Attributes:
        rule: the keyword of JSON Schema, such as ``required``.
        path: keys and indexes from the top of the document to the value.
        details: the missing key for ``required``; every unknown key for ``additionalProperties``; the index
            of every item that repeats an earlier one for ``uniqueItems``.
        limit: what the schema asks for.
    """

    rule: str
    path: tuple[str | int, ...]
    details: tuple[str | int, ...]
    limit: Any
    value: Any


def judged_folder(path: Path, contents: Mapping[Any, Any]) -> Folder:
    """Return which kind of leaf the file is: the deepest folder of either name decides, else its keys."""
    for part in reversed(path.parts):
        for folder in FOLDERS:
            if part == folder:
                return folder
    return "knowledge" if "document" in contents else "compositional_skills"


def judged_version(contents: Mapping[Any, Any], mode: Mode) -> int | None:
    """Return the version of the schema to apply; None when the file asks for one that does not exist.

    An unreadable version counts as 1 and is then reported by that schema, as in InstructLab.
    """
    if mode == "ci":
        return LATEST_VERSION
    version = contents.get("version", 1)
    if isinstance(version, bool):
        return None
    try:
        number = int(version)
    except OverflowError:
        return None
    except (TypeError, ValueError):
        return 1
    return number if 1 <= number <= LATEST_VERSION else None


def violations(contents: Mapping[Any, Any], folder: Folder, version: int) -> list[Finding]:
    """Return every broken rule; versions 1 and 2 of knowledge have no schema and are not asked for.

    Raises:
        RecursionError: the values are nested too deeply to compare.
    """
    return [
        Finding(
            str(error.validator),
            tuple(error.absolute_path),
            tuple(json.loads(error.message)) if error.validator in _KEYWORDS else (),
            error.validator_value,
            error.instance,
        )
        for error in _validator(folder, version).iter_errors(contents)
    ]


def known_keys(folder: Folder, version: int, where: Sequence[str | int]) -> list[str]:
    """Return the keys that the group at a path may have; [] when the schema knows no such group."""
    schema = _schema(folder, version)
    for step in where:
        schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
    return list(schema.get("properties", {}))


@cache
def _schema(folder: Folder, version: int) -> Any:
    name = f"knowledge-v{version}" if folder == "knowledge" else f"skill-v{version}"
    return json.loads(resource(f"schemas/{name}.json").read_text(encoding="utf-8"))


@cache
def _validator(folder: Folder, version: int) -> Validator:
    schema = _schema(folder, version)
    checks: Validator = extend(Draft202012Validator, _KEYWORDS)(schema)  # type: ignore[no-untyped-call]
    return checks


def _required(_validator: Validator, keys: list[str], value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        yield from (_broken(key) for key in keys if key not in value)


def _only_known(_validator: Validator, _rule: bool, value: Any, schema: Any) -> Iterator[ValidationError]:
    unknown = [str(key) for key in value if key not in schema["properties"]] if isinstance(value, dict) else []
    if unknown:
        yield _broken(*unknown)


def _unique(_validator: Validator, _rule: bool, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Yield an error when items repeat, in linear time: the library's own way is quadratic for mappings."""
    seen: set[Hashable] = set()
    twins = []
    for index, item in enumerate(value if isinstance(value, list) else []):
        key = _identity(item)
        if key in seen:
            twins.append(index)
        seen.add(key)
    if twins:
        yield _broken(*twins)


def _identity(value: Any) -> Hashable:
    """Return a hashable value that is equal exactly when JSON Schema says so: 1 is 1.0, not true."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, Mapping):
        return ("mapping", frozenset((key, _identity(item)) for key, item in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ("sequence", tuple(_identity(item) for item in value))
    return frozenset(value) if isinstance(value, set) else value


def _broken(*details: str | int) -> ValidationError:
    return ValidationError(json.dumps(details))


_KEYWORDS = {"required": _required, "additionalProperties": _only_known, "uniqueItems": _unique}
