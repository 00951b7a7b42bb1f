"""Every sample of a project as columns, so that 100,000 rows are filtered and sorted while a person types.

What is looked at one row at a time (reasons, sources) stays on disk and is read from its place when it is asked for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.synthesis.final import LEARNED, REVIEWED, Final, State, final
from espalier.synthesis.imported import IMPORTED
from espalier.synthesis.later import joined, later_checks
from espalier.synthesis.reviews import Review, Reviews
from espalier.synthesis.sample import Sample, sample_key, sample_of

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
STATES = tuple(State)
CHUNK = 200  # rows between two rests while a project is read
_CODE = {state: code for code, state in enumerate(STATES)}
_DECISIONS = {"keep": _CODE[State.KEPT], "drop": _CODE[State.DROPPED], "edit": _CODE[State.EDITED]}
_NONE = -1


@dataclass(frozen=True)
class SampleFile:
    """A file of samples: a leaf's journal, of which only whole portions count, or its imported rows."""

    path: Path
    is_journal: bool = True


_Place = tuple[int, int, int]  # number of the file, offset and length of the line in bytes
_Line = tuple[_Place, dict[str, Any]]
_WIDE = ("scores", "least", "made", "failed")
_COLUMNS: dict[str, Any] = {
    **{"scores": np.nan, "least": np.nan, "made": False, "failed": False},
    **{"leaf": 0, "source": 0, "unchecked": False, "imported": False},
    **{"decision": np.int8(_NONE), "suggested": False, "copy": False},
}


