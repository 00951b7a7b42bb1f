"""Settings as a person gives them: values by name, put into dataclasses of plain values and parts of such."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from espalier.errors import EspalierError

Settings = TypeVar("Settings")


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return the settings with some values changed; a value inside a part such as ``lora`` is named ``lora.rank``.

    Values may be texts, as a person types them, and whole parts may be given as mappings.

    Raises:
        EspalierError: a name or a value that is none.
    """
    whole: Any = settings
    for name, value in flat(values).items():
        part, _, rest = name.partition(".")
        inside = getattr(whole, part, None) if rest else None
        if is_dataclass(inside) and not isinstance(inside, type):
            whole = replace(whole, **{part: put(inside, rest, value)})
        else:
            whole = put(whole, name, value)
    made: Settings = whole
    return made


def put(part: Any, name: str, value: Any) -> Any:
    """Return a dataclass of plain values with one of them changed; texts become what the field holds.

    Raises:
        EspalierError: a name or a value that is none.
    """
    known = {item.name: getattr(part, item.name) for item in fields(part)}
    if name not in known or is_dataclass(known[name]):
        raise EspalierError(f"There is no setting “{name}”. Choose one of {', '.join(sorted(known))}.")
    try:
        return replace(part, **{name: _as(type(known[name]), value)})
    except (TypeError, ValueError) as error:
        kind = {int: "a whole number", float: "a number", bool: "yes or no"}.get(type(known[name]), "a text")
        raise EspalierError(f"The setting “{name}” is {value!r}. Give {kind}.") from error


def _as(kind: type, value: Any) -> Any:
    if kind is bool:
        words = {"yes": True, "true": True, "no": False, "false": False}
        if str(value).lower() not in words:
            raise ValueError(value)
        return words[str(value).lower()]
    if kind is tuple:
        return tuple(str(value).replace(",", " ").split()) if isinstance(value, str) else tuple(map(str, value))
    if kind is int and isinstance(value, float) and value != int(value):
        raise ValueError(value)
    if kind is not str and isinstance(value, bool):
        raise TypeError(value)
    return kind(value)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with those inside parts such as ``lora`` named ``lora.rank`` and so on."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            made.update({f"{name}.{inner}": part for inner, part in value.items()})
        else:
            made[str(name)] = value
    return made


def needed(
    values: Mapping[str, Any], given: Iterable[str], meaning: Callable[[Mapping[str, Any]], object]
) -> dict[str, Any]:
    """Return the values without those of the given names that change nothing.

    Args:
        values: by name.
        given: names of those that were just set.
        meaning: what values come to; raises when they cannot be used.
    """
    kept, wanted = dict(values), meaning(values)
    for name in given:
        without = {key: value for key, value in kept.items() if key != name}
        if meaning(without) == wanted:
            kept = without
    return kept
