"""What is wrong in a leaf, as values: every problem at once, each with its place in the file."""

from dataclasses import asdict, dataclass
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
