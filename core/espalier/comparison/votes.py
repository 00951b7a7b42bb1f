"""Blind votes on disk, and what they add up to."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from espalier.comparison.chats import PANES, chats_folder
from espalier.evaluation.intervals import wilson
from espalier.files import append_lines, read_lines
from espalier.project import Project

CHOICES = ("left", "right", "both", "neither")


@dataclass(frozen=True)
class Vote:
    """What a person preferred without knowing which was which.

    Attributes:
        choice: one of `CHOICES`, by the side of the screen.
        sides: the panes that stood left and right.
        models: by pane, title, fingerprint and quantization of what answered.
        chat: key of the conversation; ``turn`` is its place there.
        settings: how both were asked; the seed is among them.
    """

    choice: str
    sides: tuple[str, str]
    question: str
    chat: str
    turn: int
    models: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def winner(self) -> str:
        """Return the pane that was preferred; "" for a tie."""
        return {"left": self.sides[0], "right": self.sides[1]}.get(self.choice, "")


@dataclass(frozen=True)
class Tally:
    """Votes on one pair of models.

    Attributes:
        base: votes for the left pane's model, ``tuned`` for the right pane's.
        both: turns in which both were fine.
        neither: turns in which neither was.
    """

    base: int = 0
    tuned: int = 0
    both: int = 0
    neither: int = 0

    @property
    def decided(self) -> int:
        """Return the number of votes that preferred one."""
        return self.base + self.tuned

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the share that preferred tuned, among those that preferred one."""
        return wilson(self.tuned, self.decided)

    @property
    def verdict(self) -> str:
        """Return ``tuned`` or ``base`` when chance does not explain the preference at 5 %, else "open"."""
        low, high = self.interval
        return "tuned" if low > 0.5 else "base" if high < 0.5 else "open"


def votes_file(project: Project) -> Path:
    """Return the file of the votes."""
    return chats_folder(project) / "votes.jsonl"


def add_vote(project: Project, vote: Vote) -> None:
    """Write a vote down."""
    line = {"type": "vote", "time": time.strftime("%Y-%m-%dT%H:%M:%S"), **asdict(vote), "sides": list(vote.sides)}
    append_lines(votes_file(project), [line])


def read_votes(project: Project) -> list[Vote]:
    """Return every vote, in order; lines of another version are left out, and a second vote on a turn replaces it."""
    found: dict[tuple[str, int, str], Vote] = {}
    for line in read_lines(votes_file(project)):
        try:
            left, right = line["sides"]
            vote = Vote(
                str(line["choice"]),
                (str(left), str(right)),
                str(line["question"]),
                str(line["chat"]),
                int(line["turn"]),
                dict(line.get("models") or {}),
                dict(line.get("settings") or {}),
            )
        except (KeyError, TypeError, ValueError):
            continue
        if vote.choice in CHOICES and sorted(vote.sides) == sorted(PANES):
            found[vote.chat, vote.turn, vote.question] = vote
    return list(found.values())


def tally(votes: Sequence[Vote], models: Mapping[str, Mapping[str, str]] | None = None) -> Tally:
    """Return what votes add up to.

    Args:
        votes: of any models.
        models: count only votes on these, by pane; None for all. Models are the same when title and fingerprint are.
    """
    counts = {"base": 0, "tuned": 0, "both": 0, "neither": 0}
    for vote in votes:
        if models is None or all(_name(vote.models.get(pane)) == _name(models.get(pane)) for pane in PANES):
            counts[vote.winner or vote.choice] += 1
    return Tally(**counts)


def _name(model: Mapping[str, str] | None) -> tuple[str, str]:
    return ((model or {}).get("title", ""), (model or {}).get("fingerprint", ""))