class SampleTable:
    """The samples of some files, in their order; see `samples_view` for what can be asked of them.

    Attributes:
        leaves: paths of the leaves that have samples, as ``leaf`` counts them.
        checks: names of the checks, in the order in which they were met.
        sources: what samples were drawn from, as ``source`` counts them.
        questions: in the words that the student would learn; as are the answers.
        texts: question and answer in small letters, to be searched.
        leaf: place in ``leaves`` (rows,).
        source: place in ``sources`` (rows,).
        scores: of each check (rows, checks); NaN where there is none.
        least: threshold that a sample was drawn with (rows, checks); NaN where nothing can be moved.
        made: whether a check was made (rows, checks).
        failed: whether it was made and not passed (rows, checks).
        unchecked: whether later checks were never made (rows,).
        imported: whether a person brought the row along (rows,).
        decision: a place in ``STATES``, -1 where the person has decided nothing (rows,).
        suggested: whether words by the teacher wait for a yes or no (rows,).
        copy: whether the same words were already kept in an earlier row (rows,).
    """

    def __init__(self, files: Sequence[SampleFile], reviews: Reviews) -> None:
        self._files, self.reviews = files, reviews
        self.leaves: list[str] = []
        self.checks: list[str] = []
        self.sources: list[str] = []
        self.questions: list[str] = []
        self.answers: list[str] = []
        self.texts: list[str] = []
        self.leaf: Rows
        self.source: Rows
        self.scores: NDArray[np.float64]
        self.least: NDArray[np.float64]
        self.made: Mask
        self.failed: Mask
        self.unchecked: Mask
        self.imported: Mask
        self.decision: NDArray[np.int8]
        self.suggested: Mask
        self.copy: Mask
        self._whole: dict[str, Any] = {}
        self._room = (0, 0)
        self._places: list[_Place] = []
        self._later = [later_checks(file.path) if file.is_journal else {} for file in files]
        self._codes: dict[str, dict[str, int]] = {"leaf": {}, "check": {}, "source": {}}
        self._kept: set[str] = set()
        self._last: dict[str, int] = {}  # the last row of each question as it was drawn
        self._before: list[int] = []  # for each row the one before it that has the same question, -1 for none
        self._widen(1)
        self._widen(0)

    def __len__(self) -> int:
        return len(self._places)

    def load(self) -> Iterator[int]:
        """Read the files; yield the number of rows after every few hundred, so that a window can rest between."""
        for number, file in enumerate(self._files):
            waiting: list[_Line] = []
            for place, line in _lines(number, file):
                if made := self._later[number] and self._later[number].get(_key(line)):
                    line = asdict(joined(sample_of(line), made))
                waiting.append((place, line))
                if len(waiting) == CHUNK:
                    self._extend(waiting)
                    waiting = []
                    yield len(self)
            self._extend(waiting)
            yield len(self)

    def drawn(self, row: int) -> Sample:
        """Return a row's sample as it is on disk.

        Raises:
            OSError: its file is gone.
            ValueError: its file was written anew since.
        """
        place = self._places[row]
        with self._files[place[0]].path.open("rb") as file:
            file.seek(place[1])
            sample = sample_of(json.loads(file.read(place[2])))
        return joined(sample, self._later[place[0]].get(sample.key, ())) if self._later[place[0]] else sample

    def final(self, row: int, thresholds: Mapping[str, float]) -> Final:
        """Return how a row stands; raises what `drawn` raises."""
        sample = self.drawn(row)
        return final(sample, thresholds, self.reviews.about(sample))

    def rows_of(self, samples: Sequence[Sample]) -> dict[str, list[int]]:
        """Return the rows that have the words of each sample, by its key."""
        found: dict[str, list[int]] = {sample.key: [] for sample in samples}
        for question in {sample.question for sample in samples}:
            for row in self._asking(question):
                key = self.drawn(row).key
                if key in found:
                    found[key].append(row)
        return found

    def take(self, sample: Sample, rows: Sequence[int]) -> None:
        """Show what the reviews say now of a sample, in the rows that have its words."""
        held = self.reviews.about(sample)
        for place, row in enumerate(rows):
            self._put(row, sample, held, place > 0)

    def take_reviews(self, reviews: Reviews) -> list[Sample]:
        """Show reviews that another process has written since; return the samples whose rows are others now."""
        old, self.reviews = self.reviews, reviews
        keys = {
            key
            for before, now in ((old.decided, reviews.decided), (old.suggested, reviews.suggested))
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key)
        }
        asked = {
            each.asked
            for held in (old.decided, old.suggested, reviews.decided, reviews.suggested)
            for key, each in held.items()
            if key in keys
        }
        found: dict[str, tuple[Sample, list[int]]] = {}
        for row in sorted(row for question in asked for row in self._asking(question)):
            if (sample := self.drawn(row)).key in keys:
                found.setdefault(sample.key, (sample, []))[1].append(row)
        for sample, rows in found.values():
            self.take(sample, rows)
        return [sample for sample, _ in found.values()]

    def _asking(self, question: str) -> list[int]:
        """Return the rows that were drawn with a question, in order."""
        rows, row = [], self._last.get(question, -1)
        while row >= 0:
            rows.append(row)
            row = self._before[row]
        return rows[::-1]

    def _extend(self, lines: list[_Line]) -> None:
        first, end = len(self), len(self) + len(lines)
        rows = [line for _, line in lines]
        self._places += [place for place, _ in lines]
        self.questions += (questions := [row["question"] for row in rows])
        self.answers += (answers := [row["answer"] for row in rows])
        self.texts += [f"{question}\n{answer}".casefold() for question, answer in zip(questions, answers, strict=True)]
        verdicts = [row["verdict"] for row in rows]
        made = [check for verdict in verdicts for check in verdict]
        codes = self._coded("check", self.checks, [check["name"] for check in made])
        self._widen(end)
        at = np.repeat(np.arange(first, end), [len(verdict) for verdict in verdicts])
        self.scores[at, codes] = np.array([check.get("score") for check in made], float)  # None becomes NaN
        self.least[at, codes] = np.array([check.get("least") for check in made], float)
        self.made[at, codes] = True
        self.failed[at, codes] = [not check["passed"] for check in made]
        self.leaf[first:end] = self._coded("leaf", self.leaves, [row["leaf"] for row in rows])
        self.source[first:end] = self._coded("source", self.sources, [row["source"] for row in rows])
        self.imported[first:end] = [bool(verdict) and verdict[0]["name"] == IMPORTED for verdict in verdicts]
        self.unchecked[first:end] = [bool(row.get("unchecked")) for row in rows]
        for place, row in enumerate(rows, first):
            self._before.append(self._last.get(row["question"], -1))
            self._last[row["question"]] = place
            if self.reviews.knows(row["question"]):
                sample = sample_of(row)
                held = self.reviews.about(sample)
                self._put(place, sample, held, held is not None and held.key in self._kept)
                if held:
                    self._kept.add(held.key)

    def _coded(self, kind: str, names: list[str], found: list[str]) -> list[int]:
        """Return the place of each name in ``names``, which gets those that are new."""
        codes = self._codes[kind]
        for name in dict.fromkeys(found):
            if name not in codes:
                codes[name] = len(names)
                names.append(name)
        return [codes[name] for name in found]

    def _widen(self, rows: int) -> None:
        """Make the columns as long as that, with room to grow, and as wide as the checks that were met."""
        if rows > self._room[0] or len(self.checks) > self._room[1]:
            length, width = self._room
            self._room = (
                length if rows <= length else max(rows, 2 * length, 10 * CHUNK),
                width if len(self.checks) <= width else len(self.checks) + 8,
            )
            for name, fill in _COLUMNS.items():
                old = self._whole.get(name, np.empty((0,) * (2 if name in _WIDE else 1)))
                new = np.full(self._room if name in _WIDE else self._room[0], fill)
                new[tuple(slice(length) for length in old.shape)] = old
                self._whole[name] = new
        for name, whole in self._whole.items():
            setattr(self, name, whole[:rows, : len(self.checks)] if name in _WIDE else whole[:rows])

    def _put(self, row: int, sample: Sample, held: Review | None, is_copy: bool) -> None:
        is_edit = held is not None and held.decision == "edit"
        question = held.question if held and is_edit else sample.question
        answer = held.answer if held and is_edit else sample.answer
        self.questions[row], self.answers[row] = question, answer
        self.texts[row] = f"{question}\n{answer}".casefold()
        self.decision[row] = _DECISIONS[held.decision] if held else _NONE
        self.suggested[row] = self.reviews.suggestion(sample) is not None
        self.copy[row] = is_copy and held is not None


