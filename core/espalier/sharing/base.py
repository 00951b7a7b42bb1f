"""The public name of the model that was taught, in floats, by which other programs fetch it."""

import json
import re
from pathlib import Path

import yaml

from espalier.models.shapes import packed_bits
from espalier.models.starter import STARTER

_PUBLIC = {STARTER: "HuggingFaceTB/SmolLM2-135M-Instruct"}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_CACHED = re.compile(r"models--([^/]+?)--([^/]+)/snapshots/[^/]+/?$")  # a folder of Hugging Face's cache


def public_base(student: Path, name: str = "") -> str:
    """Return the id on Hugging Face of the float model that a model folder was made of, "" where nothing tells it.

    A model of 4 bits names it in the front matter of its README; a float one is itself.

    Args:
        student: the model's folder.
        name: by which the project knows it, which may be such an id.
    """
    if student.name in _PUBLIC:
        return _PUBLIC[student.name]
    try:
        is_packed = bool(packed_bits(student))
        config = json.loads((student / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError):
        return ""
    cached = _CACHED.search(student.as_posix())
    own = "/".join(cached.groups()) if cached else name
    named = _from_card(student / "README.md") or str(config.get("_name_or_path") or "")
    for candidate in (named,) if is_packed else (own, named):
        if is_public_name(candidate):
            return candidate
    return ""


def is_rounded(student: Path) -> bool:
    """Return whether a model folder holds weights of few bits, or ones that were made of such, unlike its public base.

    The starter model comes as a GGUF file of 4 bits whose weights are written out.
    """
    return student.name == STARTER or bool(packed_bits(student))


def is_public_name(name: str) -> bool:
    """Return whether a text has the form of a model's id on Hugging Face, ``owner/name``."""
    return bool(_NAME.fullmatch(name)) and ".." not in name and len(name) <= 96


def _from_card(card: Path) -> str:
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    parts = re.split(r"^---\s*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip():
        return ""
    try:
        found = yaml.safe_load(parts[1])
    except (yaml.YAMLError, RecursionError, ValueError):
        return ""
    base = found.get("base_model") if isinstance(found, dict) else None
    base = base[0] if isinstance(base, list) and len(base) == 1 else base
    return base if isinstance(base, str) else ""
