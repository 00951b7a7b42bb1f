"""What is wrong in a leaf, as values: every problem at once, each with its place in the file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning", "hint"]
Mode = Literal["strict", "ci"]


@dataclass(frozen=True)
class Problem:
    """One thing to mend in one file.

    Attributes:
        path: the file, as it was given to the checker.
        line: from 1; 1 when the problem has no place of its own.
        column: from 1.
        severity: an error rejects the file; a warning and a hint reject nothing.
        code: the kind of problem, the same in every version, such as ``wrong-type`` or
            ``lint-trailing-spaces``.
        message: what is wrong and what to do, in plain words.
        yaml_path: such as ``.seed_examples[0].answer``; ``.`` is the whole document, empty means none.
    """

    path: str
    line: int
    column: int
    severity: Severity
    code: str
    message: str
    yaml_path: str = ""

    def as_json(self) -> dict[str, str | int]:
        """Return the fields as one JSON object, in the order that ``espalier check --json`` prints."""
        return asdict(self)

    @property
    def is_error(self) -> bool:
        """Return whether this problem alone rejects the file."""
        return self.severity == "error"


def first_told(path: Path, problems: Sequence[Problem]) -> str:
    """Return the first of a file's problems, at least one, with its place, and how many more there are."""
    first, more = problems[0], len(problems) - 1
    rest = f" There are {more} more errors in this file." if more else ""
    if more == 1:
        rest = " There is 1 more error in this file."
    return f"{path}, line {first.line}, column {first.column}: {first.message}{rest}"
