"""What the latest job of a project did, kept for pages that are opened later."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from espalier.messages import Drawn, Event, Funnel, Note, Progress, Stage, Text
from espalier_desktop.jobs.job import Job, JobState

MOST_ROWS = 200  # that are kept of a job; all are on disk


@dataclass
class Story:
    """One job from its first event to its end; it outlives the job.

    Attributes:
        losses: (updates made, loss in nats) in order, of the training stage.
        answers: the text of each pane so far.
        rows: the newest samples, as they were decided, the latest last; each with its ``leaf``.
        drawn: number of samples so far, by leaf; ``accepted`` are those that passed every check.
        funnels: where the samples of each leaf were turned away, by leaf.
        message: one sentence when the job failed or crashed.
        is_adopted: a plan for the night asked for it, not a person in this window.
    """

    command: str
    log: Path
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: JobState = JobState.QUEUED
    stages: list[Stage] = field(default_factory=list)
    progress: Progress | None = None
    notes: list[str] = field(default_factory=list)
    losses: list[tuple[int, float]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    rows: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=MOST_ROWS))
    drawn: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    funnels: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    memory: int = 0
    is_adopted: bool = False

    @property
    def stage(self) -> str:
        """Return the name of the latest stage, "" before the first."""
        return self.stages[-1].name if self.stages else ""

    @property
    def run(self) -> str:
        """Return the folder name of the run that is worked on, "" when it is none."""
        return self.stages[-1].run if self.stages else ""

    @property
    def leaf(self) -> str:
        """Return the path of the leaf that is worked on, "" when it is none."""
        return self.stages[-1].leaf if self.stages else ""

    def hear(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Stage):
            self.stages.append(event)
            self.progress = None
        elif isinstance(event, Progress):
            self.progress = event
            if event.stage == "train" and "loss" in event.figures:
                self.losses.append((event.done, event.figures["loss"]))
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, Drawn):
            self.rows.extend({**row, "leaf": event.leaf} for row in event.rows)
            accepted = sum(bool(row["accepted"]) for row in event.rows)
            self.drawn[event.leaf] = self.drawn.get(event.leaf, 0) + len(event.rows)
            self.accepted[event.leaf] = self.accepted.get(event.leaf, 0) + accepted
        elif isinstance(event, Funnel):
            self.funnels[event.leaf] = event.steps
        elif isinstance(event, Text):
            self.answers[event.pane] = self.answers.get(event.pane, "") + event.text

    def copy_state(self, job: Job) -> None:
        """Take over where the job is now."""
        self.state, self.message, self.result, self.memory = job.state, job.message, job.result, job.memory
