"""In which order a student learns: everything at once, or in phases that each repeat some of what came before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from espalier.errors import EspalierError
from espalier.training.mixture import Mixture, Row

ORDERS = ("stacked", "lab")
SHORT = 40  # words of an answer that belongs to the first knowledge phase
KNOWLEDGE = ("knowledge, short answers", "knowledge, long answers")
SKILLS = "skills"
LEAST = 20  # rows of a knowledge phase; fewer would be a handful of updates with a warm-up of their own


@dataclass(frozen=True)
class Curriculum:
    """How the rows of a run follow each other.

    Attributes:
        phases: stacked trains on all rows at once; lab on knowledge, first its short and then its long answers, and
            then on skills (Sudalairaj et al. 2024, "LAB: Large-Scale Alignment for ChatBots").
        replay: share of each earlier phase's rows that every later phase repeats, 0 to 1. On the example, 19 of 24
            knowledge questions were right before the skills phase; after it 0 with no replay, 16 with a quarter and
            18 with a half (SmolLM2-135M, 3 epochs, 2026-11-21).
        general: rows of the person's general data per row of their own, 0 to 10; all phases take them.
        distractors: passages of other facts beside a knowledge row's own, as in RAFT; 0 adds no passages.
        recipe: file that says what is mixed instead of the project's rows, from the project's folder; "" for none.
    """

    phases: str = "stacked"
    replay: float = 0.5
    general: float = 0.1
    distractors: int = 0
    recipe: str = ""


def check_curriculum(curriculum: Curriculum) -> Curriculum:
    """Return the curriculum.

    Raises:
        EspalierError: it cannot be used.
    """
    found = []
    if curriculum.phases not in ORDERS:
        found.append(f"There are no phases “{curriculum.phases}”. Choose one of {', '.join(ORDERS)}.")
    if not 0 <= curriculum.replay <= 1:
        found.append(f"The replay is {curriculum.replay:g}. Choose a share from 0 to 1; 0.5 is usual.")
    if not 0 <= curriculum.general <= 10:
        found.append(f"The general rows per row are {curriculum.general:g}. Choose a number from 0 to 10.")
    if not 0 <= curriculum.distractors <= 9:
        found.append(f"The number of distractors is {curriculum.distractors}. Choose 0 to 9; RAFT uses 3.")
    if found:
        raise EspalierError(" ".join(found))
    return curriculum


@dataclass(frozen=True)
class Phase:
    """One phase of a run.

    Attributes:
        name: for people.
        rows: what is trained, repeated rows included.
        held_out: what its checkpoints are scored on: rows of this phase and of those before it.
        repeated: number of rows from each earlier phase, and of general data, by name.
    """

    name: str
    rows: tuple[Row, ...]
    held_out: tuple[Row, ...]
    repeated: tuple[tuple[str, int], ...] = ()


def phases(mixture: Mixture, curriculum: Curriculum, seed: int) -> list[Phase]:
    """Return the phases of a run, in order, without empty ones; a stacked run has one.

    Args:
        mixture: the run's rows.
        curriculum: how they follow each other.
        seed: of the choice among rows; the result depends on the arguments alone.
    """
    general = mixture.general
    rows = (*mixture.train, *with_distractors(mixture.train, curriculum.distractors, seed))
    if curriculum.phases == "stacked":
        extra = chosen(general, round(curriculum.general * len(rows)), (seed, 0))
        return [Phase("all", (*rows, *extra), mixture.held_out, _counted([("general", len(extra))]))]
    found: list[Phase] = []
    own: list[tuple[str, list[Row]]] = []
    held_out: list[Row] = []
    for name, here, kept in _parts(rows, mixture.held_out):
        held_out += kept
        if not here:
            continue
        number = len(own)
        repeated = [
            (before, chosen(earlier, round(curriculum.replay * len(earlier)), (seed, number, index)))
            for index, (before, earlier) in enumerate(own)
        ]
        repeated.append(("general", chosen(general, round(curriculum.general * len(here)), (seed, number))))
        again = [row for _, part in repeated for row in part]
        counts = _counted([(before, len(part)) for before, part in repeated])
        found.append(Phase(name, (*here, *again), tuple(held_out), counts))
        own.append((name, here))
    return found


def _parts(rows: Sequence[Row], held_out: Sequence[Row]) -> list[tuple[str, list[Row], list[Row]]]:
    """Return (name, rows, held-out rows) of each phase; few long answers are learned along with the short ones."""

    def split(part: Sequence[Row]) -> list[list[Row]]:
        return [[row for row in part if phase_of(row) == name] for name in (*KNOWLEDGE, SKILLS)]

    (short, long, skills), (short_kept, long_kept, skills_kept) = split(rows), split(held_out)
    last = (SKILLS, skills, skills_kept)
    if min(len(short), len(long)) < LEAST:
        return [("knowledge", short + long, short_kept + long_kept), last]
    return [(KNOWLEDGE[0], short, short_kept), (KNOWLEDGE[1], long, long_kept), last]


def _counted(parts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple((name, count) for name, count in parts if count)


def phase_of(row: Row) -> str:
    """Return the phase that a row belongs to: skills, unless its leaf is knowledge."""
    if row.leaf.partition("/")[0] != "knowledge":
        return SKILLS
    return KNOWLEDGE[len(row.answer.split()) > SHORT]


def chosen(rows: Sequence[Row], count: int, seed: Sequence[int]) -> list[Row]:
    """Return some of the rows, in a random order: one of every passage before a second of any.

    Args:
        rows: to choose from; a row without a passage stands for itself.
        count: at most so many.
        seed: the choice is a function of it.
    """
    random = np.random.default_rng(list(seed))
    turns: dict[tuple[str, str], int] = {}
    ranked: list[tuple[int, int, Row]] = []
    for index in random.permutation(len(rows)):
        row = rows[index]
        source = (row.leaf, row.passage or row.question)
        turns[source] = turns.get(source, 0) + 1
        ranked.append((turns[source], len(ranked), row))
    return [row for _, _, row in sorted(ranked, key=lambda entry: entry[:2])[:count]]


def with_distractors(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Return each knowledge row that has a passage once more, asked after passages among which its own may be.

    In four of ten its own passage is among them, in the others only those of other facts, so that the student learns
    both to use what it is given and to know by heart (Zhang et al. 2024, "RAFT"; the share is InstructLab's).

    Args:
        rows: of the mixture.
        count: passages of other facts.
        seed: of what is drawn.
    """
    passages = list(dict.fromkeys(row.passage for row in rows if row.passage and phase_of(row) != SKILLS))
    if not count or len(passages) < 2:
        return []
    random = np.random.default_rng((seed, count))
    made = []
    for row in rows:
        if not row.passage or phase_of(row) == SKILLS:
            continue
        others = [passage for passage in passages if passage != row.passage]
        shown = [others[index] for index in random.permutation(len(others))[:count]]
        if random.random() < 0.4:
            shown.insert(int(random.integers(len(shown) + 1)), row.passage)
        text = "\n\n".join(shown)
        made.append(replace(row, question=f"{text}\n\n{row.question}"))
    return made
