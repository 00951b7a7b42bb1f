"""``espalier train``: its options, and what it writes without training."""

import argparse
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier.stages import lesson
from espalier.synthesis.on_disk import read_practice
from espalier.training.curriculum import ORDERS, phases
from espalier.training.dial import curriculum_of, hosts_of, train_settings
from espalier.training.explained import EXPLAINED, defaults
from espalier.training.mlx_lm_config import config_text, read_config
from espalier.training.recipe import write_recipe
from espalier.training.settings import METHODS


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier train``."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = values_table("training", defaults(), EXPLAINED)
    command.add_argument("--method", choices=METHODS, help="what is trained, from now on")
    text = "a training value, from now on, such as lora.rank=8; may be given again. The values are listed below"
    command.add_argument("--set", action="append", type=setting, default=[], metavar="NAME=VALUE", help=text)
    command.add_argument("--phases", choices=ORDERS, help="everything at once, or knowledge and then skills")
    command.add_argument("--recipe", type=Path, metavar="FILE", help="train on what this recipe of InstructLab's mixes")
    command.add_argument("--config", type=Path, metavar="FILE", help="values from a settings file of mlx_lm.lora")
    text = "the Macs that train together from now on, this one first, as a hostfile of mlx.launch. The others need the "
    text += "same Espalier, the student's folder, and ssh without a password. --set hostfile= for this one alone"
    command.add_argument("--hostfile", type=Path, metavar="FILE", help=text)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--forecast", action="store_true", help="only measure what the run would take; nothing is changed")
    how.add_argument("--write-recipe", type=Path, metavar="FILE", help="only write what would be mixed as a recipe")
    how.add_argument("--write-config", type=Path, metavar="FILE", help="only write the settings for mlx_lm.lora")
    how.add_argument("--extend", type=_count, metavar="N", help="N more updates after the newest training")
    how.add_argument("--finish", action="store_true", help="end the training that is stopped or runs, and keep it")
    command.add_argument("--resume", action="store_true", help="go on with what was cut off (it always does)")


def values_table(section: str, values: Mapping[str, Any], explained: Mapping[str, str]) -> str:
    """Return what ``--help`` says of the values that can be set, each with what it is and what it does."""
    lines = [f"values, here and under “{section}:” in project.yaml:"]
    for name, value in values.items():
        shown = " ".join(value) if isinstance(value, tuple) else str(value)
        head = f"  {name} ({shown})" if shown else f"  {name}"
        lines += [head, textwrap.fill(explained[name], 100, initial_indent=" " * 6, subsequent_indent=" " * 6)]
    return "\n".join(lines)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no count; give a number from 1")
    return int(text)


def setting(text: str) -> tuple[str, str]:
    """Return the name and the value of ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text} sets nothing; write NAME=VALUE")
    return name.strip(), value.strip()


def values_of(options: argparse.Namespace, project: Project) -> dict[str, Any]:
    """Return the training values that the options give.

    Raises:
        EspalierError: the settings file cannot be used.
    """
    values: dict[str, Any] = {}
    if options.config:
        taken = read_config(options.config)
        values |= taken.values
        for note in taken.notes:
            print(note, file=sys.stderr)
    for name in ("recipe", "hostfile"):
        if given := getattr(options, name):
            place, root = given.resolve(), project.root.resolve()
            values[name] = str(place.relative_to(root) if place.is_relative_to(root) else place)
    values |= {name: value for name in ("method", "phases") if (value := getattr(options, name))}
    return values | dict(options.set)


def check(project: Project, values: Mapping[str, Any]) -> None:
    """Find out, before any work, what is wrong with training values.

    Raises:
        EspalierError: one cannot be used.
    """
    train_settings(project, values)
    curriculum_of(project, values)
    hosts_of(project, values)


def write(options: argparse.Namespace, project: Project) -> bool:
    """Write the recipe or the settings file where one is asked for; return whether it was.

    Raises:
        EspalierError: there is nothing to write, or mlx-lm cannot train this way.
    """
    if not (options.write_recipe or options.write_config):
        return False
    mixture, settings, curriculum = lesson(project, read_practice(project), values_of(options, project))
    if options.write_recipe:
        recipe = write_recipe(options.write_recipe, [*mixture.train, *mixture.general])
        print(f"Wrote {options.write_recipe} and {len(recipe.parts)} files beside it.", file=sys.stderr)
        return True
    plan = phases(mixture, curriculum, settings.seed)
    if len(plan) > 1:
        raise EspalierError("mlx-lm has no phases. Write the settings with --phases stacked.")
    rows = sum(len(phase.rows) for phase in plan)
    write_text(options.write_config, config_text(settings, project.student, rows))
    print(f"Wrote {options.write_config}. Add “data” and run mlx_lm.lora --config with it.", file=sys.stderr)
    return True
