"""What in a run a person should look at: facts by kind, each with the numbers that belong to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from espalier.training.curves import Curves
from espalier.training.health import health
from espalier.training.run import Run

Kind = Literal["waits", "retreat", "split", "cut", "left out", "held-out", "memory", "not the last", "better before"]

TIGHT = 0.6  # of the machine's memory: macOS lets the GPU have two thirds to three quarters, and a fifth is kept free


@dataclass(frozen=True)
class Alert:
    """Something that happened.

    Attributes:
        kind: what it is about.
        step: update after which it was seen.
        text: the run's own sentence, "" where there is none.
        values: numbers that belong to it.
    """

    kind: Kind
    step: int
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def alerts(run: Run, curves: Curves, machine_memory: int) -> list[Alert]:
    """Return what there is to say of a run, the gravest first.

    Args:
        run: whose.
        curves: what it told.
        machine_memory: of the computer that it runs on, in bytes.
    """
    still = [entry for entry in curves.told if entry[1] in ("waits", "goes on")][-1:]
    found = [Alert("waits", step, text) for step, kind, text in still if kind == "waits" and not run.adapter]
    found += [Alert("retreat", step, text) for step, kind, text in curves.told if kind == "retreat"][-1:]
    found += [Alert("split", step, text) for step, kind, text in curves.told if kind == "split"][-1:]
    if curves.memory and curves.memory[-1] > TIGHT * machine_memory:
        used = {"memory": curves.memory[-1], "machine": machine_memory}
        found.append(Alert("memory", curves.steps[-1], "", used))
    best = curves.best
    made = run.made
    last = curves.steps[-1] if curves.steps else 0
    if run.adapter and best and best.step < last and made.get("held_out_loss"):
        found.append(Alert("not the last", best.step, "", {"last": last, "stopped": made.get("stopped", False)}))
    elif run.adapter and best and best.step < last and health(curves).state == "overfitting":
        found.append(Alert("better before", best.step, "", {"last": last}))
    elif best and health(curves).state == "overfitting":
        found.append(Alert("held-out", best.step, "", {"best": best.loss, "now": curves.scores[-1].loss}))
    found += [Alert("cut" if kind == "cut" else "left out", 0, text) for _, kind, text in curves.told if kind in _LONG]
    return found


_LONG = ("cut", "left out")
