"""The plan on disk: written after every change, so that nothing that ends the program loses it."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from espalier.files import write_json
from espalier.models.folder import home_folder
from espalier.overnight.plan import STAGES, Plan, Step


def plan_file() -> Path:
    """Return the file of the plan, which may be missing."""
    return home_folder() / "overnight.json"


def write_plan(plan: Plan) -> None:
    """Keep a plan."""
    write_json(plan_file(), {"version": 1, **as_values(plan)})


def read_plan() -> Plan | None:
    """Return the plan that is kept, None when there is none that can be read."""
    try:
        return plan_of(json.loads(plan_file().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def forget_plan() -> None:
    """Keep no plan any more."""
    plan_file().unlink(missing_ok=True)


def as_values(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values."""
    return asdict(plan)


def plan_of(values: dict[str, Any]) -> Plan:
    """Return the plan of such values.

    Raises:
        ValueError: they are none; TypeError, KeyError and AttributeError likewise.
    """
    known = {name: values[name] for name in Plan.__dataclass_fields__ if name in values}
    plan = Plan(**{**known, "steps": tuple(Step(**step) for step in values["steps"])})
    if not all(step.stage in STAGES for step in plan.steps):
        raise ValueError("a stage that this version does not know")
    return replace(plan, before=dict(plan.before))
