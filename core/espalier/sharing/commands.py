"""``espalier export`` and ``espalier import``: their options."""

import argparse
from pathlib import Path
from typing import Any

from espalier.sharing.forms import FORMS


def add_export(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier export``."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    width = max(map(len, FORMS))
    lines = [f"  {form.name:{width}}  {form.title}: {form.loads_in}" for form in FORMS.values()]
    command.epilog = "\n".join(["forms:", *lines])
    command.add_argument("project", type=Path)
    command.add_argument("--form", choices=tuple(FORMS), required=True, help="see below")
    command.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder that is made")
    command.add_argument(
        "--run", dest="run_name", default="", metavar="NAME", help="folder of the run; the newest by default"
    )
    text = "the student on Hugging Face, in floats, where Espalier does not know it"
    command.add_argument("--base", default="", metavar="OWNER/NAME", help=text)


def export_values(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the worker's task ``export`` takes."""
    return {"form": options.form, "to": str(options.to.absolute()), "run": options.run_name, "base": options.base}


def add_import(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier import``."""
    command.add_argument("project", type=Path)
    command.add_argument("source", type=Path, metavar="PEFT_DIR", help="folder with adapter_config.json")


def import_values(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the worker's task ``import_adapter`` takes."""
    return {"source": str(options.source.absolute())}
