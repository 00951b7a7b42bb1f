"""What a command leaves on the terminal: the scoreboard, answers side by side, and the next step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from espalier.clock import duration
from espalier.evaluation.figures import MODELS
from espalier.evaluation.report_files import inert
from espalier.evaluation.told import sentences

EXAMPLES = 3


def show_result(result: Mapping[str, Any], project: Path | None) -> None:
    """Print the result of a command."""
    console = Console(highlight=False, markup=False)  # what models wrote is no markup
    report = result.get("report") or (result if "leaves" in result else None)
    if report:
        console.print(_scoreboard(report))
        for sentence in sentences(report):
            console.print(sentence)
        console.print(_examples(report))
    if "rejected" in result:
        console.print(_critic(result))
    if "seconds" in result:
        spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result["seconds"].items())
        console.print(f"Time: {spent}.")
    if "tuned" in result:
        console.print(f"Before: {inert(result['base'])}\nAfter:  {inert(result['tuned'])}")
    if "verdict" in result:
        console.print(_forecast(result), soft_wrap=True)
    if made := result.get("quantized"):
        console.print(_quantized(made), soft_wrap=True)
    if check := result.get("check"):
        console.print(check["sentence"], soft_wrap=True)
    for name in ("run", "model", "folder"):
        if name in result:
            console.print(f"{name.capitalize()}: {result[name]}", soft_wrap=True)
    if project and report:
        question = inert(next(iter(report["questions"]))["question"])
        console.print(f'Next: espalier ask {project} "{question}"', soft_wrap=True)
    if "critic" in result:
        _show_critic(console, result["critic"])
    for name, ratio in result.get("ratios", {}).items():
        console.print(f"{name}: {ratio:.2f} times plain mlx-lm")


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
        table.add_row(
            *(inert(text)[:240] for text in (row["question"], row["answers"]["base"], row["answers"]["tuned"]))
        )
    return table


def _telling(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a few questions, of every leaf when they are enough, those first that were learned."""
    order = sorted(rows, key=lambda row: (row["right"]["base"], not row["right"]["tuned"]))
    first = {row["leaf"]: row for row in reversed(order)}
    chosen = [*first.values(), *(row for row in order if row is not first[row["leaf"]])]
    return chosen[:EXAMPLES]


def _forecast(result: Mapping[str, Any]) -> str:
    lines = [" ".join(result["sentences"])]
    if result["seconds"] is not None:
        lines.append(f"{result['updates']} updates take about {duration(result['seconds'])}.")
    lines.append(f"On the disk it takes up to {result['disk'] / 1e9:.1f} GB.")
    if result["change"]:
        values = " ".join(f"--set {name}={value}" for name, value in result["change"]["values"].items())
        lines.append(f"To make it fit: espalier train PROJECT {values}")
    return "\n".join(lines)


def _quantized(made: Mapping[str, Any]) -> str:
    if made["is_chosen"]:
        return f"{made['name']}: {made['verdict']}"
    again = f"It is kept; another one stays in use. `espalier quantize PROJECT --use {made['name']}` changes that."
    return f"{made['name']}: {made['verdict']} {again}"


def _critic(result: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{name} {count}" for name, count in result["rejected"].items())
    return f"Samples: {result['accepted']} accepted, {sum(result['rejected'].values())} rejected ({reasons})."


def _show_critic(console: Console, figures: Mapping[str, Any]) -> None:
    """Print how good the critic is on rows with planted faults, and what a verdict costs."""
    table = Table(title="The critic on rows with planted faults", title_justify="left")
    for name in ("check", "planted", "precision", "recall"):
        table.add_column(name, justify="left" if name == "check" else "right")
    for name, found in {**figures["checks"], "supported (model)": figures["supported"]}.items():
        table.add_row(name, str(found["planted"]), f"{found['precision']:.2f}", f"{found['recall']:.2f}")
    console.print(table)
    table = Table(title="Good answers above wrong and unsupported ones: area under the curve", title_justify="left")
    for name in ("score", "all", "wrong", "unsupported"):
        table.add_column(name, justify="left" if name == "score" else "right")
    for name, areas in figures["auc"].items():
        table.add_row(name, *(f"{areas[column]:.3f}" for column in ("all", "wrong", "unsupported")))
    console.print(table)
    cost = dict(figures["cost"])
    verdict = cost.pop("verdict")
    for name, seconds in cost.items():
        ratio = f"{seconds / verdict:.1f} times a verdict's {verdict * 1000:.0f} ms"
        console.print(f"{name} of 40 tokens: {seconds * 1000:.0f} ms, {ratio}")
