"""``espalier quantize``: its options, and what it shows or changes without making anything."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from espalier.errors import EspalierError
from espalier.models.folder import find_model
from espalier.models.shapes import Part, read_parts
from espalier.project import Project
from espalier.quantization.cost import size, title
from espalier.quantization.layout import check_fit, quantized_bytes
from espalier.quantization.settings import EXPLAINED, METHODS, QuantizeSettings, defaults, quantize_settings
from espalier.quantization.stage import check
from espalier.quantization.store import Quantized, choose, find, quantized_models
from espalier.quantization.ways import ways
from espalier.training.commands import setting, values_table
from espalier.training.run import latest_trained


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier quantize``."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = values_table("quantize", defaults(), EXPLAINED)
    command.add_argument("--method", choices=METHODS, help="how numbers are stored, from now on")
    text = "a value, from now on, such as bits=6; may be given again. The values are listed below"
    command.add_argument("--set", action="append", type=setting, default=[], metavar="NAME=VALUE", help=text)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--compare", action="store_true", help="only show what was made and what it costs")
    how.add_argument("--forecast", action="store_true", help="only show how large each way would be")
    how.add_argument("--use", metavar="NAME", help="only choose which one evaluation and export use")


def values_of(options: argparse.Namespace, project: Project) -> dict[str, Any]:
    """Return the values that the options give.

    Raises:
        EspalierError: one cannot be used, nothing is trained, or the student cannot be quantized like this.
    """
    values = ({"method": options.method} if options.method else {}) | dict(options.set)
    settings = quantize_settings(project, values)
    run = latest_trained(project)
    if not find(run.folder, settings):
        check(run, settings)
    return values


def show(options: argparse.Namespace, project: Project) -> bool:
    """Show or choose where that is asked for; return whether it was.

    Raises:
        EspalierError: there is nothing to show or to choose.
    """
    if options.forecast:
        _print(options, ["way", "size", "note"], list(_forecast(project)))
    elif options.use:
        made = choose(latest_trained(project).folder, options.use)
        print(f"From now on {made.name} is used.", file=sys.stderr)
    elif options.compare:
        models = quantized_models(latest_trained(project).folder)
        if not models:
            raise EspalierError(f"Nothing is quantized yet. `espalier quantize {project.root}` does it.")
        columns = ["name", "size", "bits per weight", "KL", "same token", "KL, general", "right", "tokens/s", "verdict"]
        _print(options, columns, [_row(model) for model in models])
    return bool(options.forecast or options.use or options.compare)


def _forecast(project: Project) -> list[list[str]]:
    parts = read_parts(find_model(project.student))
    return [[title(way).rstrip(","), size(quantized_bytes(way, parts)), _refusal(way, parts)] for way in ways()]


def _refusal(way: QuantizeSettings, parts: Sequence[Part]) -> str:
    try:
        return check_fit(way, parts)
    except EspalierError as error:
        return str(error)


def _row(model: Quantized) -> list[str]:
    cost = model.cost
    name = f"{model.name} *" if model.is_chosen else model.name
    if not cost:
        return [name, size(model.bytes), *[""] * 6, "Not measured yet."]
    right, project, general = cost["right"], cost["project"], cost["general"]
    asked = right.get("questions", 0)
    return [
        name,
        size(model.bytes),
        f"{model.record.get('bits_per_weight', 0):.1f}",
        f"{project['kl']:.3f}",
        f"{project['same']:.0%}",
        f"{general['kl']:.3f}",
        f"{right['quantized']} of {asked}, {right['adapter']} before" if asked else "",
        f"{cost['tokens_per_second']['quantized']:.1f}",
        cost["verdict"],
    ]


def _print(options: argparse.Namespace, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if options.json:
        for row in rows:
            print(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False))
        return
    table = Table(show_lines=len(columns) > 3)
    for column in columns:
        table.add_column(column, overflow="fold", justify="left" if column in (columns[0], columns[-1]) else "right")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
