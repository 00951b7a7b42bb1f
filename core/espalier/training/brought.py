"""Rows that a person brings to a run beside the project's own: general data, and what a recipe mixes."""

from collections.abc import Sequence
from dataclasses import replace

from espalier.project import Project
from espalier.synthesis.checks import is_not_held_out
from espalier.synthesis.words import plain
from espalier.training.conversations import read_rows
from espalier.training.mixture import Mixture, Row


def with_general(mixture: Mixture, project: Project, questions: Sequence[str]) -> Mixture:
    """Return the mixture with the rows of the project's ``general.jsonl``; unchanged when there is none.

    Args:
        mixture: of the project.
        project: whose file is read.
        questions: held-out questions; rows that are nearly the same as one are left out.

    Raises:
        EspalierError: the file cannot be read.
    """
    if not project.general.exists():
        return mixture
    rows, withheld = _without(read_rows(project.general, "general"), questions)
    return replace(mixture, general=rows, withheld=mixture.withheld + withheld)


def instead(mixture: Mixture, rows: Sequence[Row], questions: Sequence[str]) -> Mixture:
    """Return the mixture with a recipe's rows in place of its own; what it holds out stays held out.

    Args:
        mixture: of the project.
        rows: of the recipe.
        questions: held-out questions; rows that are nearly the same as one are left out.
    """
    kept_away = {(row.question, row.answer) for row in mixture.held_out}
    own = [row for row in rows if (row.question, row.answer) not in kept_away]
    train, withheld = _without(own, questions)
    return replace(mixture, train=train, withheld=withheld)


def _without(rows: Sequence[Row], questions: Sequence[str]) -> tuple[tuple[Row, ...], int]:
    forbidden = [plain(question) for question in questions]
    kept = tuple(row for row in rows if is_not_held_out(row.question, forbidden).passed)
    return kept, len(rows) - len(kept)
