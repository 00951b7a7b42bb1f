"""A plan for the night: which stages of which projects, when, and what became of each so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from espalier.errors import EspalierError

STAGES = ("generate", "train", "quantize", "evaluate")
"""In the order they run; the critic judges as samples are generated."""
MOST_CUTS = 3
"""How often a step may be cut off before it counts as failed: one that ends the program must not do so for ever."""
_NEEDS = {"train": "generate", "quantize": "train", "evaluate": "train"}
_DAY = timedelta(days=1)

State = Literal["waiting", "running", "done", "failed", "left out"]
Scores = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Step:
    """One stage of one project.

    Attributes:
        project: path of the project's folder.
        stage: one of `STAGES`.
        message: why it failed or was left out, in a sentence.
        seconds: of work, waiting not counted.
        cuts: how often it was cut off and begun again.
    """

    project: str
    stage: str
    state: State = "waiting"
    message: str = ""
    seconds: float = 0.0
    cuts: int = 0

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will be done about it."""
        return self.state not in ("waiting", "running")


@dataclass(frozen=True)
class Plan:
    """Steps in the order they run, and under which conditions.

    Attributes:
        made: local time, in ISO form, as are ``start`` and ``ended``.
        start: when the first step may begin; "" for at once.
        needs_power: nothing runs while the machine is on its battery.
        ends_when_hot: a machine that is too hot ends the night, instead of a pause until it has cooled.
        goes_on: whether a program that was ended on the way goes on without asking when it is started again.
        before: right answers of the newest evaluation at the beginning, by project, leaf and model.
        ended: when the last step was over; "" until then.
    """

    steps: tuple[Step, ...]
    made: str
    start: str = ""
    needs_power: bool = True
    ends_when_hot: bool = False
    goes_on: bool = True
    before: Mapping[str, Scores] = field(default_factory=dict)
    ended: str = ""

    @property
    def projects(self) -> list[str]:
        """Return the folders of the projects, in the order of their first steps."""
        return list(dict.fromkeys(step.project for step in self.steps))

    @property
    def next(self) -> int | None:
        """Return the place of the step that runs or comes next, None when all are over."""
        return next((place for place, step in enumerate(self.steps) if not step.is_over), None)


def make_plan(projects: Sequence[Path], stages: Sequence[str], **how: Any) -> Plan:
    """Return a plan of these stages for one project after the other.

    Args:
        projects: folders.
        stages: some of `STAGES`; they run in the order of these.
        how: `Plan`'s other values.

    Raises:
        EspalierError: there is nothing to do.
    """
    steps = tuple(Step(str(project), stage) for project in projects for stage in STAGES if stage in stages)
    if not steps:
        raise EspalierError("The plan is empty. Choose at least one project and one stage.")
    return Plan(steps, datetime.now().isoformat(timespec="seconds"), **how)


def next_moment(clock: str, now: datetime) -> datetime:
    """Return when it is next so late, given as ``23:30``.

    Raises:
        EspalierError: it is no time of day.
    """
    try:
        moment = datetime.combine(now.date(), datetime.strptime(clock, "%H:%M").time())
    except ValueError as error:
        raise EspalierError(f"{clock} is no time of day. Write it as 23:30.") from error
    return moment if moment > now else moment + _DAY


def seconds_until_start(plan: Plan, now: datetime) -> float:
    """Return how long the first step still waits; 0 when it is due.

    A start that is more than a day away was planned before somebody moved the clock back: it is due.
    """
    if not plan.start:
        return 0.0
    wait = datetime.fromisoformat(plan.start) - now
    return wait.total_seconds() if timedelta() < wait <= _DAY else 0.0


def begun(plan: Plan, place: int) -> Plan:
    """Return the plan with a step running."""
    return _with(plan, place, state="running")


def concluded(plan: Plan, place: int, state: State, seconds: float, message: str = "") -> Plan:
    """Return the plan with a step over; what cannot be done without it is left out."""
    step = plan.steps[place]
    plan = _with(plan, place, state=state, message=message, seconds=step.seconds + max(0.0, seconds))
    return plan if state == "done" else _without_followers(plan)


def cut(plan: Plan, place: int, seconds: float, message: str) -> Plan:
    """Return the plan with a step that was cut off and waits again; failed when that happened too often."""
    step = plan.steps[place]
    if step.cuts + 1 >= MOST_CUTS:
        return concluded(plan, place, "failed", seconds, message)
    return _with(plan, place, state="waiting", cuts=step.cuts + 1, seconds=step.seconds + max(0.0, seconds))


def paused(plan: Plan, place: int, seconds: float) -> Plan:
    """Return the plan with a step that waits for better conditions and will go on where it was."""
    return _with(plan, place, state="waiting", seconds=plan.steps[place].seconds + max(0.0, seconds))


def stopped(plan: Plan, message: str) -> Plan:
    """Return the plan with every step that is not over left out."""
    steps = (step if step.is_over else replace(step, state="left out", message=message) for step in plan.steps)
    return replace(plan, steps=tuple(steps))


def _with(plan: Plan, place: int, **values: Any) -> Plan:
    steps = list(plan.steps)
    steps[place] = replace(steps[place], **values)
    return replace(plan, steps=tuple(steps))


def _without_followers(plan: Plan) -> Plan:
    missing = {(step.project, step.stage) for step in plan.steps if step.state in ("failed", "left out")}
    for place, step in enumerate(plan.steps):
        if not step.is_over and (step.project, _NEEDS.get(step.stage, "")) in missing:
            plan = _with(plan, place, state="left out", message="The step before it did not succeed.")
            missing.add((step.project, step.stage))
    return plan
