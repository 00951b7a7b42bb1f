"""What the latest job of a project did, kept for pages that are opened later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from espalier.messages import Event, Note, Progress, Stage, Text
from espalier_desktop.jobs.job import Job, JobState


@dataclass
class Story:
    """One job from its first event to its end; it outlives the job.

    Attributes:
        losses: (updates made, loss in nats) in order, of the training stage.
        answers: the text of each pane so far.
        message: one sentence when the job failed or crashed.
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
    result: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    memory: int = 0

    @property
    def stage(self) -> str:
        """Return the name of the latest stage, "" before the first."""
        return self.stages[-1].name if self.stages else ""

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
        elif isinstance(event, Text):
            self.answers[event.pane] = self.answers.get(event.pane, "") + event.text

    def copy_state(self, job: Job) -> None:
        """Take over where the job is now."""
        self.state, self.message, self.result, self.memory = job.state, job.message, job.result, job.memory
