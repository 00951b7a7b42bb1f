"""What a command leaves on the terminal: the scoreboard, answers side by side, and the next step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

MODELS = ("base", "tuned", "4-bit")
EXAMPLES = 3


def show_result(result: Mapping[str, Any], project: Path | None) -> None:
    """Print the result of a command."""
    console = Console(highlight=False)
    report = result.get("report") or (result if "leaves" in result else None)
    if report:
        console.print(_scoreboard(report))
        console.print(_examples(report))
    if "rejected" in result:
        console.print(_critic(result), markup=False)
    if "seconds" in result:
        spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result["seconds"].items())
        console.print(f"Time: {spent}.", markup=False)
    if "base" in result:
        console.print(f"Before: {result['base']}\nAfter:  {result['tuned']}", markup=False)
    for name in ("run", "model"):
        if name in result:
            console.print(f"{name.capitalize()}: {result[name]}", markup=False, soft_wrap=True)
    if project and report:
        question = next(iter(report["questions"]))["question"]
        console.print(f'Next: espalier ask {project} "{question}"', markup=False, soft_wrap=True)
    for name, ratio in result.get("ratios", {}).items():
        console.print(f"{name}: {ratio:.1f} times plain mlx-lm", markup=False)


def _scoreboard(report: Mapping[str, Any]) -> Table:
    table = Table(title="Right answers to held-out questions", title_justify="left")
    table.add_column("leaf", overflow="fold")
    shown = [name for name in MODELS if any(name in totals for totals in report["leaves"].values())]
    for name in shown:
        table.add_column(name, justify="right")
    for leaf, totals in report["leaves"].items():
        table.add_row(leaf or "(no leaf)", *(f"{totals[name]} of {totals['questions']}" for name in shown))
    return table


def _examples(report: Mapping[str, Any]) -> Table:
    table = Table(title="The same question, before and after", title_justify="left", show_lines=True)
    for name in ("question", "base", "tuned"):
        table.add_column(name, overflow="fold", ratio=1)
    for row in _telling(report["questions"]):
        table.add_row(row["question"], row["answers"]["base"][:240], row["answers"]["tuned"][:240])
    return table


def _telling(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a few questions, of every leaf when they are enough, those first that were learned."""
    order = sorted(rows, key=lambda row: (row["right"]["base"], not row["right"]["tuned"]))
    first = {row["leaf"]: row for row in reversed(order)}
    chosen = [*first.values(), *(row for row in order if row is not first[row["leaf"]])]
    return chosen[:EXAMPLES]


def _critic(result: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{name} {count}" for name, count in result["rejected"].items())
    return f"Samples: {result['accepted']} accepted, {sum(result['rejected'].values())} rejected ({reasons})."
