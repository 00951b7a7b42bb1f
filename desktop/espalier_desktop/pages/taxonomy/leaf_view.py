"""One leaf as the form, the source and the problems show it: all from one text."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.codes import code
from espalier.taxonomy.fixes import Fix, fix
from espalier.taxonomy.leaf import Kind
from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.places import parsed_path
from espalier.taxonomy.problems import Problem

_QUICK = 20_000  # characters: in a longer text a mend is only tried when it is asked for
LONGEST = 100_000  # characters: a longer text is checked after it was saved, by the survey


@dataclass(frozen=True)
class LeafView:
    """What a text says.

    Attributes:
        path: of the leaf in the taxonomy.
        contents: plain values; empty when the text cannot be read.
        problems: in the order of the text.
        blocked: why there can be no form; None when there can.
        fixable: codes of the problems that have a safe mend.
    """

    path: str
    text: str
    contents: Mapping[Any, Any]
    problems: tuple[Problem, ...]
    blocked: Problem | None
    fixable: frozenset[str] = frozenset()

    @property
    def kind(self) -> Kind:
        """Return the kind of leaf; a skill is grounded when a seed example has a context."""
        if self.path.startswith("knowledge/"):
            return "knowledge"
        return "grounded skill" if any("context" in seed for seed in self.seeds if isinstance(seed, dict)) else "skill"

    @property
    def seeds(self) -> list[Any]:
        """Return the seed examples, whatever they are."""
        seeds = self.contents.get("seed_examples")
        return seeds if isinstance(seeds, list) else []

    @property
    def errors(self) -> int:
        """Return the number of errors."""
        return sum(problem.is_error for problem in self.problems)


def view_of(path: str, text: str, file: Path) -> LeafView:
    """Return what a leaf's text says, for a file of that name."""
    examined = examine_text(text, file)
    is_readable = bool(examined.contents)
    blocked = None if is_readable else next(iter(examined.problems), None)
    view = LeafView(path, text, examined.contents, tuple(examined.problems), blocked)
    if len(text) > _QUICK:
        return replace(view, fixable=frozenset(each.code for each in view.problems if code(each.code).fix))
    codes = dict.fromkeys(problem.code for problem in view.problems)
    first = {name: next(problem for problem in view.problems if problem.code == name) for name in codes}
    return replace(view, fixable=frozenset(name for name, problem in first.items() if mend_of(view, problem, file)))


def value_at(contents: Any, where: Where) -> Any:
    """Return a value of a leaf; None when there is none at this place."""
    for step in where:
        if isinstance(contents, Mapping):
            contents = contents.get(step)
        elif isinstance(contents, list) and isinstance(step, int) and step < len(contents):
            contents = contents[step]
        else:
            return None
    return contents


def pairs_of(seed: Any) -> list[tuple[Where, str, str]]:
    """Return the pairs of a seed example: place inside it, question and answer; "" for what is missing."""
    if not isinstance(seed, Mapping):
        return []
    pairs, places = seed.get("questions_and_answers"), list[Where]([()])
    if isinstance(pairs, list):
        places = [("questions_and_answers", number) for number in range(len(pairs))]
    found = []
    for place in places:
        pair = value_at(seed, place)
        if isinstance(pair, Mapping):
            found.append((place, str(pair.get("question") or "").strip(), str(pair.get("answer") or "").strip()))
    return found


def blank_seed(kind: Kind, context: str = "") -> dict[str, Any]:
    """Return a seed example of a kind of leaf, to be filled."""
    pair = {"question": "", "answer": ""}
    seed: dict[str, Any] = {} if kind == "skill" else {"context": context}
    return seed | ({"questions_and_answers": [dict(pair) for _ in range(3)]} if kind == "knowledge" else pair)


def seed_title(seed: Any) -> str:
    """Return the first question of a seed example in one line, "" when it has none."""
    return next((" ".join(question.split()) for _, question, _ in pairs_of(seed) if question), "")


def where_of(problem: Problem) -> Where:
    """Return the keys and indexes of the value that a problem is about; () for the whole."""
    return parsed_path(problem.yaml_path)


def is_about(problem: Problem, where: Where) -> bool:
    """Return whether a problem is about the value at a place, which may be missing."""
    if problem.code == "missing-key":
        return where_of(problem) == where[:-1] and f"“{where[-1]}”" in problem.message
    return where_of(problem) == where


def mend_of(view: LeafView, problem: Problem, file: Path) -> Fix | None:
    """Return the safe mend of a problem, with its like in the same leaf where one mend does for all."""
    if not code(problem.code).fix:
        return None
    alike = [other for other in view.problems if other.code == problem.code]
    return fix(view.text, file, alike) or (fix(view.text, file, [problem]) if len(alike) > 1 else None)