def states(table: SampleTable, thresholds: Mapping[str, float]) -> NDArray[np.int8]:
    """Return each row's state as its place in ``STATES`` (rows,): what `final.final` says, for all rows at once."""
    passes = passing(table, thresholds).all(axis=1)
    found = np.where(
        passes, np.where(table.unchecked, _CODE[State.WAITING], _CODE[State.ACCEPTED]), _CODE[State.REJECTED]
    )
    return np.where(table.decision >= 0, table.decision, found).astype(np.int8)


def passing(table: SampleTable, thresholds: Mapping[str, float]) -> Mask:
    """Return which checks each row passes, or was spared (rows, checks)."""
    passes = ~table.failed
    for code, name in enumerate(table.checks):
        if name in thresholds:
            scores = table.scores[:, code]
            moves = ~np.isnan(table.least[:, code]) & ~np.isnan(scores)
            passes[:, code] = np.where(moves, scores >= thresholds[name], passes[:, code])
    return passes


def is_one_of(found: NDArray[np.int8], wanted: Sequence[State]) -> Mask:
    """Return which rows are in one of some states (rows,)."""
    return np.isin(found, [_CODE[state] for state in wanted])


def learned_rows(table: SampleTable, found: NDArray[np.int8]) -> Mask:
    """Return which rows the student learns from (rows,)."""
    return is_one_of(found, LEARNED) & ~table.copy


def reviewed_rows(found: NDArray[np.int8]) -> Mask:
    """Return which rows a person decided (rows,)."""
    return is_one_of(found, REVIEWED)


def _lines(number: int, file: SampleFile) -> Iterator[_Line]:
    """Yield the samples of a file with their places; of a journal those of whole portions, each once."""
    portion: dict[str, _Line] = {}
    offset = 0
    try:
        lines = file.path.open("rb")
    except FileNotFoundError:
        return
    with lines:
        for raw in lines:
            place = (number, offset, len(raw))
            offset += len(raw)
            try:
                line = json.loads(raw.decode())
            except ValueError:
                continue  # torn, or being written
            if not file.is_journal:
                yield place, line
            elif "portion" in line:
                yield from portion.values()
                portion = {}
            elif "question" in line:
                portion[line["id"]] = (place, line)


def _key(line: Mapping[str, Any]) -> str:
    return sample_key(line["leaf"], line["question"], line["answer"], line.get("context", ""))
