"""What stands beside a model's weights and goes with them: tokenizer, template, licence; nothing of this machine."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.files import write_json

_COPIED = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
)
_LICENCES = ("license*", "licence*", "notice*", "copying*", "use_policy*")
_PATHS = ("_name_or_path", "name_or_path", "tokenizer_file", "cache_dir", "local_files_only")


def copy_beside(student: Path, destination: Path) -> None:
    """Copy everything but weights and configuration from a model folder into another.

    What says where files were on somebody's disk is left out of the tokenizer's configuration.
    """
    for name in _COPIED:
        if (student / name).is_file():
            shutil.copyfile(student / name, destination / name)
    if (settings := student / "tokenizer_config.json").is_file():
        write_json(destination / settings.name, without_paths(json.loads(settings.read_text(encoding="utf-8"))))
    copy_licence(student, destination)


def copy_licence(student: Path, destination: Path) -> None:
    """Copy a model's licence and notices, whatever they are called; they go with everything that is made of it."""
    for file in student.iterdir():
        if file.is_file() and any(Path(file.name.casefold()).match(pattern) for pattern in _LICENCES):
            shutil.copyfile(file, destination / file.name)


def without_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without what names a place on a disk."""
    return {name: value for name, value in values.items() if name not in _PATHS}
