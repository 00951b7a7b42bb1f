"""What is known about a project's leaves and stages, as values that travel between processes as lines of JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal, Union

from espalier.taxonomy.history import History
from espalier.taxonomy.problems import Problem

Extent = Literal["none", "part", "all"]
Status = Union["LeafStatus", "ProjectStatus", History]


@dataclass(frozen=True)
class LeafStatus:
    """One leaf of the taxonomy, as far as it has come.

    Attributes:
        path: folders below the taxonomy's root, joined by ``/``.
        kind: knowledge, skill or grounded skill; "" while the file has errors.
        seeds: number of seed examples.
        problems: in the order of the file.
        samples: how much of its practice is written under its present key.
        journal: file name of that practice below ``samples``, whether it exists or not; "" while there is no key.
        accepted: samples that the student learns from, after the person's review.
        rejected: number of the others by the check that they failed, or “dropped”; the most first.
        is_trained: whether the newest trained adapter learned exactly these rows of the leaf.
        reviewed: samples that the person kept, dropped or edited.
        changed: what is another since practice was last written, where none is under the present key: leaf,
            documents, pipeline, prompts, teacher, critic.
    """

    path: str
    kind: str = ""
    seeds: int = 0
    problems: tuple[Problem, ...] = ()
    samples: Extent = "none"
    journal: str = ""
    accepted: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    is_trained: bool = False
    reviewed: int = 0
    changed: tuple[str, ...] = ()

    @cached_property
    def errors(self) -> int:
        """Return the number of problems that reject the file; an empty file counts, since it teaches nothing."""
        return sum(problem.is_error for problem in self.problems) or (not self.kind)


@dataclass(frozen=True)
class ProjectStatus:
    """What a project has beyond its leaves.

    Attributes:
        stray: files that look like leaves and are not read.
        missing_models: names of models that are neither on this machine nor fetched by themselves.
        run: folder name of the run that the rest is about: the fresh one, else the newest with an adapter; "" if none.
        is_trained: whether that adapter is what training now would give.
        is_quantized: whether that run has its 4-bit student.
        has_questions: whether there are held-out questions.
        scores: right answers of the run's last evaluation, by leaf and model; empty before it.
        unfinished_run: folder name of the run that training now would go on with, "" when there is none.
    """

    stray: tuple[Problem, ...] = ()
    missing_models: tuple[str, ...] = ()
    run: str = ""
    is_trained: bool = False
    is_quantized: bool = False
    has_questions: bool = False
    scores: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unfinished_run: str = ""


def encode_status(status: Status) -> bytes:
    """Return a status as one line of JSON, newline included."""
    return json.dumps({"type": type(status).__name__, **asdict(status)}, ensure_ascii=False).encode() + b"\n"


def decode_status(line: bytes) -> Status:
    """Return the status that is written on a line.

    Raises:
        ValueError: the line is none.
    """
    try:
        fields = json.loads(line)
        kind = fields.pop("type")
        if kind == "History":
            return History(**{**fields, "bases": tuple(fields["bases"])})
        if kind == "LeafStatus":
            problems = tuple(Problem(**problem) for problem in fields["problems"])
            return LeafStatus(**{**fields, "problems": problems, "changed": tuple(fields["changed"])})
        return ProjectStatus(
            **{
                **fields,
                "stray": tuple(Problem(**problem) for problem in fields["stray"]),
                "missing_models": tuple(fields["missing_models"]),
            }
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a status: {line[:200]!r}") from error
