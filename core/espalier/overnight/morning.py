"""The morning report: what was done and how long it took, scores before and after, and what waits for a person."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from espalier.clock import duration
from espalier.errors import EspalierError
from espalier.evaluation.report_files import inert
from espalier.files import write_text
from espalier.overnight.plan import Plan, Scores
from espalier.project import Project, open_project
from espalier.project_survey import newest_scores
from espalier.synthesis.on_disk import read_practice

FOLDER = "reports"
"""Of a project: its morning reports."""
WEAK = 0.6
"""Share of right answers below which a leaf needs more practice."""
_MOST = 12  # leaves named in one report; the scoreboard shows all

Say = Callable[[str], str]


def scores_of(root: Path) -> Scores:
    """Return the right answers of a project's newest evaluation by leaf and model, {} without one."""
    try:
        return newest_scores(open_project(root))
    except EspalierError:
        return {}


def report_values(plan: Plan) -> dict[str, Any]:
    """Return what became of a plan as plain values; each project has its steps, scores, and sentences that need you."""
    return _values(plan, lambda root, scores: [*_wanting(root, scores)])


def bare_values(plan: Plan, reason: str) -> dict[str, Any]:
    """Return the same without a look at the projects, and why there is none."""
    return _values(plan, lambda root, scores: [reason])


def _values(plan: Plan, wanting: Callable[[Path, Scores], list[str]]) -> dict[str, Any]:
    projects = []
    for folder in plan.projects:
        root = Path(folder)
        after = scores_of(root)
        steps = [step for step in plan.steps if step.project == folder]
        was_evaluated = any(step.stage == "evaluate" and step.state == "done" for step in steps)
        needs = [step.message for step in steps if step.state == "failed"]
        needs += wanting(root, after if was_evaluated else {})
        projects.append(
            {
                "project": folder,
                "name": root.name,
                "steps": [
                    {"stage": s.stage, "state": s.state, "message": s.message, "seconds": s.seconds} for s in steps
                ],
                "before": totals(plan.before.get(folder, {})),
                "after": totals(after),
                "was_evaluated": was_evaluated,
                "needs": list(dict.fromkeys(needs)),
            }
        )
    seconds = sum(step.seconds for step in plan.steps)
    return {"made": plan.made, "ended": plan.ended, "seconds": seconds, "projects": projects}


def totals(scores: Scores) -> dict[str, int]:
    """Return the questions and right answers of all leaves together."""
    found: dict[str, int] = {}
    for counts in scores.values():
        for name, count in counts.items():
            found[name] = found.get(name, 0) + count
    return found


def _wanting(root: Path, scores: Scores) -> Iterator[str]:
    try:
        project = open_project(root)
        yield from _unlearned(project)
    except (EspalierError, OSError) as error:
        yield str(error)
    weak = []
    for leaf, counts in scores.items():
        right, base, asked = counts.get("tuned", 0), counts.get("base", 0), counts["questions"]
        if right < base:
            weak.append(f"{leaf}: {right} of {asked} right, {base} before training. Look at its answers on Compare.")
        elif asked and right / asked < WEAK:
            weak.append(f"{leaf}: {right} of {asked} right. More seed examples or samples would help.")
    yield from weak[:_MOST]


def _unlearned(project: Project) -> Iterator[str]:
    rejected = [part.leaf.path for part in read_practice(project) if part.rows and not part.accepted]
    for leaf in rejected[:_MOST]:
        yield f"{leaf}: the critic rejected every sample. Look at its reasons on Review."


def as_markdown(project: Mapping[str, Any], values: Mapping[str, Any], say: Say = str) -> str:
    """Return the report of one project for people to read; ``say`` puts a sentence into their language."""
    ended = datetime.fromisoformat(values["ended"] or values["made"])
    done = [_step_line(step, say) for step in project["steps"]]
    needs = [f"- {inert(say(text))}" for text in project["needs"]] or [say("Nothing.")]
    parts = (
        (say("What was done"), done),
        (say("Right answers to held-out questions"), _table(project, say)),
        (say("What waits for you"), needs),
    )
    title = say("Overnight report")
    lines = [f"# {title}: {inert(project['name'])}", "", f"{ended:%Y-%m-%d %H:%M}"]
    for heading, told in parts:
        lines += ["", f"## {heading}", "", *told]
    return "\n".join(lines) + "\n"


def _step_line(step: Mapping[str, Any], say: Say) -> str:
    spent = f", {duration(step['seconds'])}" if step["seconds"] else ""
    message = f" {inert(say(step['message']))}" if step["message"] else ""
    return f"- {say(NAMES[step['stage']])}: {say(STATES[step['state']])}{spent}.{message}"


NAMES = {
    "generate": "Write and judge samples",
    "train": "Train the adapter",
    "quantize": "Make the student small",
    "evaluate": "Ask held-out questions",
}
STATES = {
    "done": "it is done",
    "failed": "it did not succeed",
    "left out": "it was left out",
    "waiting": "it was not begun",
    "running": "it was cut off",
}


def _table(project: Mapping[str, Any], say: Say) -> list[str]:
    if not project["was_evaluated"]:
        return [say("They were not asked.")]
    before, after = project["before"], project["after"]
    names = [name for name in ("base", "tuned", "4-bit") if name in after]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for title, found in ((say("The evening before"), before), (say("Now"), after)):
        cells = [f"{found[name]} / {found['questions']}" if name in found else "–" for name in names]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def write_reports(values: Mapping[str, Any], say: Say = str) -> list[Path]:
    """Write each project's report into its folder ``reports`` and return the files.

    Projects that cannot be written have none; the report in the window tells what it would say.
    """
    moment = datetime.fromisoformat(values["ended"] or values["made"])
    written = []
    for project in values["projects"]:
        if not Path(project["project"]).is_dir():
            continue
        file = Path(project["project"], FOLDER, f"overnight-{moment:%Y-%m-%dT%H-%M-%S}.md")
        try:
            write_text(file, as_markdown(project, values, say))
        except OSError:
            continue
        written.append(file)
    return written
