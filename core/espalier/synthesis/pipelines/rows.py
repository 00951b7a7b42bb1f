"""What goes through a pipeline: rows of named columns, each with the checks it went through."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from espalier.language import LanguageModel
from espalier.synthesis.critic import Standard
from espalier.synthesis.sample import Check


@dataclass(frozen=True)
class Row:
    """One row of the table that a pipeline works on.

    Attributes:
        columns: by name.
        verdict: what blocks found, in order; all passed while the row is in the pipeline.
        source: what it was drawn from: a chunk of a document, or a seed's question.
    """

    columns: Mapping[str, Any]
    verdict: tuple[Check, ...] = ()
    source: str = ""

    def with_columns(self, columns: Mapping[str, Any]) -> "Row":
        """Return the row with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def without(self, names: Iterable[str]) -> "Row":
        """Return the row without some columns; those that it lacks are no matter."""
        dropped = set(names)
        return replace(self, columns={name: value for name, value in self.columns.items() if name not in dropped})

    def judged(self, check: Check) -> "Row":
        """Return the row with one more check."""
        return replace(self, verdict=(*self.verdict, check))


@dataclass(frozen=True)
class Table:
    """What a block makes of its rows.

    Attributes:
        rows: that go on, in order.
        removed: that do not; a check of each failed and says why.
    """

    rows: list[Row] = field(default_factory=list)
    removed: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Calls:
    """What the blocks of one portion ask with.

    Attributes:
        teacher: loads the model that writes, when it is first needed.
        critic: loads the model that judges.
        seed: of this portion; the same seed and rows give the same draws.
        scaled: what ``n: scaled`` stands for.
        is_repeat: whether these rows were drawn from before, so that draws at temperature 0 would give the same again.
        on_tokens: told the number of tokens written since the last call.
        standard: what the leaf's samples are held against.
        known: questions of the leaf's seeds and accepted samples so far, in their plain form.
    """

    teacher: Callable[[], LanguageModel]
    critic: Callable[[], LanguageModel]
    seed: str
    scaled: int
    is_repeat: bool
    on_tokens: Callable[[int], None]
    standard: Standard | None = None
    known: Sequence[str] = ()


class Block(Protocol):
    """One step of a pipeline."""

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return what becomes of some rows, at least one."""


def failed(name: str, reason: str) -> Check:
    """Return the check of a row that a block removes; ``name`` is the block's."""
    return Check(name, False, reason)


def shown(value: object, most: int = 80) -> str:
    """Return a value as it is quoted in a reason: on one line, and not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
