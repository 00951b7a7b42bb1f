"""What an endpoint has answered, on disk as soon as it comes: what was paid for is never asked for twice."""

from pathlib import Path
from typing import Any

from espalier.files import append_lines, read_lines
from espalier.project import content_key


class Answered:
    """Plain values by what was asked; without a file they are kept in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        for line in read_lines(path) if path else []:
            if isinstance(line, dict) and {"key", "value"} <= line.keys():
                self._values[line["key"]] = line["value"]

    def find(self, asked: tuple[Any, ...]) -> Any:
        """Return the answer to a request, which is plain values; None when there is none."""
        return self._values.get(content_key(*asked))

    def add(self, asked: tuple[Any, ...], value: Any) -> None:
        """Keep an answer."""
        key = content_key(*asked)
        self._values[key] = value
        if self._path:
            append_lines(self._path, [{"key": key, "value": value}])
